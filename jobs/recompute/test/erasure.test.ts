/** Erasures in both layers on real files: a generation whose cut lies behind one is that of a log without the user, whatever it builds upon. */
import { GENERATION_EVENT_COLUMNS, parquetFiles, viewFiles } from '@tributary/archive/compute/relations';
import { readForgotten, UNKNOWN_CUT, writeForgotten } from '@tributary/archive/forgotten';
import { sqlText } from '@tributary/archive/sql-text';
import type { Definitions } from '@tributary/model/definitions';
import { ERASE_TYPE, encodeErasure, LIFT_TYPE } from '@tributary/model/erasure';
import type { Event } from '@tributary/model/event';
import { partitionOf, userKeyOf } from '@tributary/model/user-key';
import { generateEvents } from '@tributary/testkit/inputs/generate';
import { definitionsOf, generateDefinitions, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { withErasures } from '@tributary/testkit/inputs/generate-erasures';
import { createRandom } from '@tributary/testkit/inputs/random';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { naiveUnforgotten } from '@tributary/testkit/oracle/naive-erasure';
import { groupedOf } from '@tributary/views/by-partition';
import { VIEWS } from '@tributary/views/registry';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { event } from './one-user.ts';
import { createWorld, PARTITIONS, type World } from './world.ts';

const DEFINITIONS = definitionsOf(SMALL_DEFINITIONS);

let world: World;
let log: Event[];
beforeEach(async () => {
  world = await createWorld(DEFINITIONS);
  log = [];
});
afterEach(() => world.close());

async function ingest(...events: Event[]): Promise<void> {
  log.push(...events);
  await world.ingest(events);
  await world.turn();
}

const says = (type: typeof ERASE_TYPE | typeof LIFT_TYPE, userKey = 'ana', id = 'request'): Event =>
  JSON.parse(encodeErasure({ type, userKey, id, atMs: event('', 0, '').receivedAt })) as Event;

const without = (definitions: Definitions = DEFINITIONS) => naive(naiveUnforgotten(log), definitions);

/** The users of whom a generation keeps an event or a conversion. */
async function usersOf(number: number): Promise<unknown[]> {
  const { events, conversions } = await world.manifest(number);
  const of = (files: typeof events) => parquetFiles(world.dataDir, files, { user_key: GENERATION_EVENT_COLUMNS.user_key });
  const rows = await world.session.rows(
    `SELECT DISTINCT user_key FROM (FROM ${of(events)} UNION ALL FROM ${of(conversions)}) ORDER BY 1`,
  );
  return rows.map((row) => row['user_key']);
}

/** Views of a generation that have rows with this text in a dimension. */
async function viewsThatName(number: number, text: string): Promise<string[]> {
  const found: string[] = [];
  const { views } = await world.manifest(number);
  for (const view of [...VIEWS, ...groupedOf(VIEWS)]) {
    const files = viewFiles(world.dataDir, views[view.name] ?? [], view);
    const rows = await world.session.rows(`SELECT 1 FROM ${files} AS one WHERE contains(one::VARCHAR, ${sqlText(text)}) LIMIT 1`);
    if (rows.length > 0) found.push(view.name);
  }
  return found;
}

const of = (userId: string, ...events: Event[]) => events.map((one) => ({ ...one, userId, id: `${one.id} of ${userId}` }));
/** In time: their rows are not frozen. */
const bought = (minutes = 0) => [
  event(`click ${minutes}`, 3.5 + minutes / 60, 'click', { channel: 'search' }),
  event(`order ${minutes}`, 4 + minutes / 60, 'buy', { value: 100, currency: 'EUR' }),
];

test('law 9: from an erasure on totals are those without the user, before a generation and after each', async () => {
  const own = event('of one user alone', 3.6, 'click', { channel: 'search', campaign: 'a-name-of-one-user' });
  await ingest(...of('ana', ...bought(), own), ...of('eve', ...bought()));
  await world.run();
  await ingest(says(ERASE_TYPE));
  expect(differences(await world.merged(), without())).toEqual([]);
  const records = async () =>
    (
      await world.serving.records(
        ['ana', 'eve'].map((userKey) => ({ partition: partitionOf(userKey, PARTITIONS), userKey })),
        1e6,
      )
    ).map((record) => record !== null);
  expect(await records()).toEqual([false, true]);
  await ingest(...of('ana', ...bought(2)));
  expect(differences(await world.merged(), without())).toEqual([]);
  expect(await records()).toEqual([false, true]);
  await world.run({ mode: 'incremental' });
  expect(differences(await world.viewsOf(2), without())).toEqual([]);
  expect(await usersOf(1)).toEqual(['ana', 'eve']);
  expect(await usersOf(2)).toEqual(['eve']);
  // Files of the base that stay would keep the name, under sums that others take away again.
  expect(await viewsThatName(1, 'a-name-of-one-user')).toContain('credit');
  expect(await viewsThatName(2, 'a-name-of-one-user')).toEqual([]);
  const { mode, counts, erased } = await world.manifest(2);
  expect(mode).toBe('incremental');
  expect(counts).toMatchObject({ events: 2, duplicates: 0 });
  expect(erased).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/)]);
  // The record that says so lies before the base's cut now, and nothing of the user comes for a generation.
  await ingest(...of('eve', ...bought(3)));
  await world.run({ mode: 'incremental' });
  await ingest(...of('ana', ...bought(4)), ...of('eve', ...bought(5)));
  expect(differences(await world.merged(), without())).toEqual([]);
  await world.run({ mode: 'incremental' });
  expect(differences(await world.viewsOf(4), without())).toEqual([]);
  expect(await usersOf(4)).toEqual(['eve']);
  expect(await world.manifest(4)).toMatchObject({ erased, counts: { events: 6, duplicates: 0 } });
});

