/** The serving API: wires Redis, the log, the data folder and the queue to the routes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { cancelQuestion, createQuestion, listQuestions, readComparison, readQuestion } from '@tributary/archive/asked/questions';
import { createArchiveReader } from '@tributary/archive/readers/archive-reader';
import { createConcurrencyLimit } from '@tributary/archive/readers/concurrency-limit';
import { openDataFolder } from '@tributary/archive/readers/data-folder';
import { sweepApiStaging } from '@tributary/archive/readers/generation-file';
import { runRole } from '@tributary/configuration/run-role';
import { eventLogConfiguration } from '@tributary/log/configuration';
import { openEventLog } from '@tributary/log/open-log';
import { MINUTE_MS } from '@tributary/model/time';
import { openComputationProgress } from '@tributary/queue/computation-progress';
import { openQuestionQueue } from '@tributary/queue/question-queue';
import { openRecomputeQueue } from '@tributary/queue/recompute-queue';
import { openShownQueues } from '@tributary/queue/shown-queues';
import { VIEWS_BY_CHANNEL } from '@tributary/reports/models/live-models';
import { createModelRunner } from '@tributary/reports/runner/runner';
import { loadDefinitions, sha256Hex } from '@tributary/runtime/config/definitions';
import { listOf } from '@tributary/runtime/config/list-of';
import { NAMESPACE } from '@tributary/runtime/event-log/keys';
import { listenTrouble } from '@tributary/runtime/http/listen-trouble';
import { createUnreadAnswers } from '@tributary/runtime/http/unread-answers';
import { followKeys } from '@tributary/runtime/keys/ring';
import { connectRedis, REDIS_WAIT_MS, whenWritable } from '@tributary/runtime/redis/connect';
import { rememberDefinitions } from '@tributary/serving/generations/definitions-memory';
import { createServing, keepUpToDate } from '@tributary/serving/serving';
import { createKeptValues } from '@tributary/serving/users/kept-values';
import { createServingStore } from '@tributary/store/serving/redis-serving-store';
import { createSubjectReads } from '@tributary/store/subjects/redis-subject-reads';
import { VIEWS } from '@tributary/views/registry';
import { buildApp } from './app.ts';
import { openComputationDesk } from './computation-desk.ts';
import { consoleFiles } from './console/pages.ts';
import type { ApiContext } from './context.ts';
import { openErasureDesk } from './erasures/desk.ts';
import { liftedSince } from './erasures/lifted-since.ts';
import { takeBackAtStart } from './erasures/take-back.ts';
import { openOutputs } from './export/open-outputs.ts';
import { createExportTurns } from './export/turns.ts';
import { QUEUES_PAGE } from './http/auth.ts';
import { computationMetrics, keptValuesMetrics, requestTimer, servingMetrics } from './http/metrics.ts';
import { createRecordReader } from './http/record-reader.ts';
import { type ApiDeps, DEFAULT_LIMITS } from './ports.ts';
import { openRetirementDesk } from './retirement-desk.ts';
import { readinessOf } from './routes/health.ts';
import { openSetDesk } from './set-desk.ts';
import { watchOf } from './stream/computation-watch.ts';
import { warmUp } from './warm-up.ts';

const CLOSE_MS = 2_000;
const MIB = 1024 * 1024;

/**
 * Records pass through this process as buffers of 64 KB, a megabyte a query of 100 users. By itself V8 marks its whole heap after each 64 MB
 * of them, a quarter of all processor time; with this they count like other memory, against the bound of the heap.
 */
setFlagsFromString('--external-memory-accounted-in-global-limit');

