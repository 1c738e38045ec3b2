/** The speed service: wires log, store and its share of the partitions to the worker, and runs it until stopped. */
import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { digestsBy, erasureKey } from '@tributary/archive/erasure-key';
import { erasedBefore, erasedBehind } from '@tributary/archive/forgotten';
import { currentPublication, oldestKept } from '@tributary/archive/publications';
import { lackingVersion } from '@tributary/archive/retention/lacking';
import { retiredBefore } from '@tributary/archive/retention/retired';
import type { ROLE_SETTINGS } from '@tributary/configuration/role-settings';
import { runRole } from '@tributary/configuration/run-role';
import { eventLogConfiguration } from '@tributary/log/configuration';
import { openEventLog } from '@tributary/log/open-log';
import type { EventLog } from '@tributary/log/port';
import { joinAsProcess } from '@tributary/membership/process-member';
import { loadDefinitions, sha256Hex } from '@tributary/runtime/config/definitions';
import { demandFolderOfLog } from '@tributary/runtime/event-log/folder-history';
import { NAMESPACE } from '@tributary/runtime/event-log/keys';
import type { ServiceContext } from '@tributary/runtime/process/service';
import { connectRedis, REDIS_WAIT_MS, whenWritable } from '@tributary/runtime/redis/connect';
import { settled } from '@tributary/runtime/wait';
import { createSpeedStore } from '@tributary/store/commit/redis-speed-store';
import { createMessageRelay } from './messages/relay.ts';
import { outputKinds, sayWhereOutputsDiffer, startPublishing } from './outputs/publishing.ts';
import { createErasedLists, type ErasedLists } from './partitions/erased-lists.ts';
import type { OutputKinds } from './partitions/partition-run.ts';
import { createSpeedWorker, type SpeedWorker, type WorkerLimits } from './pipeline.ts';
import { openArchivedEntries } from './read/archived-entries.ts';
import { recallingLog } from './read/recall.ts';
import { runUntilAborted } from './run-loop.ts';
import { observeProgress, speedMetrics } from './watch/metrics.ts';
import { reportProgress } from './watch/report-progress.ts';
import { observeSignals } from './watch/signal-freshness.ts';
import { createStallWatch, type StallWatch, watchStalls } from './watch/stalled.ts';

type Context = ServiceContext<(typeof ROLE_SETTINGS)['speed']>;

