/** Questions to the archive with other definitions: what a run that brings them would change, before it is asked for. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  cancelQuestion,
  createQuestion,
  keepResult,
  listQuestions,
  type QuestionResult,
  questionFolder,
  readComparison,
  readQuestion,
} from '@tributary/archive/asked/questions';
import type { StoredFile } from '@tributary/archive/layout';
import { type Definitions, type DefinitionsFile, storedDefinitions } from '@tributary/model/definitions';
import { DAY_MS, dayOf } from '@tributary/model/time';
import { answerQuestion } from '@tributary/question/answer';
import { computeViews } from '@tributary/question/compute-views';
import type { QuestionPorts } from '@tributary/question/ports';
import { type ChangedReport, compareChanged } from '@tributary/recompute/reconcile/compare-definitions';
import { viewRowsOf } from '@tributary/recompute/test/view-rows';
import { type World, worldsFrom } from '@tributary/recompute/test/world';
import { generateEvents } from '@tributary/testkit/inputs/generate';
import { definitionsOf, generateDefinitions, SMALL_DEFINITIONS, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { createRandom } from '@tributary/testkit/inputs/random';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { afterEach, beforeEach, expect, test } from 'vitest';

const DEFINITIONS = definitionsOf(SMALL_DEFINITIONS);
const EVENTS = generateEvents(createRandom(7), { events: 160, users: 6, lateChance: 0.2, duplicateChance: 0.1 }, DEFINITIONS);
const CUT = 120;
const ID = '0abcdefg-00000001';
const CORRECTED: DefinitionsFile = {
  ...SMALL_DEFINITIONS,
  corrections: [
    correction('renamed', 'campaign == "spring"', { set: { campaign: 'summer' } }),
    correction('no-mail', 'type == "mail"', { drop: true }),
  ],
};

function correction(name: string, when: string, what: object) {
  const from = dayOf(Math.min(...EVENTS.map(({ ts }) => ts)));
  const range = { from, to: dayOf(Date.parse(from) + 300 * DAY_MS), author: 'ada', reason: 'it went wrong' };
  return { name, when, ...what, ...range } as NonNullable<DefinitionsFile['corrections']>[number];
}

/** Each has two generations. */
const grown = worldsFrom(DEFINITIONS, async (first) => {
  for (const [from, to] of [
    [0, 60],
    [60, CUT],
  ] as const) {
    await first.ingest(EVENTS.slice(from, to));
    await first.turn();
    await first.run();
  }
});
let world: World;
beforeEach(async () => {
  world = await grown();
});
afterEach(() => world.close());

function portsOf(changed: Partial<QuestionPorts> = {}): QuestionPorts {
  const wait = (ms: number, signal: AbortSignal) => sleep(Math.min(ms, 5), undefined, { signal });
  const compared: QuestionPorts['compareChanged'] = (given, signal) => compareChanged(given, world.ports, signal);
  return { ...world.ports, computeViews, compareChanged: compared, sleep: wait, now: Date.now, ...changed };
}

const ask = (definitions: Definitions) =>
  createQuestion(world.dataDir, {
    ...{ id: ID, lookbackDays: null, windowDays: {}, definitions: definitions.json, definitionsVersion: definitions.version },
    ...{ by: 'test', askedAt: Date.now() },
  });
const answer = (changed: Partial<QuestionPorts> = {}, signal = new AbortController().signal) =>
  answerQuestion({ id: ID, isLast: false }, portsOf(changed), signal);
const resultOf = async () => (await readQuestion(world.dataDir, ID))?.result ?? null;
const filesOf = () => readdir(join(world.dataDir, questionFolder(ID)));

async function answered(definitions: Definitions): Promise<readonly [QuestionResult, ChangedReport]> {
  await ask(definitions);
  await answer();
  const result = await resultOf();
  if (result?.comparison === undefined) throw new Error(`there is no comparison: ${result?.failure}`);
  return [result, (await readComparison(world.dataDir, ID, result.comparison)) as ChangedReport];
}

const rowsOf = ({ views }: QuestionResult) => viewRowsOf(world.session, world.dataDir, { generation: 2, views });

const CHANGES: readonly (readonly [what: string, given: Definitions])[] = [
  ['corrections alone', definitionsOf(CORRECTED)],
  [
    'corrections and a window',
    definitionsOf({ ...CORRECTED, touches: { ...SMALL_DEFINITIONS.touches, click: { windowDays: 0.1 } } }),
  ],
  ['another conversion', definitionsOf({ ...SMALL_DEFINITIONS, conversions: ['buy', 'page_view'] })],
  ['conversions that count once, for which all of the archive is read', countedOnce()],
  ...[3, 4, 5, 6].map((seed) => [`all that can be chosen, seed ${seed}`, generateDefinitions(createRandom(seed))] as const),
];

