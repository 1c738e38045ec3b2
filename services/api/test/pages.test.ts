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

test('where the definitions count no pages, there are none', async () => {
  const world = await createWorld();
  for (const event of EVENTS) await world.ingest(event);
  await world.tick();
  expect((await world.get('/v1/pages')).body.rows).toEqual([]);
});