await runRole('speed', async (context) => {
  const { config, log: logger, metrics, disk, signal } = context;
  const onError = (error: Error) => logger.warn({ err: error.message }, 'redis');
  const store = connectRedis(config.redisUrl, 'commit', onError);
  const leases = connectRedis(config.redisUrl, 'commit', onError);
  await Promise.all([store, leases].map((redis) => whenWritable(redis, REDIS_WAIT_MS, signal)));
  const opened = await openEventLog({
    ...(await eventLogConfiguration(config, 'speed', onError, signal)),
    name: 'events',
    now: Date.now,
  });
  // Another folder has nothing of what the log dropped: the worker would note a hole for good.
  await demandFolderOfLog(config.dataDir, opened, { dropsByAge: config.kafkaBrokers !== '', redis: store, signal });
  const stallWatch = createStallWatch();
  const erasedLists = createErasedLists({
    before: (partition) => erasedBefore(config.dataDir, partition),
    behind: (partition, position) => erasedBehind(config.dataDir, partition, position),
    version: () => lackingVersion(config.dataDir),
  });
  let joinRules: SpeedWorker['joinRules'] = () => null;
  const log = withArchive(opened, { erasedLists, stallWatch, joinRules: (partition) => joinRules(partition) }, context);
  const process = randomUUID();
  let commits = 0;
  const observed = speedMetrics(metrics, Date.now);
  const noteSignals = observeSignals(metrics, { sha256Hex, now: Date.now });
  // Whatever may fail fails before this worker holds a share: a lease of the dead keeps the others away.
  const outputs = outputKinds(config.outputs);
  const definitions = await loadDefinitions(config.definitionsFile);
  let assigned: () => ReadonlySet<number> = () => new Set();
  const publishing = await startPublishing(outputs !== 'none', {
    config,
    store,
    assigned: () => assigned(),
    metrics,
    signal,
    onError: (error) => logger.warn({ err: error.message }, 'outputs wait'),
  });
  const onWaiting = (error: Error) => logger.warn({ err: error.message }, 'messages between keys wait');
  const relay = createMessageRelay({ redis: store, log: opened, assigned: () => assigned(), signal, onError: onWaiting });
  const member = await joinAsProcess(process, {
    redis: leases,
    namespace: NAMESPACE,
    group: 'speed',
    partitions: config.partitions,
    ttlMs: config.memberTtlMs,
    signal,
    onChange(partitions) {
      observed.rebalanced();
      logger.info({ partitions: [...partitions] }, 'partitions assigned');
    },
    alike: outputs,
    onDiffering: (others) => sayWhereOutputsDiffer(outputs, others, logger, observed),
    onError: (error) => logger.warn({ err: error.message }, 'no heartbeat'),
  });
  assigned = member.assigned;
  const worker = createSpeedWorker({
    log,
    store: createSpeedStore(store, NAMESPACE, relay.noteMessages),
    definitions,
    partitions: () => new Set([...member.assigned()].filter((p) => publishing.hasRoom(p) && relay.hasRoom(p))),
    sha256Hex,
    digestOf: digestsBy(await erasureKey(config.dataDir)),
    erasedLists,
    retiredBefore: () => retiredBefore(config.dataDir),
    // Where no publication can be read, all is counted.
    oldestRead: async () => oldestKept(await currentPublication(config.dataDir).catch(() => null)),
    commitId: () => `${process}:${++commits}`,
    limits: limitsOf(config, outputs),
    now: () => performance.now(),
    onCommitted(batch) {
      observed.committed(batch);
      noteSignals(batch);
      relay.noteCommit(batch);
      if (batch.commit.outputs !== undefined) publishing.wake(batch.commit.partition, batch.commit.outputs.length);
    },
    onWorked: observed.worked,
    onReset: (partition, why) => {
      observed.reset(partition);
      const reason = why instanceof Error ? why.message : why;
      stallWatch.failed(partition, reason);
      logger.warn({ partition, why: reason }, 'state reloaded');
    },
  });
  ({ joinRules } = worker);
  observeProgress(metrics, { assigned: member.assigned, worker, log, now: Date.now });
  reportProgress(log, worker, signal);
  const stalls = watchStalls(stallWatch, { log, worker, assigned: member.assigned, now: () => performance.now(), signal });
  const running = runUntilAborted(whileDiskHasRoom(worker, disk), signal, (error) =>
    logger.warn({ err: error.message }, 'speed worker waits'),
  );
  return {
    async ready() {
      if (!member.holds()) return { ok: false, detail: `no heartbeat was answered for ${config.memberTtlMs} ms` };
      const stalled = stalls();
      if (stalled !== null) return { ok: false, detail: stalled };
      const { size } = member.assigned();
      return { ok: running.healthy(), detail: `${running.detail()}, ${size} of ${config.partitions} partitions` };
    },
    async drain() {
      // What is under way is committed first: the worker that takes over need not be fenced by it.
      await running.ended;
      // An output log that does not answer must not keep the partitions from the others: its lines are numbered.
      await settled(Promise.all([publishing.ended, relay.ended()]), 1_000);
      await member.leave();
      await log.close();
      for (const redis of [store, leases]) redis.disconnect();
    },
  };
});

/** The log, with the archive before its beginning. */
function withArchive(
  opened: EventLog,
  { erasedLists, stallWatch, joinRules }: { erasedLists: ErasedLists; stallWatch: StallWatch } & Pick<SpeedWorker, 'joinRules'>,
  { config, log: logger }: Context,
): EventLog {
  const archive = openArchivedEntries({
    dataDir: resolve(config.dataDir),
    logIdentity: opened.identity,
    onNotJoined: (partition, why) =>
      logger.warn(
        { partition, err: why.message },
        'the records of a partition cannot be joined in DuckDB: the rest of it is read from the archive line by line, which takes at least twice as long',
      ),
  });
  return recallingLog(opened, erasedLists.guard(archive), {
    now: () => performance.now(),
    joinRules,
    onRecall: (partition, after) => logger.warn({ partition, after }, 'the log begins later: the archive is read first'),
    onHole: (partition, position) =>
      logger.error(
        { partition, position },
        'neither log nor archive has what was read from this position on: answers are incomplete until a generation has computed what is archived of it',
      ),
    onFailed(partition, error, waitMs) {
      stallWatch.failed(partition, error.message);
      logger.error(
        { partition, err: error.message, waitMs },
        'a partition cannot be read now and is tried again; the others go on',
      );
    },
  });
}

function limitsOf(config: Context['config'], outputs: OutputKinds): Partial<WorkerLimits> {
  return {
    maxEntries: config.commitEntries,
    maxTimelineEvents: config.timelineEvents,
    maxCachedEvents: Math.ceil(config.cachedEvents / config.partitions),
    outputs,
  };
}

function whileDiskHasRoom(worker: SpeedWorker, disk: Context['disk']): SpeedWorker {
  return {
    ...worker,
    async runOnce(until) {
      disk.assertRoomToWork();
      return worker.runOnce(until);
    },
  };
}