test.each(CHANGES)(
  'law 1: what other definitions change is said before as the run that brings them finds it: %s',
  async (_what, given) => {
    // As a run takes them: by the rules of today.
    const definitions = storedDefinitions(given.json, sha256Hex);
    const [result, said] = await answered(definitions);
    expect(result).toMatchObject({ generation: 2, failure: null, definitionsVersion: definitions.version });
    expect(differences(await rowsOf(result), naive(EVENTS.slice(0, CUT), definitions))).toEqual([]);
    // It is kept longer than the generation whose rows it may be built upon.
    const elsewhere = ({ path }: StoredFile) => !path.startsWith(`${questionFolder(ID)}/`);
    expect(Object.values(result.views).flat().filter(elsewhere)).toEqual([]);
    const ends = await world.log.ends();
    expect([(await world.current())?.generation, (await world.generations()).length]).toEqual([2, 2]);
    // Nothing came since, and the log has nothing of the question.
    const run = await world.run({ definitions: definitions.json, scheduled: false });
    expect(run.generation).toBe(3);
    const found = await world.reconciliation(3);
    expect(JSON.parse(JSON.stringify(said.views))).toEqual(found.views);
    expect([said.equal, said.moved]).toEqual([found.equal, found.moved]);
    expect(said.corrections).toEqual(found.because.corrections ?? []);
    expect(ends.length).toBe(world.log.partitions);
  },
);

function countedOnce(): Definitions {
  return definitionsOf({ ...SMALL_DEFINITIONS, conversions: { buy: { onceBy: 'properties.order_id' } } } as never);
}

test('law 1: corrections that come, change and go are counted as the run counts them, upon a generation that has some', async () => {
  await world.run({ definitions: definitionsOf(CORRECTED).json, scheduled: false });
  const [renamed, noMail] = CORRECTED.corrections ?? [];
  const other = definitionsOf({
    ...SMALL_DEFINITIONS,
    corrections: [
      correction('no-views', 'type == "view"', { drop: true }),
      { ...noMail, when: 'type == "mail" && channel == "search"' },
    ] as never,
  });
  const [, said] = await answered(other);
  await world.run({ definitions: other.json, scheduled: false });
  const found = await world.reconciliation(4);
  expect(found.because.corrections).toHaveLength(renamed === undefined ? 0 : 3);
  expect(said.corrections).toEqual(found.because.corrections);
  expect(JSON.parse(JSON.stringify(said.views))).toEqual(found.views);
});

test('law 7: what a worker of an earlier version answered is a failure, as it saw no definitions', async () => {
  const [{ comparison: _, ...result }] = await answered(definitionsOf(CORRECTED));
  await rm(join(world.dataDir, questionFolder(ID), 'result.json'));
  await keepResult(world.dataDir, ID, result);
  expect((await resultOf())?.failure).toContain('a worker of an earlier version computed it');
  expect((await listQuestions(world.dataDir))[0]?.result?.views).toEqual({});
});

test('corrections say to how many events they apply, and how many count otherwise', async () => {
  const [, said] = await answered(definitionsOf(CORRECTED));
  const counted = new Map(EVENTS.slice(0, CUT).map((event) => [`${event.userId ?? event.anonymousId} ${event.id}`, event]));
  const mails = [...counted.values()].filter(({ type }) => type === 'mail').length;
  expect(mails).toBeGreaterThan(3);
  expect(said.corrections).toContainEqual({ name: 'no-mail', before: 0, after: mails });
  expect(said.recounted).toBeGreaterThanOrEqual(mails);
  expect(Object.values(said.views).flatMap(({ classes }) => Object.keys(classes))).toContain('correction');
});

test('law 3: killed after the comparison was written, an attempt leaves nothing that counts: the next one has its own', async () => {
  await ask(definitionsOf(CORRECTED));
  const death = new AbortController();
  const killed = answer(
    {
      compareChanged: async (given, signal) => {
        await compareChanged(given, world.ports, signal);
        throw death.abort();
      },
    },
    death.signal,
  );
  await expect(killed).rejects.toThrow();
  expect(await resultOf()).toBeNull();
  await answer();
  expect((await resultOf())?.failure).toBeNull();
  const staged = await readdir(join(world.dataDir, 'staging'));
  expect(staged.filter((name) => name.startsWith('question-'))).toEqual([]);
  await cancelQuestion(world.dataDir, ID, Date.now());
  expect((await filesOf()).sort()).toEqual(['asked.json', 'cancelled.json', 'result.json']);
});

test('law 7: a comparison that is damaged is not taken for one without differences', async () => {
  const [result] = await answered(definitionsOf(CORRECTED));
  const read = (name: string) => readComparison(world.dataDir, ID, name);
  await expect(read('comparison-00000000.json')).rejects.toMatchObject({ code: 'archive_corrupt' });
  expect(result.comparison).toMatch(/^comparison-[0-9a-f]{8}\.json$/);
});
