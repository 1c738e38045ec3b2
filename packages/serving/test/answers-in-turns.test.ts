/** Answers that are passed over beside other requests: measured in rows, for time says nothing on a busy machine. */
import { setImmediate as turn } from 'node:timers/promises';
import { OWN } from '@tributary/runtime/http/turns-of-keys';
import { commitOf } from '@tributary/testkit/contracts/store-under-test';
import { createMemoryStore } from '@tributary/testkit/memory/memory-store';
import { conversions } from '@tributary/views/conversions/fold';
import type { Rows } from '@tributary/views/deltas';
import { expect, test } from 'vitest';
import { createDeltaFollower } from '../src/deltas/follower.ts';
import { GENERATION_ZERO } from '../src/generations/loaded.ts';
import { collectionOf, projectionOf, type Question } from '../src/merge.ts';
import type { Snapshot } from '../src/snapshot.ts';
import { whenReady } from '../src/when-ready.ts';

const ROWS = 20_000;
const ROWS_PER_TURN = 4_096;
const ALL = { fromDay: null, toDay: null };

/** A question that counts the most rows that it looks at between two turns. */
function countingQuestion() {
  const counted = { rows: 0, most: 0 };
  let inTurn = 0;
  const goOn = async () => {
    inTurn = 0;
    await turn();
  };
  const question = collectionOf(conversions, {
    key: 'counted',
    days: ALL,
    map(_, measures, emit) {
      counted.rows++;
      counted.most = Math.max(counted.most, ++inTurn);
      emit('', measures);
    },
  });
  return { counted, question, goOn };
}

/** A partition with many rows, of which each commit changes all. */
async function manyRows() {
  const store = createMemoryStore({ partitions: 2, feed: { entries: 10, rows: 10 * ROWS } });
  const speed = store.speed();
  let last: string | null = null;
  const commit = async () => {
    const rows: Rows = new Map();
    for (let i = 0; i < ROWS; i++) rows.set(`2026-03-01\ttype ${i}\tEUR`, [1, i]);
    const next = String(Number(last ?? 0) + 1).padStart(4, '0');
    await speed.commit({ ...commitOf(last, next, { deltas: new Map([['conversions', rows]]) }), partition: 0 });
    last = next;
  };
  const follower = createDeltaFollower({ partitions: 2, store: store.serving(), now: () => 0 });
  await commit();
  return { commit, poll: () => follower.poll(0, ['conversions']) };
}

const SUM = (ROWS * (ROWS - 1)) / 2;

test('laws 1 and 7: an answer is passed over some thousand rows at a turn, and is of its version whatever is committed meanwhile', async () => {
  const { commit, poll } = await manyRows();
  const taken = await poll();
  const { counted, question, goOn } = countingQuestion();
  expect(taken.isQuick(GENERATION_ZERO, question, 'merged')).toBe(false);
  let turns = 0;
  const rows = await taken.answerInTurns(GENERATION_ZERO, question, 'merged', async () => {
    if (++turns === 2) {
      await commit();
      await poll();
    }
    await goOn();
  });
  expect(rows.get('')).toEqual([ROWS, SUM]);
  expect(counted.most).toBeLessThanOrEqual(ROWS_PER_TURN);
  expect(turns).toBeGreaterThan(3);
  const again = await poll();
  expect(again.answer(GENERATION_ZERO, question, 'merged').get('')).toEqual([2 * ROWS, 2 * SUM]);
  expect(again.isQuick(GENERATION_ZERO, question, 'merged')).toBe(true);
});

test('laws 1 and 7: a group of users as it was some hundred thousand changed rows ago is found in turns', async () => {
  const { commit, poll } = await manyRows();
  const taken = await poll();
  for (let commits = 0; commits < 6; commits++) {
    await commit();
    await poll();
  }
  const { counted, question, goOn } = countingQuestion();
  expect((await taken.ofPartition(0, GENERATION_ZERO, question, goOn)).get('')).toEqual([ROWS, SUM]);
  expect(await taken.ofPartition(1, GENERATION_ZERO, question, goOn)).toEqual(new Map());
  expect(counted.rows).toBe(7 * ROWS);
  expect(counted.most).toBeLessThanOrEqual(ROWS_PER_TURN);
});

test('what is not at hand is answered before it is computed with, also where one answer decides what is asked next', async () => {
  const prepared = new Map<string, Rows>();
  const answers = {
    isAtHand: (question: Question) => prepared.has(question.key),
    answer: (question: Question) => prepared.get(question.key) as Rows,
    async prepare(question: Question) {
      await turn();
      prepared.set(question.key, new Map([['b', [prepared.size + 1, 0]]]));
    },
  };
  const snapshot = {} as Snapshot;
  let runs = 0;
  const by = (name: string) => ({ days: ALL, equal: {}, by: [name] });
  const result = await whenReady(snapshot, OWN, answers, ({ project }) => {
    runs++;
    const [first] = project(conversions, by('type')).keys();
    if (first === undefined) throw new TypeError('nothing was counted');
    return project(conversions, by('currency')).get('b');
  });
  expect(result).toEqual([2, 0]);
  expect(runs).toBe(3);
  expect(prepared.has(projectionOf(conversions, by('currency')).key)).toBe(true);
  const failing = whenReady(snapshot, OWN, answers, () => {
    throw new TypeError('no such currency');
  });
  await expect(failing).rejects.toThrow('no such currency');
});

test('law 7: long passes go one at a time, keys take turns, one key has half of the places, and who left is not begun', async () => {
  const order: string[] = [];
  let atOnce = 0;
  const begun = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  /** A question that is not at hand, of one key; `hold` keeps its pass from ending. */
  function ask(key: string, { hold = false, isGone = (): boolean => false } = {}): Promise<unknown> {
    const prepared = new Map<string, Rows>();
    const answers = {
      isAtHand: (question: Question) => prepared.has(question.key),
      answer: (question: Question) => prepared.get(question.key) as Rows,
      async prepare(question: Question) {
        order.push(key);
        expect(++atOnce).toBe(1);
        begun.resolve();
        if (hold) await gate.promise;
        await turn();
        atOnce--;
        prepared.set(question.key, new Map());
      },
    };
    const work = ({ project }: Pick<Snapshot, 'project'>) => project(conversions, { days: ALL, equal: {}, by: ['type'] });
    return whenReady({} as Snapshot, { key, isGone }, answers, work);
  }
  const first = ask('many', { hold: true });
  await begun.promise;
  const others = Array.from({ length: 63 }, () => ask('many'));
  const refused = ask('many');
  const few = ask('few');
  const left = ask('left', { isGone: () => true });
  await expect(refused).rejects.toMatchObject({ code: 'overloaded', message: expect.stringContaining('64 questions over many') });
  gate.resolve();
  await expect(left).rejects.toThrow('no request waits for it');
  await Promise.all([first, few, ...others]);
  expect(order).toEqual(['many', 'few', ...others.map(() => 'many')]);
});
