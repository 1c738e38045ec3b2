/** The recompute job: wires the queue, the log, the serving store and the data folder to the pipeline. */
import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ROLE_SETTINGS } from '@tributary/configuration/role-settings';
import { runRole } from '@tributary/configuration/run-role';
import { eventLogConfiguration } from '@tributary/log/configuration';
import { openEventLog } from '@tributary/log/open-log';
import type { EventLog } from '@tributary/log/port';
import { startQuestions } from '@tributary/question/start';
import { openRecomputeQueue } from '@tributary/queue/recompute-queue';
import { startRecomputeWorker } from '@tributary/queue/recompute-worker';
import { startShardWorker } from '@tributary/queue/shard-worker';
import { loadDefinitions } from '@tributary/runtime/config/definitions';
import { isTransient } from '@tributary/runtime/error-kinds';
import { demandFolderOfLog } from '@tributary/runtime/event-log/folder-history';
import { NAMESPACE } from '@tributary/runtime/event-log/keys';
import type { ServiceContext } from '@tributary/runtime/process/service';
import { connectRedis, REDIS_WAIT_MS, type RedisConnection, whenWritable } from '@tributary/runtime/redis/connect';
import { rewriteRedisFiles } from '@tributary/runtime/redis/rewrite-files';
import { createServingStore } from '@tributary/store/serving/redis-serving-store';
import { VIEWS } from '@tributary/views/registry';
import { clearCancelled } from './cancel.ts';
import {
  compareInChild,
  computeInChild,
  computePartInChild,
  mergeInChild,
  retireInChild,
  rewriteInChild,
  startComputing,
  weighInChild,
} from './child/child.ts';
import { createShardHandler, mayRetryShard } from './distribute/shard-handler.ts';
import { shardVersion } from './distribute/version.ts';
import { DEFAULT_LIMITS, examinedBy, type RunPorts } from './ports.ts';
import { compareChanged } from './reconcile/compare-definitions.ts';
import { whenTrimmed } from './retire/redis-files.ts';
import { createDefinitionsParser, createRunHandler } from './run-handler.ts';
import { type RecomputeMetrics, recomputeMetrics } from './watch/metrics.ts';
import { watchPending } from './watch/pending-events.ts';
import { followSchedules, pendingWatchOf, watchdogOf } from './watch/schedules.ts';
import { watchRuns } from './watch/watchdog.ts';

/** Reconciliation, retirement and merging follow what has a bound of its own, ms. */
const WEDGED_SLACK_MS = 10 * 60_000;

type Context = ServiceContext<(typeof ROLE_SETTINGS)['recompute']>;

