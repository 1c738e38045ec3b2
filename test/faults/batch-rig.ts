/** Several batch workers as real processes, beside the real archiver and speed worker, over one Redis and one data folder. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openDuckDb } from '@tributary/archive/duckdb';
import { readGeneration } from '@tributary/archive/generations';
import type { GenerationManifest } from '@tributary/archive/layout';
import { readViewRows } from '@tributary/archive/views';
import { programOf, type RoleName } from '@tributary/local/roles';
import { openRedisStreamLog } from '@tributary/log/redis-stream/redis-stream-log';
import { type Event, encodeEvent } from '@tributary/model/event';
import { partitionOf, userKeyOf } from '@tributary/model/user-key';
import { type JobStatus, openRecomputeQueue } from '@tributary/queue/recompute-queue';
import { connectRedis, whenReady } from '@tributary/runtime/redis/connect';
import { type RedisServer, startRedis } from '@tributary/testkit/servers/redis-server';
import type { RowsByView } from '@tributary/views/deltas';
import { VIEWS } from '@tributary/views/registry';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
export const PARTITIONS = 6;
/** Long enough for a machine that does other things as well. */
const LOCK_MS = 3_000;

export interface BatchWorker {
  readonly process: ChildProcess;
  /** Lines of its log, parsed, in order. */
  readonly log: Record<string, unknown>[];
}

export type BatchRig = Awaited<ReturnType<typeof startBatchRig>>;

export async function startBatchRig() {
  const redis: RedisServer = await startRedis();
  const dataDir = await mkdtemp(join(tmpdir(), 'tributary-batch-workers-'));
  const children = new Set<ChildProcess>();
  /** All workers that were ever started, dead ones too. */
  const workers: BatchWorker[] = [];
  const connections: { disconnect(): void }[] = [];

  async function start(role: RoleName, extra: Record<string, string>, onLine: (line: string) => void): Promise<ChildProcess> {
    const child = spawn(process.execPath, [programOf(role)], {
      cwd: ROOT,
      env: {
        ...process.env,
        TRIBUTARY_REDIS_URL: redis.url,
        TRIBUTARY_DATA_DIR: dataDir,
        TRIBUTARY_PARTITIONS: String(PARTITIONS),
        TRIBUTARY_LOG_LEVEL: 'warn',
        ...extra,
      },
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    children.add(child);
    if (child.stdout !== null) createInterface({ input: child.stdout }).on('line', onLine);
    await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(([code]) => Promise.reject(new Error(`${role} ended with ${code} before it was ready`))),
    ]);
    return child;
  }

  async function connect(kind: 'commit' | 'blocking' | 'queue') {
    const connection = connectRedis(redis.url, kind, () => {});
    connections.push(connection);
    await whenReady(connection, 10_000);
    return connection;
  }

  for (const role of ['speed', 'archiver'] as const) await start(role, { TRIBUTARY_LOG_LEVEL: 'silent' }, () => {});
  const log = await openRedisStreamLog({
    commands: await connect('commit'),
    blocking: await connect('blocking'),
    namespace: 'tributary',
    partitions: PARTITIONS,
    now: Date.now,
  });
  const queue = openRecomputeQueue(await connect('queue'), 'tributary');

  return {
    dataDir,
    redis,
    workers,
    queue,

    async startWorker(extra: Record<string, string> = {}): Promise<BatchWorker> {
      const lines: Record<string, unknown>[] = [];
      const env = {
        TRIBUTARY_BATCH_EVERY_MS: '0',
        TRIBUTARY_BATCH_MEMORY_MB: '256',
        TRIBUTARY_BATCH_THREADS: '1',
        TRIBUTARY_BATCH_SHARD_MIN_ROWS: '1',
        TRIBUTARY_BATCH_LOCK_MS: String(LOCK_MS),
        TRIBUTARY_LOG_LEVEL: 'info',
      };
      const worker: BatchWorker = {
        log: lines,
        process: await start('recompute', { ...env, ...extra }, (line) =>
          lines.push(JSON.parse(line) as Record<string, unknown>),
        ),
      };
      workers.push(worker);
      return worker;
    },

    async stop(worker: BatchWorker, signal: NodeJS.Signals): Promise<number | null> {
      children.delete(worker.process);
      const { process: child } = worker;
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
      const exit = once(child, 'exit');
      child.kill(signal);
      await exit;
      return child.exitCode;
    },

    async ingest(events: readonly Event[]): Promise<void> {
      for (let partition = 0; partition < PARTITIONS; partition++) {
        const lines = events.filter((event) => partitionOf(userKeyOf(event), PARTITIONS) === partition).map(encodeEvent);
        for (let i = 0; i < lines.length; i += 500)
          await log.append(partition, { kind: 'events', body: lines.slice(i, i + 500).join('\n') });
      }
    },

    /** The run's status once it ended. */
    async ended(jobId: string): Promise<JobStatus> {
      return until('the end of the run', async () => {
        const status = await queue.status(jobId).catch(() => null);
        return status !== null && ['completed', 'failed'].includes(status.state) ? status : undefined;
      });
    },

    /** Shards whose part is recorded, of the run under way: `shards-1-…/0003`. */
    async recorded(): Promise<string[]> {
      const folders = await readdir(join(dataDir, 'staging')).catch(() => []);
      const names = folders
        .filter((folder) => folder.startsWith('shards-'))
        .map(async (folder) =>
          (await readdir(join(dataDir, 'staging', folder)).catch(() => []))
            .filter((name) => /^\d{4}\.json$/.test(name))
            .map((name) => `${folder}/${name.slice(0, 4)}`),
        );
      return (await Promise.all(names)).flat();
    },

    manifest: (generation: number): Promise<GenerationManifest> => readGeneration(dataDir, generation),

    async viewsOf(generation: number): Promise<RowsByView> {
      const manifest = await readGeneration(dataDir, generation);
      const session = await openDuckDb({ memoryLimit: '128MB', threads: 1, tempDir: join(dataDir, 'spill') });
      const rows: RowsByView = new Map();
      for (const view of VIEWS) rows.set(view.name, await readViewRows(session, dataDir, manifest, view));
      await session.close();
      return rows;
    },

    async close(): Promise<void> {
      await queue.close().catch(() => {});
      await log.close();
      for (const child of children) {
        // A stopped process takes no other signal than this.
        const exit = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
        child.kill('SIGKILL');
        await exit;
      }
      for (const connection of connections) connection.disconnect();
      await redis.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** What these workers say of shards they were at: `computed` ones by number, with repetition. */
export function computedShards(workers: readonly BatchWorker[], generation: number): number[] {
  return workers.flatMap(({ log }) =>
    log
      .filter((line) => line['msg'] === 'a shard is done' && line['outcome'] === 'computed' && line['generation'] === generation)
      .map((line) => line['number'] as number),
  );
}

export async function until<T>(what: string, look: () => Promise<T | undefined | false> | T | undefined | false): Promise<T> {
  const deadline = Date.now() + 120_000;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`${what} did not happen within 120 s`);
    await sleep(50);
  }
}
