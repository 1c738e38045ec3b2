/** Questions to the archive: other windows than the definitions', over the events of the generation that readers get. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  cancelQuestion,
  createQuestion,
  keepResult,
  listQuestions,
  QUESTION_KEPT_MS,
  type QuestionResult,
  questionFolder,
  readQuestion,
  sweepQuestions,
} from '@tributary/archive/asked/questions';
import { withWindows } from '@tributary/model/other-windows';
import { answerQuestion } from '@tributary/question/answer';
import { computeViews } from '@tributary/question/compute-views';
import type { QuestionPorts } from '@tributary/question/ports';
import { viewRowsOf } from '@tributary/recompute/test/view-rows';
import { createWorld, type World, worldsFrom } from '@tributary/recompute/test/world';
import { generateEvents } from '@tributary/testkit/inputs/generate';
import { definitionsOf, SMALL_DEFINITIONS, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { createRandom } from '@tributary/testkit/inputs/random';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { afterEach, beforeEach, expect, test } from 'vitest';

const DEFINITIONS = definitionsOf(SMALL_DEFINITIONS);
const EVENTS = generateEvents(createRandom(7), { events: 160, users: 6, lateChance: 0.2, duplicateChance: 0.1 }, DEFINITIONS);
const CUT = 120;
const ID = '0abcdefg-00000001';
const WIDER = { lookbackDays: 2, windowDays: { view: 1 } };
const FOREVER = new AbortController().signal;

/** Other windows are read like a report, and held against nothing. */
const noComparison = () => Promise.reject(new Error('nothing is compared'));

let world: World;
beforeEach(async () => {
  world = await createWorld(DEFINITIONS);
});
afterEach(() => world.close());

const grown = worldsFrom(DEFINITIONS, async (first) => {
  for (const [from, to] of [
    [0, 60],
    [60, CUT],
  ] as const) {
    await first.ingest(EVENTS.slice(from, to));
    await first.turn();
    await first.run();
  }
  await first.ingest(EVENTS.slice(CUT));
  await first.turn();
});
/** Two generations, and events after the cut of the second. */
async function grow(): Promise<void> {
  await world.close();
  world = await grown();
}

function portsOf(changed: Partial<QuestionPorts> = {}): QuestionPorts {
  const wait = (ms: number, signal: AbortSignal) => sleep(Math.min(ms, 5), undefined, { signal });
  return { ...world.ports, compareChanged: noComparison, computeViews, sleep: wait, now: Date.now, ...changed };
}

function ask(id = ID, windows: { lookbackDays: number | null; windowDays: Record<string, number> } = WIDER): Promise<void> {
  return createQuestion(world.dataDir, { id, ...windows, by: 'test', askedAt: Date.now() });
}

const answer = (changed: Partial<QuestionPorts> = {}, isLast = false, signal = FOREVER) =>
  answerQuestion({ id: ID, isLast }, portsOf(changed), signal);
const resultOf = async (id = ID) => (await readQuestion(world.dataDir, id))?.result ?? null;

const rowsOf = ({ views }: QuestionResult) => viewRowsOf(world.session, world.dataDir, { generation: 2, views });

test('law 1: an archive question says what the views of the cut would be under other windows, to the integer', async () => {
  await grow();
  const before = await world.viewsOf(2);
  await ask();
  await answer();
  const result = await resultOf();
  const other = withWindows(DEFINITIONS, WIDER, sha256Hex);
  expect(result).toMatchObject({ generation: 2, failure: null, definitionsVersion: other.version, definitions: other.json });
  const rows = await rowsOf(result as QuestionResult);
  expect(differences(rows, naive(EVENTS.slice(0, CUT), other))).toEqual([]);
  // It asks for something: under the definitions' own windows the rows are others.
  expect(differences(rows, naive(EVENTS.slice(0, CUT), DEFINITIONS)).length).toBeGreaterThan(5);
  expect(differences(await world.viewsOf(2), before)).toEqual([]);
  expect((await world.current())?.generation).toBe(2);
  // So does a generation of these definitions, of all events by then.
  await world.run({ mode: 'full', definitions: other.json, scheduled: false });
  expect(differences(await world.viewsOf(3), naive(EVENTS, other))).toEqual([]);
});

