/** What partitions committed is added to what is held some thousand rows at a turn, and never twice. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CommittedDeltas } from '@tributary/store/format/feed';
import type { ServingStore } from '@tributary/store/serving-store';
import { activity } from '@tributary/views/activity/fold';
import type { Rows } from '@tributary/views/deltas';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createDeltaFollower } from '../src/deltas/follower.ts';
import { createHeldDeltas } from '../src/deltas/held.ts';
import { GENERATION_ZERO } from '../src/generations/loaded.ts';
import { projectionOf } from '../src/merge.ts';
import { paceOf, piecesOf, ROWS_PER_TURN } from '../src/rows-in-turns.ts';

const TOTAL = projectionOf(activity, { days: { fromDay: null, toDay: null }, equal: {}, by: [] });

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const rowsOf = (size: number, first = 0): Rows =>
  new Map(Array.from({ length: size }, (_, i) => [`2026-03-01\ttype ${first + i}`, [1]]));

function commitOf(number: number, size: number): CommittedDeltas {
  const next = { position: `p${number}`, logIdentity: 'log-1', logTimeMs: number, generation: 0, definitions: null };
  const rows = new Map([[activity.name, rowsOf(size, number)]]);
  return { id: `c${number}`, after: number === 1 ? '' : `c${number - 1}`, next, generation: 0, rows, pending: 1, overflowed: 0 };
}

/** Partitions that were empty when they were read whole. */
function storeOf(logs: readonly (readonly CommittedDeltas[])[], before: () => void = () => undefined) {
  const store: Pick<ServingStore, 'follow' | 'readWhole'> = {
    async follow(_views, cursors) {
      before();
      return logs.map((log, partition) => {
        const cursor = cursors[partition];
        return { partition, oldest: 0, commits: cursor == null ? 'gap' : log.slice(cursor.commits) };
      });
    },
    readWhole: async (asked) =>
      asked.map((partition) => ({
        partition,
        cursor: { commitId: '', commits: 0 },
        state: null,
        generations: new Map(),
      })),
  };
  return store;
}

/** How often others had their turn during the work. */
async function turnsDuring(work: Promise<unknown>): Promise<number> {
  let [turns, isOver] = [0, false];
  work.finally(() => (isOver = true)).catch(() => undefined);
  for (; !isOver; turns++) await nextTurn();
  await work;
  return turns;
}

test.each([
  ['16 partitions, one commit of 5 000 rows each', 16, 1, 5_000],
  ['2 partitions, a commit of 60 000 rows each', 2, 1, 60_000],
  ['16 partitions, 500 commits of a row each', 16, 500, 1],
])('law 7: what was committed is added in turns (%s)', async (_what, partitions, commits, rows) => {
  const log = Array.from({ length: commits }, (_, i) => commitOf(i + 1, rows));
  const follower = createDeltaFollower({ partitions, store: storeOf(new Array(partitions).fill(log)), now: () => 0 });
  const few = await turnsDuring(follower.poll(0, [activity.name]).then(({ states }) => expect(states.length).toBe(partitions)));
  const sum = partitions * commits * rows;
  expect((await follower.poll(0, [activity.name])).answer(GENERATION_ZERO, TOTAL, 'speed').get('')).toEqual([sum]);
  expect(few).toBeGreaterThan((partitions * commits * Math.max(rows, 16)) / ROWS_PER_TURN - 2);
});

test('law 1: a look that is given up while it adds commits adds none after the next one has begun', async () => {
  const log = Array.from({ length: 40 }, (_, i) => commitOf(i + 1, 1_000));
  let looks = 0;
  const follower = createDeltaFollower({
    partitions: 2,
    store: storeOf([log, log], () => looks++),
    now: () => 0,
    patienceMs: 50,
  });
  const first = follower.poll(0, [activity.name]);
  const refused = expect(first).rejects.toThrow('did not answer within 50 ms');
  const held = () => follower.held(0, [activity.name]);
  const heldNow = () => Number(held()?.answer(GENERATION_ZERO, TOTAL, 'speed').get('')?.[0] ?? 0);
  // The first partition has all, the second one some.
  while (heldNow() < 42_000) await nextTurn();
  expect(heldNow()).toBeLessThan(78_000);
  expect(looks).toBe(2);
  vi.advanceTimersByTime(50);
  await refused;
  const taken = await follower.poll(0, [activity.name]);
  expect(taken.answer(GENERATION_ZERO, TOTAL, 'speed').get('')).toEqual([80_000]);
  expect(taken.pending).toBe(80);
  for (let turns = 0; turns < 40; turns++) await nextTurn();
  expect(heldNow()).toBe(80_000);
});

test('law 1: whenever others have their turn, all of some commits is held, and nothing of the others', async () => {
  const sizes = [20_000, 3, 0, 9_000, 1, 4_096, 4_097];
  const log = sizes.map((size, i) => commitOf(i + 1, size));
  const held = createHeldDeltas(1);
  const whole = { partition: 0, cursor: { commitId: '', commits: 0 }, state: null, generations: new Map() };
  const read = {
    whole,
    views: [activity.name],
    from: 0,
    before: null,
    joins: false,
    differences: new Map(),
    askedMs: 0,
    asked: 0,
  };
  const seen = new Set<number>();
  let longest = 0;
  let before = { partition: held.partition(0), rows: 0 };
  const look = async (rows: number) => {
    longest = Math.max(longest, rows);
    await nextTurn();
    const { commits } = held.partition(0)?.cursor ?? { commits: 0 };
    let sum = 0;
    for (const { rows: own } of held.parts(TOTAL, 0)) for (const [amount] of own.values()) sum += Number(amount);
    expect(sum).toBe(sizes.slice(0, commits).reduce((all, size) => all + size, 0));
    expect(held.speedState(0).pending).toBe(commits);
    seen.add(commits);
    // Who compares rows over many turns is to find that they are others.
    const now = { partition: held.partition(0), rows: [...held.parts(TOTAL, 0)][0]?.rows.size ?? 0 };
    if (now.partition === before.partition) expect(now.rows).toBe(before.rows);
    before = now;
  };
  await held.takeUp(read, log, look);
  expect([...seen]).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(longest).toBeLessThanOrEqual(ROWS_PER_TURN);
});

test('rows are the same in pieces', async () => {
  let turns = 0;
  const pace = paceOf(async () => turns++);
  const rows = rowsOf(2 * ROWS_PER_TURN + 1);
  const pieces = await piecesOf(rows, pace);
  expect(pieces.map(({ size }) => size)).toEqual([ROWS_PER_TURN, ROWS_PER_TURN, 1]);
  expect(new Map(pieces.flatMap((piece) => [...piece]))).toEqual(rows);
  expect(turns).toBe(2);
  const few = rowsOf(ROWS_PER_TURN);
  expect(await piecesOf(few, pace)).toEqual([few]);
  expect(turns).toBe(2);
});
