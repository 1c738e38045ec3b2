/** The archiver service: wires the Redis log, the speed store's positions, the data folder and DuckDB. */
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type DuckDb, openDuckDb } from '@tributary/archive/duckdb';
import { createSpeedStore } from '@tributary/kv/redis-speed-store';
import { openRedisStreamLog } from '@tributary/log/redis-stream/redis-stream-log';
import type { ConfigTable } from '@tributary/runtime/config';
import { connectRedis, whenReady } from '@tributary/runtime/redis';
import { runService } from '@tributary/runtime/service';
import { SHARED_CONFIG } from '@tributary/runtime/shared-config';
import { archiverMetrics } from './metrics.ts';
import { createArchiver, DEFAULT_LIMITS } from './pipeline.ts';
import { stagingFolder, sweepOrphans, sweepStaging } from './sweep.ts';
import { turnUntilAborted } from './turns.ts';

const CONFIG = {
  ...SHARED_CONFIG,
  segmentMaxAgeMs: {
    type: 'int',
    default: DEFAULT_LIMITS.maxAgeMs,
    min: 1_000,
    unit: 'ms',
    why: 'an event is in Parquet after this long even without a generation; longer than the time between generations',
  },
  spoolRows: {
    type: 'int',
    default: DEFAULT_LIMITS.spoolRows,
    min: 1_000,
    unit: 'rows',
    why: 'events waiting for Parquet over all partitions; the log keeps as many',
  },
  spoolBytes: {
    type: 'int',
    default: DEFAULT_LIMITS.spoolBytes,
    min: 1024 * 1024,
    unit: 'bytes',
    why: 'the same bound in bytes on disk',
  },
  archiverMemory: { type: 'string', default: '768MB', why: "bound on DuckDB's buffers while it writes Parquet" },
  archiverThreads: { type: 'int', default: 2, min: 1, max: 64, unit: 'threads', why: 'DuckDB threads while it writes Parquet' },
} as const satisfies ConfigTable;

await runService('archiver', CONFIG, async ({ config, log: logger, metrics, signal }) => {
  const onError = (error: Error) => logger.warn({ err: error.message }, 'redis');
  const [store, commands, blocking] = [
    connectRedis(config.redisUrl, 'commit', onError),
    connectRedis(config.redisUrl, 'commit', onError),
    connectRedis(config.redisUrl, 'blocking', onError),
  ];
  await Promise.all([store, commands, blocking].map((redis) => whenReady(redis, 30_000, signal)));

  const lostTail = (partition: number, archived: string, end: string | null) => {
    observed.lostTail(partition);
    logger.error({ partition, archived, end }, 'the log ends before what is archived: it lost entries that this archive holds');
  };
  const log = await openRedisStreamLog({
    commands,
    blocking,
    namespace: 'tributary',
    partitions: config.partitions,
    now: Date.now,
    onRewound: (partition, id) => logger.error({ partition, id }, 'the log lost its tail; it goes on after the position we read'),
  });

  const dataDir = resolve(config.dataDir);
  const writer = randomBytes(4).toString('hex');
  await sweepStaging(dataDir, Date.now());
  const orphans = await sweepOrphans(dataDir);
  if (orphans.length > 0) logger.info({ files: orphans.length }, 'removed files that a crash left unnamed');

  let session: DuckDb | undefined;
  signal.addEventListener('abort', () => session?.interrupt());
  const speed = createSpeedStore(store, 'tributary');
  const archiver = createArchiver({
    log,
    dataDir,
    writer,
    limits: {
      ...DEFAULT_LIMITS,
      maxAgeMs: config.segmentMaxAgeMs,
      spoolRows: config.spoolRows,
      spoolBytes: config.spoolBytes,
    },
    now: Date.now,
    async openSession() {
      const tempDir = join(stagingFolder(dataDir, writer), 'duckdb');
      session = await openDuckDb({ memoryLimit: config.archiverMemory, threads: config.archiverThreads, tempDir });
      return session;
    },
    async speedPosition(partition) {
      const state = await speed.loadState(partition);
      return state === null || state.logIdentity !== log.identity ? null : state.position;
    },
    onSegment(segment) {
      observed.segment(segment);
      const { partition, number, rows, deadRows, seals } = segment;
      logger.info({ partition, segment: number, rows, deadRows, seals }, 'archived');
    },
    onFenced(partition, number) {
      observed.fenced();
      logger.warn({ partition, segment: number }, 'another archiver wrote this segment first; its range is read again');
    },
    onLostTail: lostTail,
  });
  const observed = archiverMetrics(metrics, Date.now, archiver.spools);
  const turning = turnUntilAborted(archiver, signal, {
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

  return {
    async ready() {
      const trouble = turning.trouble();
      return { ok: trouble === null, detail: trouble?.message ?? `${config.partitions} partitions` };
    },
    async drain() {
      await turning.ended;
      await log.close();
      store.disconnect();
      await rm(stagingFolder(dataDir, writer), { recursive: true, force: true });
    },
  };
});
