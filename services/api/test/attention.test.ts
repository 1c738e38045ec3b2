/** What people look at, through the API: to the millisecond and digit for digit, on whichever side of a cut events lie, in any order. */
import { AttentionAnswer } from '@tributary/contract/groups/web';
import type { Event } from '@tributary/model/event';
import { createRandom } from '@tributary/testkit/inputs/random';
import { expect, test } from 'vitest';
import { worldCutAt } from './web-world.ts';
import { NOON } from './world.ts';

let sent = 0;

function web(type: string, properties: object, element?: string): Event {
  const id = `v.${++sent}`;
  const ts = NOON + 1_000 * sent;
  const said = { viewId: 'v', layout: 992, ...properties };
  const at = { ts, receivedAt: ts, type, id, anonymousId: 'ana', source: 'web', page: 'https://shop.example/' };
  return { ...at, ...(element !== undefined && { element }), properties: said };
}

/** The example of docs/tracker.md, as its reports: at 15 000 the page is hidden, at 41 000 gone. */
const WORKED = [
  web('page', { nav: 'load' }),
  web('click', { kind: 'click', ex: 5_000, ey: 5_000 }, 'cta'),
  web('activity', {
    seq: 0,
    engagedMs: 13_000,
    visibleMs: 15_000,
    hoverMs: 13_000,
    els: [
      ['nav', 800, 0, 0, 0, 0, 1_200, 60],
      ['hero', 2_500, 0, 1, 0, 60, 1_200, 400],
      ['cta', 8_500, 0, 1, 400, 500, 200, 60],
    ],
  }),
  web('activity', { seq: 1, engagedMs: 1_000, visibleMs: 1_000, hoverMs: 1_000, els: [['cta', 1_000, 0, 0, 402, 520, 200, 60]] }),
];

/** Elements of the slide: n, the share that is printed, and its rank. */
const SLIDE = [
  [2, '0.5', 8],
  [4, '1.1', 6],
  [2, '0.5', 8],
  [15, '4.0', 2],
  [2, '0.5', 8],
  [3, '0.8', 7],
  [4, '1.1', 6],
  [25, '6.7', 1],
  [2, '0.5', 8],
  [5, '1.3', 5],
  [8, '2.1', 3],
  [6, '1.6', 4],
] as const;

const SLIDE_EVENTS = SLIDE.map(([n], i) =>
  web('activity', {
    engagedMs: i === 0 ? 375 - 76 : n,
    visibleMs: 400,
    hoverMs: i === 0 ? 375 - 76 : n,
    els: [[`e${i}`, n, 0, 0, 0, 0, 1, 1]],
  }),
);

async function ask(world: Awaited<ReturnType<typeof worldCutAt>>, query = '') {
  const { body } = await world.get(`/v1/attention?page=shop.example%2F${query}`);
  expect(AttentionAnswer.parse(body)).toEqual(body);
  expect(body.meta.complete).toBe(true);
  return body;
}

const shown = ({ rows }: { rows: { element: string; n: number; percentTenths: number; rank: number | null }[] }) =>
  rows.map(({ element, n, percentTenths, rank }) => [element, n, percentTenths, rank]);

test('laws 1 to 4: the worked example, merged, at every cut and in any order, to the millisecond', async () => {
  for (const cut of WORKED.keys()) {
    const world = await worldCutAt(createRandom(cut).shuffle([...WORKED]), cut);
    const body = await ask(world);
    expect([body.total, body.elsewhere]).toEqual([14_000, 1_200]);
    expect(shown(body)).toEqual([
      ['cta', 9_500, 679, 1],
      ['hero', 2_500, 179, 2],
      ['nav', 800, 57, 3],
    ]);
    expect(body.rows[0]).toMatchObject({ views: 2, seenViews: 1, clicks: 1, box: { x: 401, y: 510, width: 200, height: 60 } });
    const clicks = await ask(world, '&basis=clicks&layout=992');
    expect([clicks.total, clicks.elsewhere]).toEqual([1, 0]);
    expect(shown(clicks).slice(0, 2)).toEqual([
      ['cta', 1, 1_000, 1],
      ['hero', 0, 0, null],
    ]);
  }
});

test('laws 1 to 4: the slide, merged, at every cut: digit for digit, equal parts of one rank', async () => {
  for (const cut of SLIDE_EVENTS.keys()) {
    const body = await ask(await worldCutAt(SLIDE_EVENTS, cut));
    expect(body.total).toBe(375);
    const byElement = new Map(shown(body).map(([element, ...rest]) => [element, rest]));
    expect(SLIDE.map((_, i) => byElement.get(`e${i}`))).toEqual(
      SLIDE.map(([n, text, rank]) => [n, Math.round(Number(text) * 10), rank]),
    );
    expect(SLIDE.reduce((sum, [n]) => sum + n, 0) + body.elsewhere).toBe(375);
  }
});

test('law 4: an element of two pages, or of two layouts, has no box: the mean of both is where it never was', async () => {
  const report = (page: string, layout: number, x: number) => ({
    ...web('activity', { layout, engagedMs: 9, visibleMs: 9, hoverMs: 9, els: [['cta', 1, 0, 0, x, 0, 10, 10]] }),
    page,
  });
  const [here, there] = ['https://shop.example/', 'https://shop.example/cart'];
  const world = await worldCutAt([report(here, 0, 100), report(here, 992, 300), report(there, 0, 500)], 2);
  const boxes = async (query: string) =>
    (await world.get(`/v1/attention${query}`)).body.rows.map(({ box }: { box: unknown }) => box);
  for (const query of ['', '?layout=0', '?page=shop.example%2F']) expect([query, await boxes(query)]).toEqual([query, [null]]);
  const boxAt = (x: number) => [{ x, y: 0, width: 10, height: 10 }];
  expect(await boxes('?page=shop.example%2F&layout=992')).toEqual(boxAt(300));
  expect(await boxes('?page=shop.example%2Fcart')).toEqual(boxAt(500));
});

test('law 4: 500 elements are named, and what the others have is counted', async () => {
  const rows = Array.from({ length: 6 }, (_unused, report) =>
    web('activity', {
      engagedMs: 9_000,
      visibleMs: 9_000,
      hoverMs: 9_000,
      els: Array.from({ length: 90 }, (_, i) => [`e${report * 90 + i}`, 1 + i, 0, 0, 0, 0, 1, 1]),
    }),
  );
  const body = await ask(await worldCutAt(rows, 3));
  expect([body.rows.length, body.rest.elements]).toEqual([500, 40]);
  const named = body.rows.reduce((sum: number, { n }: { n: number }) => sum + n, 0);
  expect(named + body.rest.n + body.elsewhere).toBe(body.total);
  expect(body.rest.n).toBeGreaterThan(0);
});
