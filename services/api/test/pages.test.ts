/** Pages through the API, against the oracle: live, over a cut, and after it. */
import { TotalsAnswer } from '@tributary/contract/groups/totals';
import type { Event } from '@tributary/model/event';
import { naive } from '@tributary/testkit/oracle/naive';
import { expect, test } from 'vitest';
import { worldCutAt } from './web-world.ts';
import { createWorld, NOON } from './world.ts';

const VIEW = { viewId: 'ab'.repeat(16), layout: 992 };
let sent = 0;

function web(type: string, page: string, properties: object = {}): Event {
  const id = `${VIEW.viewId}.${++sent}`;
  const receivedAt = NOON + 1_000 * sent;
  return {
    ts: receivedAt,
    receivedAt,
    type,
    id,
    anonymousId: 'ana',
    source: 'web',
    page,
    properties: { ...VIEW, ...properties },
  };
}

const EVENTS = [
  web('page', 'https://shop.example/?utm_source=mail', { nav: 'load' }),
  web('activity', 'https://shop.example/', { engagedMs: 13_000, visibleMs: 15_000 }),
  web('page', 'https://shop.example/cart', { nav: 'push', layout: 0 }),
  web('page', 'https://shop.example/cart', { nav: 'push', bot: 'ua' }),
  web('activity', 'https://shop.example/', { engagedMs: 1_000, visibleMs: 1_000 }),
];

test('laws 1 and 3: pages are the sums of the oracle, on whichever side of a cut their events lie, each once', async () => {
  for (const cut of EVENTS.keys()) {
    const world = await worldCutAt(EVENTS, cut);
    const { body } = await world.get('/v1/pages?by=page,layout&sort=views');
    expect(TotalsAnswer.parse(body)).toEqual(body);
    expect(body.meta.complete).toBe(true);
    expect(body.rows).toEqual([
      { page: 'shop.example/', layout: '992', views: 1, engagedMs: 14_000, visibleMs: 16_000, botViews: 0 },
      { page: 'shop.example/cart', layout: '0', views: 1, engagedMs: 0, visibleMs: 0, botViews: 0 },
      { page: 'shop.example/cart', layout: '992', views: 0, engagedMs: 0, visibleMs: 0, botViews: 1 },
    ]);
    expect(naive(world.log, world.definitions).get('pages')?.size).toBe(3);
    const [first] = (await world.get('/v1/pages?sort=engagedMs&limit=1&page=shop.example%2F&page=shop.example%2Fcart')).body.rows;
    expect(first).toEqual({ page: 'shop.example/', views: 1, engagedMs: 14_000, visibleMs: 16_000, botViews: 0 });
  }
});

test('laws 1 and 4: the value of sessions is that of their conversions, on whichever side of a cut these lie, and amounts of two currencies are never one', async () => {
  const buy = (value: number, currency: string): Event => ({ ...web('purchase', 'https://shop.example/pay'), value, currency });
  const events = [web('page', 'https://shop.example/'), buy(5_000, 'EUR'), buy(-1_000, 'EUR'), buy(700, 'USD')];
  for (const cut of [...events.keys(), events.length]) {
    const world = await worldCutAt(events, cut);
    const { body } = await world.get('/v1/session-values?sort=conversions&entry=shop.example%2F');
    expect(TotalsAnswer.parse(body)).toEqual(body);
    expect(body).toMatchObject({
      rows: [
        { entry: 'shop.example/', currency: 'EUR', conversions: 2, valueMinor: 4_000 },
        { entry: 'shop.example/', currency: 'USD', conversions: 1, valueMinor: 700 },
      ],
      totals: { conversions: 3 },
      meta: { complete: true },
    });
    expect(body.totals.valueMinor).toBeUndefined();
  }
});

const bandsOf = (first: number, last: number) => [first, ...new Array<number>(18).fill(0), last];
const READ_PAGES = [
  web('activity', 'https://shop.example/', { engagedMs: 9_000, bands: bandsOf(4_000, 5_000), fromScrollBp: 0, maxScrollBp: 501 }),
  web('activity', 'https://shop.example/', {
    layout: 0,
    engagedMs: 300,
    bands: bandsOf(300, 0),
    fromScrollBp: 0,
    maxScrollBp: 500,
  }),
  web('activity', 'https://shop.example/cart', { engagedMs: 70, bands: bandsOf(0, 70) }),
  web('activity', 'https://shop.example/', { engagedMs: 1_000, bands: bandsOf(900, 1), fromScrollBp: 501, maxScrollBp: 1_001 }),
];

test('laws 1 and 4: how far pages are read is asked by band, whose sums are what reports say, on both sides of any cut', async () => {
  for (const cut of [...READ_PAGES.keys(), READ_PAGES.length]) {
    const world = await worldCutAt(READ_PAGES, cut);
    const rows = async (query: string) => (await world.get(`/v1/scroll?${query}`)).body.rows;
    const { body } = await world.get('/v1/scroll');
    expect(TotalsAnswer.parse(body)).toEqual(body);
    expect(body).toMatchObject({
      by: ['band'],
      rows: [
        { band: '0', reachedViews: 2, ms: 5_200 },
        { band: '1', reachedViews: 1, ms: 0 },
        { band: '19', reachedViews: 0, ms: 5_071 },
        { band: '2', reachedViews: 1, ms: 0 },
      ],
      totals: { reachedViews: 4, ms: 10_271 },
      meta: { complete: true },
    });
    expect(await rows('page=shop.example%2F&by=layout,band&band=0')).toEqual([
      { layout: '0', band: '0', reachedViews: 1, ms: 300 },
      { layout: '992', band: '0', reachedViews: 1, ms: 4_900 },
    ]);
    expect(await rows('layout=992&by=page&sort=ms&limit=1')).toEqual([{ page: 'shop.example/', reachedViews: 3, ms: 9_901 }]);
    expect(await rows('by=month,band&band=19&band=3')).toEqual([{ month: '2026-11', band: '19', reachedViews: 0, ms: 5_071 }]);
    const first = (await world.get('/v1/scroll?limit=1')).body;
    expect([first.rows, (await world.get(`/v1/scroll?limit=1&cursor=${first.nextCursor}`)).body.rows]).toEqual([
      [{ band: '0', reachedViews: 2, ms: 5_200 }],
      [{ band: '1', reachedViews: 1, ms: 0 }],
    ]);
    expect((await world.get('/v1/scroll?band=20')).body.meta.warnings).toEqual([expect.stringContaining('has the band "20"')]);
    expect((await world.get('/v1/views/scrollBands?page=shop.example%2F&by=page')).body.rows).toEqual([
      expect.objectContaining({ page: 'shop.example/', band0Ms: 5_200, band1Ms: 0, band19Ms: 5_001 }),
    ]);
  }
});

test('where the definitions count no pages, there are none', async () => {
  const world = await createWorld();
  for (const event of EVENTS) await world.ingest(event);
  await world.tick();
  expect((await world.get('/v1/pages')).body.rows).toEqual([]);
});