await runRole('api', async ({ config, log: logger, metrics, disk, signal }) => {
  const onError = (error: Error) => logger.warn({ err: error.message }, 'redis');
  const serving = connectRedis(config.redisUrl, 'serving', onError);
  const bulk = connectRedis(config.redisUrl, 'bulk', onError);
  await Promise.all([serving, bulk].map((redis) => whenWritable(redis, REDIS_WAIT_MS, signal)));
  const log = await openEventLog({
    ...(await eventLogConfiguration(config, 'api', onError, signal)),
    name: 'events',
    now: Date.now,
  });
  const queued = connectRedis(config.redisUrl, 'queue', onError);
  const queue = openRecomputeQueue(queued, NAMESPACE);
  const questions = openQuestionQueue(queued, NAMESPACE);
  const { dataDir, partitions } = config;
  const memoryLimit = `${config.apiDuckdbMemoryMb}MiB`;
  const onWarning = (message: string, cause: unknown) => logger.warn({ err: cause }, message);

  const deps: ApiDeps = {
    partitions,
    store: createServingStore(serving, NAMESPACE, partitions, VIEWS, { bulk }),
    source: openDataFolder({ dataDir, views: VIEWS, now: Date.now, memoryLimit }),
    archive: createArchiveReader({ dataDir, partitions, memoryLimit }),
    keys: followKeys(dataDir, logger),
    requestRun: (request) => queue.requestRun(request),
    schedules: queue.schedules,
    runs: { find: queue.run, list: queue.runs, cancel: queue.cancel, retry: queue.retry },
    questions: {
      create: (asked) => createQuestion(dataDir, asked),
      read: (id) => readQuestion(dataDir, id),
      list: () => listQuestions(dataDir),
      cancel: (id, atMs) => cancelQuestion(dataDir, id, atMs),
      enqueue: questions.ask,
      state: questions.state,
      remove: questions.remove,
      comparison: (id, name) => readComparison(dataDir, id, name),
    },
    trainingSets: openSetDesk(dataDir, questions),
    computations: openComputationDesk(dataDir, openComputationProgress(queued, NAMESPACE)),
    erasures: await openErasureDesk(dataDir),
    retirements: openRetirementDesk(dataDir),
    append: log.append,
    newestOf: log,
    onAction: (what, about) => logger.info(about, what),
    logReach: log,
    storedDefinitions: rememberDefinitions(sha256Hex),
    defaultDefinitions: await loadDefinitions(config.definitionsFile),
    now: Date.now,
    limits: {
      ...DEFAULT_LIMITS,
      maxInFlight: config.apiMaxInFlight,
      maxConnections: config.apiMaxConnections,
      bodyBytes: config.apiBodyBytes,
      archiveConcurrency: config.apiArchiveConcurrency,
      archiveTimeoutMs: config.apiArchiveTimeoutMs,
      patienceMs: config.apiPatienceMs,
    },
    exports: {
      dataDir,
      memoryLimit,
      log,
      openOutputs: () => openOutputs(config, bulk, onError),
      subjects: createSubjectReads(bulk, NAMESPACE),
    },
    metrics,
    trustedProxies: listOf(config.apiTrustedProxies),
    collectors: listOf(config.apiCollectors),
    onWarning,
    diskTrouble: disk.trouble,
  };
  const merge = createServing({ ...deps, mayFallBack: async (older) => (await liftedSince(deps, older)) === 0 });
  const context: ApiContext = {
    ...merge,
    records: createRecordReader(deps.store, { ...merge.board, partitions, now: deps.now }),
    archiveLimit: createConcurrencyLimit(deps.limits.archiveConcurrency, deps.limits.archiveTimeoutMs),
    unread: createUnreadAnswers(deps.limits),
    models: createModelRunner(),
    exportTurns: createExportTurns(deps.limits.exports),
    computations: watchOf(deps),
    keptValues: createKeptValues(config.apiKeptValuesMb * MIB),
  };
  const warm = context.models.start().catch((cause) => onWarning('the thread of the models did not start', cause));
  servingMetrics(metrics, context);
  computationMetrics(metrics, context);
  keptValuesMetrics(metrics, context);
  sweepApiStaging(dataDir, Date.now() - 2 * deps.limits.exportMs).catch((cause) =>
    onWarning('what killed processes left in staging/api could not be removed', cause),
  );
  const app = await buildApp(context, {
    origins: config.apiOrigins,
    timer: requestTimer(metrics),
    console: consoleFiles(onWarning),
    openBoard: async () => (await import('./admin/bull-board.ts')).openBullBoard(openShownQueues(queued, NAMESPACE), QUEUES_PAGE),
  });

  // A request that published an older generation may have died before it looked for lifts.
  await takeBackAtStart(context, signal);
  const stop = keepUpToDate(context, VIEWS_BY_CHANNEL, () => warmUp(context));
  const lettingGo = setInterval(() => context.keptValues.letGoOfOld(), MINUTE_MS);

  await warm;
  try {
    await app.listen({ host: config.host, port: config.apiPort });
  } catch (cause) {
    throw listenTrouble(cause, 'TRIBUTARY_API_PORT', config.host, config.apiPort);
  }
  logger.info({ host: config.host, port: config.apiPort }, 'answering');

  return {
    ready: () => readinessOf(context),
    async drain() {
      stop();
      clearInterval(lettingGo);
      await app.close();
      // A connection that waits for a Redis which is gone must not hold up the end.
      await Promise.race([Promise.all([log.close(), queue.close(), questions.close()]), sleep(CLOSE_MS)]);
      for (const redis of [serving, bulk, queued]) redis.disconnect();
    },
  };
});
