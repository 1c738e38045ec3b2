/** The speed service: wires the Redis log and store to the worker and turns it until told to stop. */
import { randomUUID } from 'node:crypto';
import { createSpeedStore } from '@tributary/kv/redis-speed-store';
import { openRedisStreamLog } from '@tributary/log/redis-stream/redis-stream-log';
import type { ConfigTable } from '@tributary/runtime/config';
import { loadDefinitions, sha256Hex } from '@tributary/runtime/definitions';
import { connectRedis, whenReady } from '@tributary/runtime/redis';
import { runService } from '@tributary/runtime/service';
import { SHARED_CONFIG } from '@tributary/runtime/shared-config';
import { speedMetrics } from './metrics.ts';
import { createSpeedWorker, DEFAULT_LIMITS } from './pipeline.ts';
import { turnUntilAborted } from './turn.ts';

const CONFIG = {
  ...SHARED_CONFIG,
  batchEntries: {
    type: 'int',
    default: DEFAULT_LIMITS.maxEntries,
    min: 1,
    max: 10_000,
    why: 'log entries of one partition in one commit',
  },
  cachedEvents: {
    type: 'int',
    default: 3_200_000,
    unit: 'events',
    why: 'bound on timelines held in memory, over all partitions (about 200 bytes each)',
  },
  timelineEvents: {
    type: 'int',
    default: DEFAULT_LIMITS.maxTimelineEvents,
    min: 100,
    unit: 'events',
    why: 'bound on one user; beyond it her rows are exact only after the next generation',
  },
} as const satisfies ConfigTable;

await runService('speed', CONFIG, async ({ config, log: logger, metrics, signal }) => {
  const onError = (error: Error) => logger.warn({ err: error.message }, 'redis');
  const store = connectRedis(config.redisUrl, 'commit', onError);
  const commands = connectRedis(config.redisUrl, 'commit', onError);
  const blocking = connectRedis(config.redisUrl, 'blocking', onError);
  await Promise.all([store, commands, blocking].map((redis) => whenReady(redis, 30_000, signal)));
  const log = await openRedisStreamLog({
    commands,
    blocking,
    namespace: 'tributary',
    partitions: config.partitions,
    now: Date.now,
  });
  const process = randomUUID();
  let commits = 0;
  const observed = speedMetrics(metrics, Date.now);
  const worker = createSpeedWorker({
    log,
    store: createSpeedStore(store, 'tributary'),
    definitions: loadDefinitions(config.definitionsFile),
    partitions: Array.from({ length: config.partitions }, (_, partition) => partition),
    sha256Hex,
    commitId: () => `${process}:${++commits}`,
    limits: {
      maxEntries: config.batchEntries,
      maxTimelineEvents: config.timelineEvents,
      maxCachedEvents: Math.ceil(config.cachedEvents / config.partitions),
    },
    onCommitted: observed.committed,
    onReset: (partition, why) => {
      observed.reset(partition);
      logger.warn({ partition, why: why instanceof Error ? why.message : why }, 'state reloaded');
    },
  });
  const turning = turnUntilAborted(worker, signal, (error) => logger.warn({ err: error.message }, 'speed worker waits'));
  return {
    ready: async () => ({ ok: turning.healthy(), detail: turning.detail() }),
    drain: async () => {
      await turning.ended;
      await log.close();
      for (const redis of [store, commands, blocking]) redis.disconnect();
    },
  };
});
