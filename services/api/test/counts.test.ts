/** What definitions count over all users, through the API: live, over a cut and after it. */
import { CountsAnswer, TopAnswer } from '@tributary/contract/groups/counts';
import { TotalsAnswer } from '@tributary/contract/groups/totals';
import type { Event } from '@tributary/model/event';
import { DAY_MS } from '@tributary/model/time';
import { definitionsOf } from '@tributary/testkit/inputs/generate-definitions';
import { expect, test } from 'vitest';
import { topValues } from '../src/http/top-values.ts';
import { worldCutAt } from './web-world.ts';
import { NOON } from './world.ts';

const FIELDS = { item: 'properties.item' };
const DEFINITIONS = definitionsOf({ fields: FIELDS, counts: { viewed: { count: 'view', by: 'item' } } });
const VERSION = DEFINITIONS.countVersions.get('viewed');
/** The same name for another field, and one that is new. */
const CHANGED = definitionsOf({
  fields: { item: 'properties.id' },
  counts: { viewed: { count: 'view', by: 'item' }, newer: { count: '*', by: 'type' } },
});

/** On the day of noon, and days before it. */
const VIEWS: readonly (readonly [item: unknown, daysBefore: number])[] = [
  ['boots', 1],
  ['boots', 1],
  ['tote', 0],
  ['tote', 1],
  // Beyond U+FFFF: behind the other by bytes, before it in JavaScript.
  ['\u{1f600}', 1],
  ['\u{1f600}', 1],
  ['\uff21', 1],
  ['\uff21', 1],
  ['cap', 0],
  [null, 0],
  ['a\tb', 0],
];
const EVENTS = VIEWS.map(
  ([item, daysBefore], i): Event => ({
    ts: NOON - daysBefore * DAY_MS + i,
    receivedAt: NOON + i,
    type: 'view',
    id: `v${i}`,
    userId: `user ${i % 3}`,
    source: 'test',
    properties: { item },
  }),
);

test('laws 1 to 3: the values with the most events, then the later day, then the first by bytes; on both sides of any cut, each event once', async () => {
  for (const cut of [0, 2, 7, EVENTS.length]) {
    const world = await worldCutAt(EVENTS, cut, DEFINITIONS);
    const { body } = await world.get('/v1/counts/viewed?limit=4');
    expect(TopAnswer.parse(body)).toEqual(body);
    expect(body).toMatchObject({
      count: 'viewed',
      version: VERSION,
      status: 'READY',
      rows: [
        { value: 'tote', events: 2, lastDay: '2026-11-20' },
        { value: 'boots', events: 2, lastDay: '2026-11-19' },
        { value: '\uff21', events: 2, lastDay: '2026-11-19' },
        { value: '\u{1f600}', events: 2, lastDay: '2026-11-19' },
      ],
      rest: { values: 1, events: 1 },
      withoutValue: 1,
      unnamed: 1,
      total: 11,
      meta: { complete: true },
    });
    const today = (await world.get('/v1/counts/viewed?from=2026-11-20&limit=1')).body;
    expect([today.rows, today.rest, today.total]).toEqual([
      [{ value: 'cap', events: 1, lastDay: '2026-11-20' }],
      { values: 1, events: 1 },
      4,
    ]);
    const all = (await world.get('/v1/views/counts?by=value&sort=events&count=viewed&limit=1')).body;
    expect(TotalsAnswer.parse(all)).toEqual(all);
    expect([all.rows[0].events, all.totals]).toEqual([2, { events: 11 }]);
  }
});

test('what is counted is listed by name, with what it says, as the definitions in force have it', async () => {
  const world = await worldCutAt(EVENTS, 0, DEFINITIONS);
  const list = async () => CountsAnswer.parse((await world.get('/v1/counts')).body).counts;
  expect(await list()).toEqual([
    {
      name: 'viewed',
      version: VERSION,
      says: 'over all users and by day, how many events of type "view" have each value of item',
      definition: { count: 'view', by: 'item' },
    },
  ]);
  await world.commit(0, {}, { definitions: CHANGED.json, definitionsSince: 2, generation: 2 });
  await world.tick();
  expect((await list()).map(({ name, version }) => [name, version])).toEqual([
    ['newer', CHANGED.countVersions.get('newer')],
    ['viewed', CHANGED.countVersions.get('viewed')],
  ]);
  const none = await worldCutAt(EVENTS, 0, definitionsOf({}));
  expect(CountsAnswer.parse((await none.get('/v1/counts')).body)).toEqual({ counts: [] });
});

test('law 7: a count that is new or changed is BACKFILLING or of its earlier version until a generation has it, and a name without one is refused', async () => {
  const world = await worldCutAt(EVENTS, 0, DEFINITIONS);
  expect((await world.get('/v1/counts/shown')).body.detail).toContain(
    'must be a count of the definitions in force: viewed (got "shown"). One that is new in the file is in force from the next run',
  );
  await world.commit(0, {}, { definitions: CHANGED.json, definitionsSince: 2, generation: 2 });
  await world.tick();
  const newer = (await world.get('/v1/counts/newer')).body;
  expect(TopAnswer.parse(newer)).toEqual(newer);
  expect(newer).toMatchObject({ status: 'BACKFILLING', version: null, rows: [], total: null, meta: { complete: false } });
  const { version, total, meta } = (await world.get('/v1/counts/viewed')).body;
  expect([version, total, meta.complete]).toEqual([VERSION, 11, false]);
});

test('the same rows are summed up once for each number of values, as a question that is asked again has the same ones', () => {
  const rows = new Map([
    ['boots\t2026-11-20', [2]],
    ['tote\t2026-11-20', [1]],
  ]);
  const [all, first] = [topValues(rows, 2), topValues(rows, 1)];
  expect([topValues(rows, 2), topValues(rows, 1)].map((top, i) => top === [all, first][i])).toEqual([true, true]);
  expect([first.rows.length, first.rest, topValues(new Map(rows), 2)]).toEqual([1, { values: 1, events: 1 }, all]);
});
