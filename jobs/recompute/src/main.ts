/** The recompute job: wires the queue, the Redis log, the serving store and the data folder to the pipeline. */
import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServingStore } from '@tributary/kv/redis-serving-store';
import { openRedisStreamLog } from '@tributary/log/redis-stream/redis-stream-log';
import { openRecomputeQueue } from '@tributary/queue/recompute-queue';
import { startRecomputeWorker } from '@tributary/queue/recompute-worker';
import type { ConfigTable } from '@tributary/runtime/config';
import { loadDefinitions } from '@tributary/runtime/definitions';
import { connectRedis, whenReady } from '@tributary/runtime/redis';
import { runService } from '@tributary/runtime/service';
import { SHARED_CONFIG } from '@tributary/runtime/shared-config';
import { VIEWS } from '@tributary/views/registry';
import { compareInChild, computeInChild } from './child/child.ts';
import { createDefinitionsParser, createHandler } from './handle.ts';
import { recomputeMetrics } from './metrics.ts';
import { isPassing } from './pipeline.ts';
import { DEFAULT_LIMITS, type RunPorts } from './ports.ts';
import { watchOverdue } from './watchdog.ts';

const { compute } = DEFAULT_LIMITS;
const CONFIG = {
  ...SHARED_CONFIG,
  batchEveryMs: {
    type: 'int',
    default: 15 * 60_000,
    max: 7 * 24 * 3_600_000,
    unit: 'ms',
    why: 'time between scheduled generations; 0: only on demand',
  },
  batchMemoryMb: {
    type: 'int',
    default: compute.memoryMb,
    min: 128,
    unit: 'MiB',
    why: "bound on DuckDB's buffers in the computing child, which may use about twice of it",
  },
  batchThreads: {
    type: 'int',
    default: compute.threads,
    min: 1,
    max: 64,
    unit: 'threads',
    why: 'DuckDB threads of the computing child',
  },
  batchSealTimeoutMs: {
    type: 'int',
    default: DEFAULT_LIMITS.sealTimeoutMs,
    min: 1_000,
    unit: 'ms',
    why: 'a generation fails when the archive is not closed at its barriers after this long',
  },
  batchComputeTimeoutMs: {
    type: 'int',
    default: DEFAULT_LIMITS.computeTimeoutMs,
    min: 1_000,
    unit: 'ms',
    why: 'the computing child is killed after this long',
  },
  batchKeepGenerations: {
    type: 'int',
    default: DEFAULT_LIMITS.keepGenerations,
    min: 2,
    max: 1_000,
    unit: 'generations',
    why: 'computed generations to keep: as far back as a rollback reaches',
  },
} as const satisfies ConfigTable;

const NAMESPACE = 'tributary';

await runService('recompute', CONFIG, async ({ config, log: logger, metrics: registry, signal }) => {
  const onError = (error: Error) => logger.warn({ err: error.message }, 'redis');
  const commands = connectRedis(config.redisUrl, 'commit', onError);
  const blocking = connectRedis(config.redisUrl, 'blocking', onError);
  // Not of the kind "serving": the deltas of a whole generation may take longer than a reader would wait.
  const serving = connectRedis(config.redisUrl, 'commit', onError);
  const jobs = connectRedis(config.redisUrl, 'queue', onError);
  await Promise.all([commands, blocking, serving, jobs].map((redis) => whenReady(redis, 30_000, signal)));

  const log = await openRedisStreamLog({
    commands,
    blocking,
    namespace: NAMESPACE,
    partitions: config.partitions,
    now: Date.now,
  });
  const metrics = recomputeMetrics(registry);
  const ports: RunPorts = {
    dataDir: resolve(config.dataDir),
    log,
    serving: createServingStore(serving, NAMESPACE, config.partitions, VIEWS),
    compute: computeInChild,
    compare: compareInChild,
    parseDefinitions: createDefinitionsParser(),
    configuredDefinitions: () => (config.definitionsFile === '' ? null : loadDefinitions(config.definitionsFile)),
    now: Date.now,
    sleep: (ms, abort) => sleep(ms, undefined, { signal: abort }),
    newAttempt: () => randomBytes(4).toString('hex'),
    reached: (stage, generation) => logger.debug({ stage, generation }, 'reached'),
    note: (message, details) => logger.info(details, message),
    limits: {
      ...DEFAULT_LIMITS,
      compute: { ...compute, memoryMb: config.batchMemoryMb, threads: config.batchThreads },
      sealTimeoutMs: config.batchSealTimeoutMs,
      computeTimeoutMs: config.batchComputeTimeoutMs,
      keepGenerations: config.batchKeepGenerations,
    },
  };

  const worker = await startRecomputeWorker({
    redis: jobs,
    namespace: NAMESPACE,
    handle: createHandler(ports, metrics),
    isPassing,
    onError: (error) => logger.warn({ err: error.message }, 'queue'),
    onFailed: (job, error, final) => logger.error({ job, err: error.message, final }, 'a job failed'),
    now: Date.now,
  });
  const queue = openRecomputeQueue(jobs, NAMESPACE);
  await queue.schedule(config.batchEveryMs);
  const watchdog = {
    everyMs: config.batchEveryMs,
    dataDir: ports.dataDir,
    now: Date.now,
    onLook(lateMs: number) {
      metrics.overdue(lateMs);
      if (lateMs > 0) logger.error({ lateMs, activeJob: worker.active() }, 'a generation is overdue: see "tributary doctor"');
    },
    onError: (error: unknown) => logger.warn({ err: String(error) }, 'the watchdog could not look'),
  };
  watchOverdue(watchdog, signal);

  return {
    async ready() {
      if (!worker.isRunning()) return { ok: false, detail: 'the queue worker does not run' };
      if (jobs.status !== 'ready') return { ok: false, detail: `Redis is ${jobs.status}` };
      return { ok: true, detail: worker.active() === null ? 'idle' : `at job ${worker.active()}` };
    },
    async drain() {
      await worker.stop();
      await queue.close();
      await log.close();
      for (const redis of [serving, jobs]) redis.disconnect();
    },
  };
});