test('law 9: a rollback to the generation that still has the user serves none of theirs', async () => {
  await ingest(...of('ana', ...bought()), ...of('eve', ...bought()));
  await world.run();
  await ingest(says(ERASE_TYPE));
  await world.run();
  await world.publishByHand('rollback', 1);
  expect(differences(await world.merged(), without())).toEqual([]);
});

test('law 9: after it is lifted what comes counts again, under ids of before as well, and nothing of before does', async () => {
  // A restore did not know where a record lies: a state that has passed this cut knows of it, and is not asked again once a user is lifted.
  const cut = Array<string>(PARTITIONS).fill(UNKNOWN_CUT);
  await writeForgotten(world.dataDir, {
    ...{ generation: 1, erased: [], lifted: {}, lastSegment: cut.map(() => -1), cut, searchedAt: null },
  });
  await ingest(...of('ana', ...bought()));
  await world.run();
  expect((await readForgotten(world.dataDir))?.cut).toEqual((await world.manifest(1)).cut);
  await ingest(says(ERASE_TYPE), ...of('ana', ...bought(1)), says(LIFT_TYPE), ...of('ana', ...bought()));
  expect(differences(await world.merged(), without())).toEqual([]);
  await world.run({ mode: 'incremental' });
  expect(differences(await world.viewsOf(2), without())).toEqual([]);
  expect(await world.manifest(2)).toMatchObject({
    mode: 'incremental',
    counts: { events: 2, newEvents: 2, duplicates: 0, forgotten: 2 },
  });
  expect((await world.manifest(2)).erased).toBeUndefined();
  // Under the same ids, with the click behind the order.
  const [click, order] = bought() as [Event, Event];
  const moved = of('ana', { ...click, ts: order.ts + 1 }, order);
  await ingest(says(ERASE_TYPE, 'ana', 'once more'), says(LIFT_TYPE, 'ana', 'once more'), ...moved);
  await world.run({ mode: 'incremental' });
  expect(differences(await world.viewsOf(3), without())).toEqual([]);
  await ingest(says(ERASE_TYPE, 'ana', 'again'));
  await world.run({ mode: 'incremental' });
  await ingest(says(LIFT_TYPE, 'ana', 'again'), ...of('ana', ...bought(4)));
  await world.run({ mode: 'incremental' });
  expect(differences(await world.viewsOf(5), without())).toEqual([]);
  await world.run({ mode: 'full' });
  expect(differences(await world.viewsOf(6), without())).toEqual([]);
});

