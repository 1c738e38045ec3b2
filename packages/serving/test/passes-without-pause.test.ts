/** Questions over many rows that follow each other without a pause, while commits go on. Counted in rows and turns, not in time. */
import { setImmediate as turn } from 'node:timers/promises';
import { OWN } from '@tributary/runtime/http/turns-of-keys';
import type { CommittedDeltas } from '@tributary/store/format/feed';
import { activity } from '@tributary/views/activity/fold';
import type { Rows } from '@tributary/views/deltas';
import { expect, test } from 'vitest';
import { createHeldDeltas } from '../src/deltas/held.ts';
import { createLiveAnswers } from '../src/deltas/live-answers.ts';
import { GENERATION_ZERO } from '../src/generations/loaded.ts';
import { projectionOf } from '../src/merge.ts';
import { createQuestionTurns } from '../src/question-turns.ts';
import { paceOf } from '../src/rows-in-turns.ts';

const TYPES = 20_000;
const OF_COMMIT = 400;
const TURNS = 600;
const UNLIMITED = { timeoutMs: 3_600_000, mostQuestions: 128 };
const TOTAL = projectionOf(activity, { days: { fromDay: null, toDay: null }, equal: {}, by: [] });
const pace = paceOf(turn);

const rowsOf = (first: number, size: number): Rows =>
  new Map(Array.from({ length: size }, (_, i) => [`2026-03-01\ttype ${(first + i) % TYPES}`, [1]]));

/** Its rows are others than those of the commit before it. */
function commitOf(number: number): CommittedDeltas {
  const next = { position: `p${number}`, logIdentity: 'log-1', logTimeMs: number, generation: 0, definitions: null };
  const rows = new Map([[activity.name, rowsOf(number * OF_COMMIT, OF_COMMIT)]]);
  return { id: `c${number}`, after: number === 1 ? '' : `c${number - 1}`, next, generation: 0, rows, pending: 0, overflowed: 0 };
}

async function heldRows() {
  const held = createHeldDeltas(1);
  const deltas = () => new Map([[activity.name, rowsOf(0, TYPES)]]);
  const whole = {
    partition: 0,
    cursor: { commitId: '', commits: 0 },
    state: null,
    generations: new Map([[0, { rows: deltas(), pending: 0, overflowed: 0 }]]),
  };
  const differences = new Map([[0, deltas()]]);
  const views = [activity.name];
  await held.takeUp({ whole, views, from: 0, joins: false, before: null, differences, askedMs: 0, asked: 0 }, [], pace);
  return held;
}

/** Each queue is one of a kind of questions: those of one do not overlap. */
test.each([
  ['one after the other', 1],
  ['some of which always overlap', 3],
])(
  'laws 1 and 7: beside questions without a pause, %s, commits are taken up, and each answer is of its version',
  async (_how, queues) => {
    const held = await heldRows();
    const answers = createLiveAnswers(held);
    const counted = { answers: 0, isOver: false };
    const clients = Array.from({ length: queues }, () => createQuestionTurns(UNLIMITED)).flatMap((questions) =>
      [1, 2].map(async () => {
        while (!counted.isOver)
          await questions.take(OWN, async (goOn) => {
            const [version, commits] = [held.newest(), held.partition(0)?.cursor.commits ?? 0];
            const rows = await answers.ofPartition(0, { version, loaded: GENERATION_ZERO, question: TOTAL }, goOn);
            expect([...rows.values()]).toEqual([[TYPES + commits * OF_COMMIT]]);
            counted.answers++;
          });
      }),
    );
    const most = { parts: 0, rows: 0 };
    let main: Rows = new Map();
    for (let number = 1; number <= TURNS; number++) {
      await turn();
      await held.add(0, [commitOf(number)], pace);
      const [first = new Map() as Rows, ...beside] = [...held.parts(TOTAL, 0)].map(({ rows }) => rows);
      main = first;
      most.parts = Math.max(most.parts, beside.length);
      const waiting = beside.reduce((sum, { size }) => sum + size, 0);
      most.rows = Math.max(most.rows, waiting);
    }
    counted.isOver = true;
    await Promise.all(clients);
    expect(counted.answers).toBeGreaterThan(20);
    // 240 000 rows were committed. What waits is a row of each type at most, beside what the newest pass of those that overlap began with.
    expect(most.rows).toBeLessThanOrEqual(TYPES + 8_192);
    expect(most.parts).toBeLessThan(64);
    const takenUp = [...main.values()].reduce((sum, [count]) => sum + Number(count), -TYPES);
    expect(takenUp).toBeGreaterThan((TURNS * OF_COMMIT) / 2);
  },
);

test('laws 1 and 7: what a pass takes up before it begins is some thousand rows at a turn, and who compares the rows hears of it', async () => {
  const held = await heldRows();
  const { release } = held.pass(TOTAL, 0, held.newest());
  for (let number = 1; number <= 20; number++) await held.add(0, [commitOf(number)], pace);
  expect(held.isReadyToPass(TOTAL, 0)).toBe(true);
  for (let number = 21; number <= 30; number++) await held.add(0, [commitOf(number)], pace);
  expect(held.isReadyToPass(TOTAL, 0)).toBe(false);
  release();
  const sizes = () => [...held.parts(TOTAL, 0)].map(({ rows }) => rows.size);
  for (const left of [7_904, 3_808, 0]) {
    const before = held.partition(0);
    expect(held.isReadyToPass(TOTAL, 0)).toBe(left === 0);
    expect(sizes()).toEqual(left === 0 ? [TYPES] : [TYPES, left]);
    expect(held.partition(0)).not.toBe(before);
  }
  const before = held.partition(0);
  expect(held.isReadyToPass(TOTAL, 0)).toBe(true);
  expect(held.partition(0)).toBe(before);
});