test('the lookback leaves touches that are seen, not clicked, as they are; a type of its own counts first', () => {
  const { touchWindowMs: before } = DEFINITIONS;
  const { touchWindowMs, json } = withWindows(DEFINITIONS, { lookbackDays: 3, windowDays: { mail: 5 } }, sha256Hex);
  for (const [type, ms] of touchWindowMs) {
    const isSeen = DEFINITIONS.viewThroughTypes.has(type);
    expect([type, ms]).toEqual([type, type === 'mail' ? 5 * 86_400_000 : isSeen ? before.get(type) : 3 * 86_400_000]);
  }
  expect(withWindows(DEFINITIONS, { lookbackDays: null, windowDays: {} }, sha256Hex).json).toBe(DEFINITIONS.json);
  expect(json).not.toBe(DEFINITIONS.json);
  expect(() => withWindows(DEFINITIONS, { lookbackDays: null, windowDays: { clik: 2 } }, sha256Hex)).toThrow(
    'windowDays must name touches of the definitions, ',
  );
  expect(() => withWindows(DEFINITIONS, { lookbackDays: 366, windowDays: {} }, sha256Hex)).toThrow('definitions, at touches.');
});

test('law 3: an attempt that was killed leaves nothing that the next one counts, and the first result stands', async () => {
  await grow();
  await ask();
  const death = new AbortController();
  const killed = answer({ computeViews: async () => Promise.reject(death.abort()) }, false, death.signal);
  await expect(killed).rejects.toThrow();
  expect(await resultOf()).toBeNull();
  await answer();
  const first = await resultOf();
  expect(first?.failure).toBeNull();
  expect(await keepResult(world.dataDir, ID, { ...(first as QuestionResult), events: 0 })).toBe(false);
  await answer({ computeViews: () => Promise.reject(new Error('it was computed twice')) });
  expect(await resultOf()).toEqual(first);
  expect((await readdir(join(world.dataDir, 'staging'))).filter((name) => name.startsWith('question-'))).toEqual([]);
});

test('a question that is cancelled stops where it is, and leaves no result', async () => {
  await grow();
  await ask();
  let stopped = false;
  await answer({
    async computeViews(_, { signal }) {
      await cancelQuestion(world.dataDir, ID, Date.now());
      await new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
        // It may have been noticed before this listens.
        if (signal.aborted) reject(signal.reason);
      });
      stopped = true;
      throw new Error('not reached');
    },
  });
  expect({ stopped, result: await resultOf() }).toEqual({ stopped: false, result: null });
  await answer({ computeViews: () => Promise.reject(new Error('it was begun after it was cancelled')) });
  expect(await readQuestion(world.dataDir, ID)).toMatchObject({ isCancelled: true, result: null });
});

test('what fails for good is a result that says why', async () => {
  await ask();
  await answer();
  expect((await resultOf())?.failure).toBe('conflict: a generation does not exist yet, so the archive cannot be asked');
  await grow();
  const second = '0abcdefg-00000002';
  await ask(second);
  const away = { computeViews: () => Promise.reject(Object.assign(new Error('away'), { code: 'ECONNREFUSED' })) };
  await answerQuestion({ id: second, isLast: false }, portsOf(away), FOREVER);
  expect((await resultOf(second))?.failure).toContain('away');
});

test('questions and their rows are removed when they expire', async () => {
  await grow();
  await ask();
  await answer();
  const at = (await resultOf())?.at ?? 0;
  await sweepQuestions(world.dataDir, at + QUESTION_KEPT_MS - 1);
  expect((await listQuestions(world.dataDir)).map(({ asked }) => asked.id)).toEqual([ID]);
  await sweepQuestions(world.dataDir, at + QUESTION_KEPT_MS);
  expect(await listQuestions(world.dataDir)).toEqual([]);
  await expect(readdir(join(world.dataDir, questionFolder(ID)))).rejects.toThrow('ENOENT');
  await expect(readQuestion(world.dataDir, '../keys')).rejects.toThrow('archive question "../keys" does not exist');
});