test('law 9: an erasure in the run that brings corrections takes what they would count otherwise', async () => {
  const corrected = definitionsOf({
    ...SMALL_DEFINITIONS,
    corrections: [
      {
        name: 'renamed',
        when: 'channel == "search"',
        set: { channel: 'social' },
        from: '2026-03-01',
        to: '2026-03-02',
        author: 'ada',
        reason: 'x',
      },
    ],
  });
  await ingest(...of('ana', ...bought()), ...of('eve', ...bought()));
  await world.run();
  await ingest(says(ERASE_TYPE), ...of('eve', ...bought(2)));
  await world.run({ mode: 'incremental', definitions: corrected.json });
  expect(differences(await world.viewsOf(2), without(corrected))).toEqual([]);
  expect(await usersOf(2)).toEqual(['eve']);
  expect((await world.manifest(2)).counts).toMatchObject({
    events: 4,
    newEvents: 2,
    duplicates: 0,
    forgotten: 2,
    corrected: { renamed: 2 },
    recounted: 1,
  });
});

test('law 9: whatever the definitions and the log, generations with erasures are the naive computation, by many and by one', async () => {
  for (const seed of [1, 4, 7]) {
    const random = createRandom(seed);
    const definitions = generateDefinitions(random);
    const events = withErasures(
      generateEvents(random, { events: 90, users: 5, lateChance: 0.1, duplicateChance: 0.1 }, definitions),
      seed,
    );
    const [alone, many] = [await createWorld(definitions), await createWorld(definitions)];
    if (seed === 1) alone.cutIntoShards();
    for (let round = 0; round < 3; round++) {
      const upTo = Math.ceil((events.length * (round + 1)) / 3);
      const next = events.slice(Math.ceil((events.length * round) / 3), upTo);
      await alone.ingest(next);
      await many.ingest(next);
      await alone.run({ mode: 'incremental' });
      await many.run({ mode: 'incremental', shards: many.flow });
      const { definitions: inForce, counts, erased } = await alone.manifest(round + 1);
      const expected = naive(naiveUnforgotten(events.slice(0, upTo)), alone.ports.parseDefinitions(inForce));
      expect(differences(await alone.viewsOf(round + 1), expected), `seed ${seed}, round ${round}`).toEqual([]);
      expect(differences(await many.viewsOf(round + 1), expected), `seed ${seed}, round ${round}, by many`).toEqual([]);
      const counted = naiveUnforgotten(events.slice(0, upTo)).map((one) => `${userKeyOf(one)}\n${one.id}`);
      expect(counts.events, `seed ${seed}, round ${round}`).toBe(new Set(counted).size);
      expect(await many.manifest(round + 1)).toMatchObject({ counts });
      expect((await many.manifest(round + 1)).erased?.length).toBe(erased?.length);
    }
    await alone.close();
    await many.close();
  }
});

test('laws 8 and 9: rows that were frozen stay until the next generation, and its reconciliation says why', async () => {
  const old = [event('click', 0, 'click', { channel: 'search' }), event('order', 1, 'buy', { value: 7 })];
  const own = event('own', 0.5, 'click', { channel: 'search', campaign: 'a-name-of-one-user' });
  await ingest(...of('ana', ...old, own, ...bought()), ...of('eve', ...old));
  await world.run();
  await ingest(says(ERASE_TYPE));
  const { pending } = (await world.serving.deltas([], 1)).find((each) => each.partition === partitionOf('ana', PARTITIONS)) ?? {};
  expect(pending).toBe(1);
  await world.run({ mode: 'incremental' });
  expect(differences(await world.viewsOf(2), without())).toEqual([]);
  const classesOf = async (generation: number) =>
    new Set(Object.values((await world.reconciliation(generation)).views).flatMap(({ classes }) => Object.keys(classes)));
  expect(await classesOf(2)).toEqual(new Set(['erasure']));
  expect((await world.reconciliation(2)).views['credit']?.rowsDiffering).toBeGreaterThan(0);
  expect(JSON.stringify(await world.reconciliation(2))).not.toContain('a-name-of-one-user');
  // What is refused is not a late event, and a defect would be one again.
  await ingest(...of('ana', ...old.map((one) => ({ ...one, id: `${one.id} again` }))));
  await world.run({ mode: 'incremental' });
  expect(await classesOf(3)).toEqual(new Set());
  expect((await world.reconciliation(3)).engineDefectRows).toBe(0);
});
