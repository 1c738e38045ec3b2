/** Reports without HTTP: a question goes in, rows come out, over a generation that the oracle computed. */
import type { GenerationManifest } from '@tributary/archive/layout';
import { type ModelName, modelInfo } from '@tributary/attribution/models/catalogue';
import { compute } from '@tributary/attribution/models/shared-models';
import { type Definitions, storedDefinitions } from '@tributary/model/definitions';
import { add, type Integer, negate } from '@tributary/model/integer';
import { createServing } from '@tributary/serving/serving';
import type { ServingContext } from '@tributary/serving/snapshot';
import { generateEvents } from '@tributary/testkit/generate';
import { generateDefinitions, sha256Hex } from '@tributary/testkit/generate-definitions';
import { createMemoryStore } from '@tributary/testkit/memory-store';
import { naive } from '@tributary/testkit/naive';
import { createRandom } from '@tributary/testkit/random';
import type { RowsByView } from '@tributary/views/deltas';
import { VIEWS } from '@tributary/views/registry';
import { describe, expect, test } from 'vitest';
import { LIVE_NAMES } from '../src/models/catalogue.ts';
import { answerOf } from '../src/pipeline.ts';
import type { ReportQuestion } from '../src/question.ts';
import { keysOf, rowOf, totalsOf } from '../src/rows/rows.ts';
import type { ModelRuns } from '../src/runner/run-models.ts';

const PARTITIONS = 2;
const HERE: ModelRuns = { runner: { run: async (job) => compute(job) }, asker: { key: 'a test', isGone: () => false } };

/** Serves the views of one generation. */
async function servingOf(definitions: Definitions, views: RowsByView): Promise<ServingContext> {
  const file = { path: 'none', rows: 0, bytes: 0, sha256: '0'.repeat(64) };
  const manifest: GenerationManifest = {
    generation: 1,
    state: 'computed',
    mode: 'full',
    base: null,
    definitions: definitions.json,
    definitionsVersion: definitions.version,
    reason: 'test',
    createdAt: 0,
    computedAt: 0,
    lastSegment: [0, 0],
    cut: ['1', '1'],
    views: Object.fromEntries(VIEWS.map(({ name }) => [name, file])),
    events: [],
    conversions: [],
    counts: { events: 0, newEvents: 0, duplicates: 0 },
  };
  const store = createMemoryStore({ partitions: PARTITIONS }).serving();
  const serving = createServing({
    partitions: PARTITIONS,
    store,
    source: {
      publication: async () => ({ sequence: 1, generation: 1, action: 'publish', held: false, at: 0, by: 'test' }),
      manifests: async () => [manifest],
      manifest: async () => manifest,
      viewRows: async () => views,
    },
    logReach: { ends: async () => [null, null], starts: async () => [null, null], ageAfter: async () => new Map() },
    storedDefinitions: (json) => storedDefinitions(json, sha256Hex),
    defaultDefinitions: definitions,
    now: () => 0,
    limits: { patienceMs: 1_000, freshMs: 60_000, staleMs: 60_000 },
    onWarning: (message, cause) => {
      throw new Error(message, { cause });
    },
  });
  await store.setPointer({ sequence: 1, generation: 1 });
  await serving.generations.refresh();
  return serving;
}

function questionOf(model: ModelName, asked: Partial<ReportQuestion> = {}): ReportQuestion {
  return {
    models: [model],
    days: { fromDay: null, toDay: null },
    before: null,
    by: ['channel'],
    equal: {},
    layers: 'batch',
    wanted: { conversions: true, revenue: true },
    parameters: { order: 1, alpha: 0.5, seed: 1, transform: null, custom: '30,10..10,30', intervals: null },
    notes: [],
    ...asked,
  };
}

/** Of the first two measures. */
function sumsOf(rows: Iterable<readonly [string, readonly Integer[]]>): [Integer, Integer] {
  let [first, second]: [Integer, Integer] = [0, 0];
  for (const [, measures] of rows) [first, second] = [add(first, measures[0] ?? 0), add(second, measures[1] ?? 0)];
  return [first, second];
}

const CONSERVING = LIVE_NAMES.filter((model) => modelInfo(model).family !== 'counts');

