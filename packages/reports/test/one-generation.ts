/** A generation that the oracle computed, served without HTTP, and questions to it. */
import type { GenerationManifest } from '@tributary/archive/layout';
import { type ModelName, modelInfo } from '@tributary/attribution/models/catalogue';
import { compute } from '@tributary/attribution/models/shared-models';
import { type Definitions, storedDefinitions } from '@tributary/model/definitions';
import { add, type Integer } from '@tributary/model/integer';
import { createServing } from '@tributary/serving/serving';
import type { ServingContext } from '@tributary/serving/snapshot';
import { sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { pendingGeneration } from '@tributary/testkit/inputs/pending-generation';
import { createMemoryStore } from '@tributary/testkit/memory/memory-store';
import type { RowsByView } from '@tributary/views/deltas';
import { VIEWS } from '@tributary/views/registry';
import { LIVE_NAMES } from '../src/models/live-models.ts';
import type { ReportQuestion } from '../src/question.ts';
import type { ModelRuns } from '../src/runner/run-models.ts';

const PARTITIONS = 2;
export const HERE: ModelRuns = {
  runner: { timeoutMs: 30_000, run: async (job) => compute(job) },
  asker: { key: 'a test', isGone: () => false },
  turn: async () => {},
};

/** Serves the views of one generation. */
export async function servingOf(definitions: Definitions, views: RowsByView): Promise<ServingContext> {
  const file = { path: 'none', rows: 0, bytes: 0, sha256: '0'.repeat(64) };
  const manifest: GenerationManifest = {
    ...pendingGeneration(definitions),
    generation: 1,
    state: 'computed',
    computedAt: 2,
    lastSegment: [0, 0],
    cut: ['1', '1'],
    views: Object.fromEntries(VIEWS.map(({ name }) => [name, [file]])),
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
      rowsByPartition: async () => new Map(),
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

export function questionOf(model: ModelName, asked: Partial<ReportQuestion> = {}): ReportQuestion {
  return {
    models: [model],
    days: { fromDay: null, toDay: null },
    before: null,
    by: ['channel'],
    equal: {},
    layers: 'batch',
    wanted: { conversions: true, revenue: true },
    parameters: { order: 1, alpha: 0.5, seed: 1, transform: null, custom: '30,10..10,30', intervals: null },
    convertTo: null,
    notes: [],
    ...asked,
  };
}

/** The sums of the first two measures. */
export function sumsOf(rows: Iterable<readonly [string, readonly Integer[]]>): [Integer, Integer] {
  let [first, second]: [Integer, Integer] = [0, 0];
  for (const [, measures] of rows) [first, second] = [add(first, measures[0] ?? 0), add(second, measures[1] ?? 0)];
  return [first, second];
}

export const CONSERVING = LIVE_NAMES.filter((model) => modelInfo(model).family !== 'counts');