await runRole('recompute', async (context) => {
  const { config, log: logger, metrics: registry, signal } = context;
  const onError = (error: Error) => logger.warn({ err: error.message }, 'redis');
  // Not of the kind "serving": the deltas of a whole generation may take longer than a reader would wait.
  const serving = connectRedis(config.redisUrl, 'commit', onError);
  const jobs = connectRedis(config.redisUrl, 'queue', onError);
  await Promise.all([serving, jobs].map((redis) => whenWritable(redis, REDIS_WAIT_MS, signal)));

  const log = await openEventLog({
    ...(await eventLogConfiguration(config, 'recompute', onError, signal)),
    name: 'events',
    now: Date.now,
  });
  // A run would publish what it finds: in another folder, nothing.
  await demandFolderOfLog(config.dataDir, log, { dropsByAge: config.kafkaBrokers !== '', redis: serving, signal });
  const metrics = recomputeMetrics(registry);
  const version = shardVersion();
  const ports = portsOf(context, {
    log,
    serving: createServingStore(serving, NAMESPACE, config.partitions, VIEWS),
    redis: serving,
    version,
    metrics,
  });
  /** The last run that gave up, until one succeeds. */
  let failed: string | null = null;
  const handle = createRunHandler(ports, metrics);
  const common = {
    redis: jobs,
    namespace: NAMESPACE,
    onError: (error: Error) => logger.warn({ err: error.message }, 'queue'),
    onFailed: (job: string, error: Error, final: boolean) => {
      if (final) failed = `job ${job} failed: ${error.message}`;
      logger.error({ job, err: error.message, final }, 'a job failed');
    },
    lockMs: config.batchLockMs,
    now: Date.now,
  };
  const concurrency = config.batchShardWorkers;
  // First: a run that begins at once counts on it.
  const shardWorker =
    concurrency === 0
      ? null
      : await startShardWorker({
          ...common,
          version,
          concurrency,
          handle: createShardHandler({ ...ports, computePart: computePartInChild }, metrics),
          mayRetry: mayRetryShard,
        });
  const queue = openRecomputeQueue(jobs, NAMESPACE);
  const worker = await startRecomputeWorker({
    ...common,
    ...(concurrency > 0 && { shards: { version, slotsPerProcess: concurrency } }),
    async handle(...run: Parameters<typeof handle>) {
      const done = await handle(...run);
      failed = null;
      const { schedule } = run[0].data;
      if (schedule !== undefined) await queue.schedules.done(schedule, Date.now()).catch(onError);
      return done;
    },
    isTransient,
    onCancelled: async (begun, cancelled) => {
      await clearCancelled(begun, cancelled, ports);
      logger.info({ generation: begun?.generation ?? null, by: cancelled.by, why: cancelled.why }, 'a run was cancelled');
    },
  });
  const questions = await startQuestions(
    {
      ...common,
      // What becomes of a question is in its files; runs go on, so the process stays ready.
      onFailed: (job, error, final) => logger.error({ job, err: error.message, final }, 'a question to the archive failed'),
      onSweepError: (error) => logger.warn({ err: String(error) }, 'questions to the archive that expired could not be removed'),
    },
    { ...ports, compareChanged: (changed, abort) => compareChanged(changed, ports, abort) },
  );
  await followSchedules(queue.schedules, config.batchEveryMs, logger);
  const longestRunMs = config.batchSealTimeoutMs + 2 * config.batchComputeTimeoutMs + WEDGED_SLACK_MS;
  const watched = { dataDir: ports.dataDir, longestRunMs, everyMs: config.batchEveryMs, queue, metrics, logger };
  watchRuns(watchdogOf({ ...watched, active: worker.active }), signal);
  watchPending(pendingWatchOf({ ports, runAtPending: config.batchRunAtPending, queue, logger }), signal);

  return {
    async ready() {
      if (!worker.isRunning() || !questions.isRunning() || shardWorker?.isRunning() === false)
        return { ok: false, detail: 'the queue worker does not run' };
      if (jobs.status !== 'ready') return { ok: false, detail: `Redis is ${jobs.status}` };
      if (failed !== null) return { ok: false, detail: failed };
      const at = [worker.active() ?? [], questions.active(), shardWorker?.active() ?? []].flat();
      return { ok: true, detail: at.length === 0 ? 'idle' : `at job ${at.join(', ')}` };
    },
    async drain() {
      await Promise.all([worker.stop(), questions.stop(), shardWorker?.stop()]);
      await queue.close();
      await log.close();
      for (const redis of [serving, jobs]) redis.disconnect();
    },
  };
});

interface Connected {
  readonly log: RunPorts['log'] & Pick<EventLog, 'hasDropped'>;
  readonly serving: RunPorts['serving'];
  readonly redis: RedisConnection;
  readonly version: string;
  readonly metrics: RecomputeMetrics;
}

function portsOf({ config, log: logger }: Context, { log, redis, serving, version, metrics }: Connected): RunPorts {
  return {
    program: version,
    dataDir: resolve(config.dataDir),
    log,
    serving,
    compute: computeInChild,
    startComputing,
    weigh: weighInChild,
    compare: compareInChild,
    merge: mergeInChild,
    rewrite: rewriteInChild,
    retire: retireInChild,
    rewriteRedisFiles: whenTrimmed({ log, rewrite: () => rewriteRedisFiles(redis) }),
    parseDefinitions: createDefinitionsParser(),
    configuredDefinitions: async () => (config.definitionsFile === '' ? null : loadDefinitions(config.definitionsFile)),
    now: Date.now,
    sleep: (ms, abort) => sleep(ms, undefined, { signal: abort }),
    newAttempt: () => randomBytes(4).toString('hex'),
    reached: (stage, generation) => logger.debug({ stage, generation }, 'reached'),
    onEngineDefects: metrics.engineDefects,
    note: (message, details) => logger.info(details, message),
    limits: {
      ...DEFAULT_LIMITS,
      compute: { ...DEFAULT_LIMITS.compute, memoryMb: config.batchMemoryMb, threads: config.batchThreads },
      sealTimeoutMs: config.batchSealTimeoutMs,
      computeTimeoutMs: config.batchComputeTimeoutMs,
      minShardRows: config.batchShardMinRows,
      examine: { ...DEFAULT_LIMITS.examine, ...examinedBy(config.batchExamineEvents) },
      keepGenerations: config.batchKeepGenerations,
      keepForMs: config.batchKeepForMs,
      keepBytes: config.batchKeepBytes,
    },
  };
}
