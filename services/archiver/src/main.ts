/** The archiver service: wires log, its share of the partitions, the speed store's positions, the data folder and DuckDB. */
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type DuckDb, openDuckDb } from '@tributary/archive/duckdb';
import type { ROLE_SETTINGS } from '@tributary/configuration/role-settings';
import { runRole } from '@tributary/configuration/run-role';
import { eventLogConfiguration } from '@tributary/log/configuration';
import { openEventLog } from '@tributary/log/open-log';
import { parseMemberName } from '@tributary/membership/member-name';
import { joinAsProcess } from '@tributary/membership/process-member';
import { demandFolderOfLog } from '@tributary/runtime/event-log/folder-history';
import { NAMESPACE } from '@tributary/runtime/event-log/keys';
import { createArchiveClaims } from '@tributary/runtime/event-log/own-archive';
import type { ServiceContext } from '@tributary/runtime/process/service';
import { connectRedis, REDIS_WAIT_MS, whenWritable } from '@tributary/runtime/redis/connect';
import { createSpeedStore } from '@tributary/store/commit/redis-speed-store';
import { type ArchiverMetrics, archiverMetrics, observeSpools } from './metrics.ts';
import { type ArchiverOptions, createArchiver, DEFAULT_LIMITS } from './pipeline.ts';
import { runUntilAborted } from './run-loop.ts';
import { awayDetail, keepSharing, openShared } from './sharing.ts';
import { stagingFolder } from './sweep.ts';
import { keepSwept } from './sweeping.ts';

type Context = ServiceContext<(typeof ROLE_SETTINGS)['archiver']>;

await runRole('archiver', async ({ config, log: logger, metrics, signal }) => {
  const onError = (error: Error) => logger.warn({ err: error.message }, 'redis');
  const store = connectRedis(config.redisUrl, 'commit', onError);
  const leases = connectRedis(config.redisUrl, 'commit', onError);
  await Promise.all([store, leases].map((redis) => whenWritable(redis, REDIS_WAIT_MS, signal)));

  const observed = archiverMetrics(metrics);
  const log = await openEventLog({
    ...(await eventLogConfiguration(config, 'archiver', onError, signal)),
    name: 'events',
    now: Date.now,
    onRewound: (partition, id) => logger.error({ partition, id }, 'the log lost its tail; it goes on after the position we read'),
  });

  const dataDir = resolve(config.dataDir);
  const claims = createArchiveClaims(store);
  const opened = await openShared({
    archive: config.archive,
    dataDir,
    env: process.env,
    demandFolder: () => demandFolderOfLog(dataDir, log, { dropsByAge: config.kafkaBrokers !== '', redis: store, signal }),
    signal,
  });
  const shared = opened?.shared;
  const writer = randomBytes(4).toString('hex');
  const member = await joinAsProcess(writer, {
    redis: leases,
    namespace: NAMESPACE,
    group: 'archiver',
    partitions: config.partitions,
    ttlMs: config.memberTtlMs,
    signal,
    onChange(assigned) {
      observed.rebalanced();
      logger.info({ partitions: [...assigned] }, 'partitions assigned');
    },
    onError: (error) => logger.warn({ err: error.message }, 'no heartbeat'),
  });
  const endSweeping = await keepSwept({
    dataDir,
    living: () => new Set([writer, ...member.others().map((name) => parseMemberName(name)?.id ?? name)]),
    isJudged: () => opened?.isOpen() ?? true,
    onOrphans: (files) => logger.info({ files }, 'removed files that a crash left unnamed'),
    onError: (error) => logger.warn({ err: error.message }, 'staging was not emptied'),
  });

  let session: DuckDb | undefined;
  signal.addEventListener('abort', () => session?.interrupt());
  const speed = createSpeedStore(store, NAMESPACE);
  const archiver = createArchiver({
    log,
    dataDir,
    claims,
    ...(shared !== undefined && { shared }),
    writer,
    limits: {
      ...DEFAULT_LIMITS,
      maxAgeMs: config.segmentMaxAgeMs,
      spoolRows: config.spoolRows,
      spoolBytes: config.spoolBytes,
    },
    now: Date.now,
    assigned() {
      const own = member.assigned();
      // A lease that ran out says nothing: Redis may be away, and come back as an older copy of itself.
      return member.holds() ? own : null;
    },
    trimDelayMs: config.trimDelayMs,
    async openSession() {
      const tempDir = join(stagingFolder(dataDir, writer), 'duckdb');
      session = await openDuckDb({ memoryLimit: config.archiverMemory, threads: config.archiverThreads, tempDir });
      return session;
    },
    async speedPosition(partition) {
      const state = await speed.loadState(partition);
      return state === null || state.logIdentity !== log.identity ? null : state.position;
    },
    ...reported(observed, logger),
  });
  observeSpools(metrics, Date.now, archiver.spools, member.assigned);
  const running = runUntilAborted(archiver, signal, {
    failed(error, waitMs, paused) {
      observed.failed();
      observed.paused(paused);
      logger.error({ err: error.message, waitMs }, paused ? 'paused: the disk is full' : 'the archiver starts again');
    },
    recovered() {
      observed.paused(false);
      logger.info('archiving again');
    },
  });

  const sharing =
    shared &&
    keepSharing(shared, signal, {
      failed: (error, waitMs) =>
        logger.error({ err: error.message, waitMs }, 'data folder and archive could not be brought up to each other'),
      recovered: () => logger.info('the data folder follows its archive again'),
    });

  return {
    async ready() {
      if (!member.holds()) return { ok: false, detail: `no heartbeat was answered for ${config.memberTtlMs} ms` };
      const trouble = running.trouble() ?? sharing?.trouble() ?? null;
      if (trouble !== null) return { ok: false, detail: awayDetail(trouble) ?? trouble.message };
      if (opened?.isOpen() === false) return { ok: false, detail: `${config.archive} has not answered yet: nothing is archived` };
      return { ok: true, detail: `${member.assigned().size} of ${config.partitions} partitions` };
    },
    async drain() {
      endSweeping();
      // At once: what is closing may take a while, and the one that takes over is fenced or fences, as it comes.
      await Promise.all([running.ended, sharing?.ended, member.leave()]);
      await log.close();
      for (const redis of [store, leases]) redis.disconnect();
      await rm(stagingFolder(dataDir, writer), { recursive: true, force: true });
    },
  };
});

/** What operators see of segments. */
function reported(
  observed: ArchiverMetrics,
  logger: Context['log'],
): Pick<ArchiverOptions, 'onSegment' | 'onFenced' | 'onLostTail'> {
  return {
    onSegment(segment) {
      observed.segment(segment);
      const { partition, number, rows, deadRows, seals } = segment;
      logger.info({ partition, segment: number, rows, deadRows, seals }, 'archived');
    },
    onFenced(partition, number, lostRows) {
      observed.fenced();
      if (lostRows === 0)
        logger.warn({ partition, segment: number }, 'another archiver wrote this segment first; its range is read again');
      else
        logger.error(
          { partition, segment: number, rows: lostRows },
          'another archiver wrote this segment first, and the log no longer has these rows: what that archiver had not read is lost',
        );
    },
    onLostTail(partition, archived, end) {
      observed.lostTail(partition);
      logger.error(
        { partition, archived, end },
        'the log lost entries that this archive holds: it begins after them now, and workers that were behind read them here',
      );
    },
  };
}
