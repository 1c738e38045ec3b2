/** A barrier, or a version, after which records are kept for longer: what was dropped before it is behind the cut, to the millisecond, for good. */
import type { Definitions } from '@tributary/model/definitions';
import { HOUR_MS } from '@tributary/model/time';
import { commitOf } from '@tributary/testkit/contracts/store-under-test';
import { definitionsOf, SMALL_DEFINITIONS, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { createMemoryStore } from '@tributary/testkit/memory/memory-store';
import { recordRetentionMs } from '@tributary/views/record';
import { VIEWS } from '@tributary/views/registry';
import { isRetained, NEVER_CUT } from '@tributary/views/user-state';
import { ITSELF, type View } from '@tributary/views/view';
import { expect, test } from 'vitest';
import { crossBarrier, loadPartition, stateOf } from '../src/partitions/partition-run.ts';
import { DEFAULT_LIMITS } from '../src/pipeline.ts';

const LOG_TIME_MS = 1_000 * HOUR_MS;

const lookingBack = (hours: number) =>
  definitionsOf({
    ...SMALL_DEFINITIONS,
    touches: { ...SMALL_DEFINITIONS.touches, click: { windowDays: hours / 24, defaultChannel: 'direct' } },
    signalRetention: { days: 1 / 24, perUser: 20 },
  });

async function partition() {
  const store = createMemoryStore({ partitions: 1 }).speed();
  const initial = lookingBack(24);
  const run = await loadPartition(0, { store, logIdentity: 'log', initial, sha256Hex, limits: DEFAULT_LIMITS, views: VIEWS });
  run.logTimeMs = LOG_TIME_MS;
  return run;
}

test('law 7: the cut is the newest instant of which a record may lack an event', async () => {
  const run = await partition();
  const { retention } = run.rules;
  expect(recordRetentionMs(run.rules)).toBe(retention.longMs);
  crossBarrier(run, 1, lookingBack(480), DEFAULT_LIMITS, sha256Hex);
  const isKept = (ts: number) => isRetained({ ts, kind: 'touch', once: '' }, LOG_TIME_MS, retention);
  expect([isKept(run.cutTs), isKept(run.cutTs + 1)]).toEqual([false, true]);
});

test('law 7: a cut stays where it was when records begin to be kept for longer and lack older events alone', async () => {
  const run = await partition();
  const cutTs = LOG_TIME_MS - HOUR_MS;
  run.cutTs = cutTs;
  crossBarrier(run, 1, lookingBack(480), DEFAULT_LIMITS, sha256Hex);
  expect(run.cutTs).toBe(cutTs);
});

/** What looks at events alone, and so least far back: the views of an earlier version. */
const OF_EVENTS = VIEWS.filter(({ lens }) => lens === ITSELF);

interface HandOver {
  /** Whether the state says for how long records are kept. */
  readonly note?: boolean;
  readonly cutTs?: number;
  readonly initial?: Definitions;
}

/** A partition that a worker with the views `before` committed, as one with the views `after` loads it. */
async function handedOver(
  before: readonly View[],
  after: readonly View[],
  { note = true, cutTs = NEVER_CUT, initial = lookingBack(24) }: HandOver = {},
) {
  const store = createMemoryStore({ partitions: 1 }).speed();
  const source = { store, logIdentity: 'log', initial, sha256Hex, limits: DEFAULT_LIMITS };
  const run = await loadPartition(0, { ...source, views: before });
  run.logTimeMs = LOG_TIME_MS;
  run.cutTs = cutTs;
  const { keptMs, ...unnoted } = stateOf(run, 'p1', 'log');
  await store.commit(commitOf(null, 'p1', { partition: 0, next: { ...unnoted, ...(note ? { keptMs } : {}) } }));
  return { keptMs, loaded: await loadPartition(0, { ...source, views: after }) };
}

test('law 7: a version whose views look further back knows no timeline that was kept for less long', async () => {
  const { keptMs, loaded } = await handedOver(OF_EVENTS, VIEWS);
  expect(keptMs).toBeLessThan(recordRetentionMs(loaded.rules));
  expect(loaded.cutTs).toBe(LOG_TIME_MS - (keptMs as number));
  expect(stateOf(loaded, 'p2', 'log')).toMatchObject({ cutTs: loaded.cutTs, keptMs: recordRetentionMs(loaded.rules) });
});

test('law 7: a version that looks less far back, or as far, and a state that does not say how long records were kept, cut nothing', async () => {
  for (const [before, after, note] of [
    [VIEWS, VIEWS, true],
    [VIEWS, OF_EVENTS, true],
    [OF_EVENTS, VIEWS, false],
  ] as const)
    expect((await handedOver(before, after, { note })).loaded.cutTs).toBe(NEVER_CUT);
});

test('law 7: an upgrade keeps a newer cut, and signals that are kept for longer than views look back keep their records', async () => {
  const newer = LOG_TIME_MS - HOUR_MS;
  expect((await handedOver(OF_EVENTS, VIEWS, { cutTs: newer })).loaded.cutTs).toBe(newer);
  const initial = definitionsOf({ ...SMALL_DEFINITIONS, signalRetention: { days: 40, perUser: 20 } });
  const { keptMs, loaded } = await handedOver(VIEWS, VIEWS, { initial });
  expect([keptMs, loaded.cutTs]).toEqual([40 * 24 * HOUR_MS, NEVER_CUT]);
  expect((await handedOver(OF_EVENTS, VIEWS, { initial })).loaded.cutTs).toBe(NEVER_CUT);
});
