/** What groups of users are asked is answered beside other requests: measured in rows, for time says nothing on a busy machine. */
import { setImmediate as turn } from 'node:timers/promises';
import type { TributaryError } from '@tributary/model/errors';
import type { Asker } from '@tributary/runtime/http/turns-of-keys';
import type { Rows } from '@tributary/views/deltas';
import { paths } from '@tributary/views/paths/fold';
import { expect, test } from 'vitest';
import { groupsOf } from '../src/generations/groups.ts';
import type { LoadedGeneration } from '../src/generations/loaded.ts';
import type { Collection } from '../src/merge.ts';
import { createGroups, type Groups } from '../src/snapshot-groups.ts';

const PARTITIONS = 4;
const ROWS = 10_000;
const ROWS_PER_TURN = 4_096;
/** Questions that wait or are being answered, of all keys. */
const MOST_QUESTIONS = 32;

const asker = (key: string): Asker => ({ key, isGone: () => false });
const A = asker('a');

/** A generation with paths of one conversion each. */
async function groupsOfGeneration(live: Rows = new Map()): Promise<() => Groups> {
  const manifest = { generation: 1, views: { pathsByPartition: {} } };
  const loaded = { generation: 1, manifest } as unknown as LoadedGeneration;
  const keys = Array.from({ length: PARTITIONS * ROWS }, (_, i) => `2026-01-01\tpurchase\tpath ${i}\tEUR\t${i % PARTITIONS}`);
  const source = { rowsByPartition: async () => new Map(keys.map((key) => [key, [1, 100]])) };
  const kept = await groupsOf(source, loaded, [paths], PARTITIONS);
  if (typeof kept === 'string') throw new Error(kept);
  const ofLive = async (_: number, question: Parameters<typeof kept.answer>[1]) => {
    const rows: Rows = new Map();
    question.addTo(rows, live);
    return rows;
  };
  return () => createGroups(PARTITIONS, { ofBatch: kept.answer, ofLive });
}

/** Counts the rows that are passed over, and the most of them in one turn of the event loop. */
function createCounter() {
  const counted = { rows: 0, most: 0, order: [] as string[] };
  let inTurn = 0;
  let isWatching = true;
  const watching = (async () => {
    while (isWatching) {
      inTurn = 0;
      await turn();
    }
  })();
  const question = (key: string): Collection => ({
    key,
    days: { fromDay: null, toDay: null },
    map(_, measures, emit) {
      counted.rows++;
      counted.most = Math.max(counted.most, ++inTurn);
      if (counted.order.at(-1) !== key) counted.order.push(key);
      emit('', measures);
    },
  });
  const stop = () => {
    isWatching = false;
    return watching;
  };
  return { counted, question, stop };
}

test('law 7: rows of groups are passed over some thousand a turn, each once, and the answer is remembered with the generation', async () => {
  const snapshot = await groupsOfGeneration();
  const { counted, question, stop } = createCounter();
  const groups = snapshot();
  await groups.prepare(({ collect }) => collect(paths, question('a')), A);
  expect(counted.rows).toBe(PARTITIONS * ROWS);
  expect(counted.most).toBeLessThanOrEqual(ROWS_PER_TURN);
  for (const { collect } of groups.each) expect(collect(paths, question('a')).get('')).toEqual([ROWS, 100 * ROWS]);
  await snapshot().prepare(({ collect }) => collect(paths, question('a')), A);
  expect(counted.rows).toBe(PARTITIONS * ROWS);
  await stop();
});

test('law 7: questions to groups are answered one after the other, and those that come together once', async () => {
  const snapshot = await groupsOfGeneration();
  const { counted, question, stop } = createCounter();
  await Promise.all(['a', 'b', 'a', 'c'].map((key) => snapshot().prepare(({ collect }) => collect(paths, question(key)), A)));
  expect(counted.order).toEqual(['a', 'b', 'c']);
  expect(counted.rows).toBe(3 * PARTITIONS * ROWS);
  expect(counted.most).toBeLessThanOrEqual(ROWS_PER_TURN);
  await stop();
});

test('a group has both layers; what was not prepared is a defect, and one question that fails stops no other', async () => {
  const snapshot = await groupsOfGeneration(new Map([['2026-01-02\tpurchase\ta\tEUR', [1, 7]]]));
  const { question, stop } = createCounter();
  const groups = snapshot();
  const failing = groups.prepare(
    ({ collect }) =>
      collect(paths, {
        ...question('bad'),
        map() {
          throw new Error('it fails');
        },
      }),
    A,
  );
  const sound = groups.prepare(({ collect }) => collect(paths, question('a')), A);
  await expect(failing).rejects.toThrow('it fails');
  await sound;
  expect(groups.each[0]?.collect(paths, question('a')).get('')).toEqual([ROWS + 1, 100 * ROWS + 7]);
  expect(() => groups.each[0]?.collect(paths, question('b'))).toThrow('must be prepared');
  await stop();
});

test('law 7: rows by partition of two generations are in memory, the ones asked for last', async () => {
  const read: number[] = [];
  const generations = [1, 2, 3].map(
    (generation) => ({ generation, manifest: { generation, views: { pathsByPartition: {} } } }) as unknown as LoadedGeneration,
  );
  const rowsByPartition = async ({ generation }: { readonly generation: number }) => {
    read.push(generation);
    return new Map();
  };
  for (const asked of [1, 1, 2, 1, 3, 1, 2])
    await groupsOf({ rowsByPartition }, generations[asked - 1] as LoadedGeneration, [paths], PARTITIONS);
  expect(read).toEqual([1, 2, 3, 2]);
});

test('law 7: questions about groups that wait are bounded, and what is remembered is answered before them', async () => {
  const snapshot = await groupsOfGeneration();
  const { question, stop } = createCounter();
  const remembered = snapshot();
  await remembered.prepare((group) => group.collect(paths, question('remembered')), A);
  const order: string[] = [];
  const asked = Array.from({ length: MOST_QUESTIONS + 2 }, (_, i) =>
    snapshot()
      .prepare((group) => group.collect(paths, question(`question ${i}`)), asker(`key ${i}`))
      .then(
        () => order.push('answered'),
        (error: TributaryError) => order.push(error.code),
      ),
  );
  await remembered.prepare((group) => group.collect(paths, question('remembered')), A).then(() => order.push('remembered'));
  await Promise.all(asked);
  await stop();
  expect(order.filter((each) => each === 'answered')).toHaveLength(MOST_QUESTIONS);
  expect(order.filter((each) => each === 'overloaded')).toHaveLength(2);
  expect(order.indexOf('remembered')).toBeLessThan(order.indexOf('answered'));
  await snapshot().prepare((group) => group.collect(paths, question('after them')), A);
});

test('law 7: a question whose client left is stopped at its next turn, and the next one is answered', async () => {
  const snapshot = await groupsOfGeneration();
  const ofLeft = createCounter();
  const { counted, question, stop } = createCounter();
  const left: Asker = { key: 'left', isGone: () => ofLeft.counted.rows > 0 };
  const given = snapshot().prepare(({ collect }) => collect(paths, ofLeft.question('given up')), left);
  const answered = snapshot().prepare(({ collect }) => collect(paths, question('a')), A);
  await expect(given).rejects.toMatchObject({ code: 'groups_timeout', status: 503 });
  await answered;
  expect(ofLeft.counted.rows).toBe(ROWS_PER_TURN);
  expect(counted.rows).toBe(PARTITIONS * ROWS);
  await Promise.all([stop(), ofLeft.stop()]);
});
