/** A barrier after which records are kept for longer: what was dropped before it is behind the cut, to the millisecond, for good. */
import { HOUR_MS } from '@tributary/model/time';
import { definitionsOf, SMALL_DEFINITIONS, sha256Hex } from '@tributary/testkit/generate-definitions';
import { createMemoryStore } from '@tributary/testkit/memory-store';
import { recordRetentionMs } from '@tributary/views/record';
import { VIEWS } from '@tributary/views/registry';
import { isRetained } from '@tributary/views/user-state';
import { expect, test } from 'vitest';
import { crossBarrier, loadPartition } from '../src/partition-run.ts';
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
  crossBarrier(run, 1, lookingBack(480), DEFAULT_LIMITS);
  const isKept = (ts: number) => isRetained({ ts, kind: 'touch', once: '' }, LOG_TIME_MS, retention);
  expect([isKept(run.cutTs), isKept(run.cutTs + 1)]).toEqual([false, true]);
});

test('law 7: a cut stays where it was when records begin to be kept for longer and lack older events alone', async () => {
  const run = await partition();
  const cutTs = LOG_TIME_MS - HOUR_MS;
  run.cutTs = cutTs;
  crossBarrier(run, 1, lookingBack(480), DEFAULT_LIMITS);
  expect(run.cutTs).toBe(cutTs);
});