describe('a report, from question to rows', () => {
  test.each([1, 2, 3, 4])('law 4: under every model and by every breakdown, credit is the conversions, seed %i', async (seed) => {
    const random = createRandom(seed);
    const definitions = generateDefinitions(random);
    const shape = { events: 150, users: 6, lateChance: 0, duplicateChance: 0.1 };
    const views = naive(generateEvents(random, shape, definitions), definitions);
    const [conversions, valueMinor] = sumsOf(views.get('conversions') ?? []);
    expect(conversions).toBeGreaterThan(0);
    const serving = await servingOf(definitions, views);
    for (const model of CONSERVING)
      for (const by of [['channel'], ['campaign'], ['day', 'channel'], ['type', 'currency'], []]) {
        const answer = await answerOf(serving, questionOf(model, { by }), HERE);
        const rows = [...keysOf(answer)].map((key) => rowOf(answer, model, key));
        const given = sumsOf(rows.map((row) => ['', [row['creditMicros'] as Integer, row['valueMinor'] as Integer]]));
        expect([model, by, ...given]).toEqual([model, by, Number(conversions) * 1_000_000, valueMinor]);
        expect(totalsOf(answer, model)).toMatchObject({ creditMicros: given[0], valueMinor: given[1] });
        expect(answer.meta).toMatchObject({ complete: true });
      }
  });

  test.each([1, 2, 3])(
    'law 4: refunds are the mirror image of sales, under every model and by every breakdown, seed %i',
    async (seed) => {
      const random = createRandom(seed);
      const definitions = generateDefinitions(random);
      const shape = { events: 150, users: 6, lateChance: 0, duplicateChance: 0 };
      const events = generateEvents(random, shape, definitions);
      // All sales; sales and refunds as they come.
      for (const amountOf of [Math.abs, (value: number) => value]) {
        const [sold, refunded] = await Promise.all(
          [1, -1].map((sign) =>
            servingOf(
              definitions,
              naive(
                events.map((one) => ({ ...one, value: sign * amountOf(one.value ?? 0) })),
                definitions,
              ),
            ),
          ),
        );
        for (const model of LIVE_NAMES)
          for (const by of [['channel'], ['campaign', 'channel'], ['day', 'channel', 'currency'], ['type'], []]) {
            const [sale, refund] = await Promise.all(
              [sold, refunded].map(async (serving) => {
                const answer = await answerOf(serving as ServingContext, questionOf(model, { by }), HERE);
                return new Map([...keysOf(answer)].map((key) => [key, rowOf(answer, model, key)] as const));
              }),
            );
            expect([...(refund?.keys() ?? [])].sort()).toEqual([...(sale?.keys() ?? [])].sort());
            for (const [key, { creditMicros, valueMinor }] of sale ?? []) {
              const mirror = refund?.get(key);
              expect([model, by, key, mirror?.['creditMicros'], mirror?.['valueMinor']]).toEqual([
                ...[model, by, key, creditMicros],
                negate(valueMinor as Integer),
              ]);
            }
          }
      }
    },
  );

  test('law 4: an answer whose credit is not its conversions says so', async () => {
    const random = createRandom(5);
    const definitions = generateDefinitions(random);
    const shape = { events: 150, users: 6, lateChance: 0, duplicateChance: 0 };
    const views = naive(generateEvents(random, shape, definitions), definitions);
    const [[key, [count = 0, value = 0]] = ['', []]] = views.get('conversions') ?? [];
    views.get('conversions')?.set(key, [add(count, 1), value]);
    const serving = await servingOf(definitions, views);
    for (const model of CONSERVING) {
      const { meta } = await answerOf(serving, questionOf(model), HERE);
      expect([model, meta.complete, meta.warnings.join()]).toEqual([model, false, expect.stringContaining('disagree')]);
    }
  });

  test('what a model does not have is refused before anything is read', async () => {
    const unread = {} as ServingContext;
    for (const asked of [{ by: ['position'] }, { by: ['day'], before: { fromDay: null, toDay: null } }])
      await expect(answerOf(unread, questionOf('markov', asked), HERE)).rejects.toMatchObject({ code: 'invalid_query' });
  });
});
