/** Faults 1, 4 and 10 on the real process: killed at random times under load, paused and woken beside its successor. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lastSegmentNumber, readSegments } from '@tributary/archive/segments';
import { checkFile } from '@tributary/archive/verify';
import { openRedisStreamLog } from '@tributary/log/redis-stream/redis-stream-log';
import { encodeEvent } from '@tributary/model/event';
import { partitionOf, userKeyOf } from '@tributary/model/user-key';
import { connectRedis } from '@tributary/runtime/redis/connect';
import { startRedis } from '@tributary/testkit/servers/redis-server';
import { expect, onTestFinished, test } from 'vitest';
import { someEvents, withSession } from './archiver-rig.ts';

const PARTITIONS = 4;
const MAIN = new URL('../../services/archiver/src/main.ts', import.meta.url).pathname;

test('law 6: killed ten times under load and shadowed by a woken zombie, the archive holds each acknowledged event once', async () => {
  const redis = await startRedis();
  onTestFinished(redis.stop);
  const dataDir = await mkdtemp(join(tmpdir(), 'tributary-archiver-kill-'));
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  const log = await openRedisStreamLog({
    commands: connectRedis(redis.url, 'commit', () => {}),
    blocking: connectRedis(redis.url, 'blocking', () => {}),
    namespace: 'tributary',
    partitions: PARTITIONS,
    now: Date.now,
  });
  onTestFinished(() => log.close());
  const children: ChildProcess[] = [];
  onTestFinished(() => {
    for (const child of children) child.kill('SIGKILL');
  });
  const start = () => {
    const child = spawn(
      process.execPath,
      [MAIN, '--partitions', String(PARTITIONS), '--spool-rows', '1000', '--member-ttl-ms', '1000'],
      {
        env: { ...process.env, TRIBUTARY_REDIS_URL: redis.url, TRIBUTARY_DATA_DIR: dataDir, TRIBUTARY_LOG_LEVEL: 'silent' },
        stdio: ['ignore', 'inherit', 'inherit'],
      },
    );
    children.push(child);
    return child;
  };

  const acknowledged: string[] = [];
  let loading = true;
  let generation = 0;
  const load = (async () => {
    for (let n = 0; loading; n += 60) {
      const byPartition = Map.groupBy(someEvents(60, n), (event) => partitionOf(userKeyOf(event), PARTITIONS));
      await Promise.all(
        [...byPartition].map(async ([partition, events]) => {
          await log.append(partition, { kind: 'events', body: events.map(encodeEvent).join('\n') });
          acknowledged.push(...events.map((event) => event.id));
        }),
      );
      if (n % 1800 === 0) await barrier(++generation);
      await sleep(5);
    }
  })();
  async function barrier(g: number): Promise<void> {
    const body = JSON.stringify({ generation: g, definitions: '{}' });
    for (let partition = 0; partition < PARTITIONS; partition++) await log.append(partition, { kind: 'barrier', body });
  }

  const kill = async (child: ChildProcess) => {
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  };
  for (let i = 0; i < 10; i++) {
    const child = start();
    // From before it is up to well into its work: uneven on purpose, the same on every run.
    await sleep(500 + ((i * 397) % 1100));
    await kill(child);
  }
  const zombie = start();
  await sleep(1500);
  zombie.kill('SIGSTOP');
  const successor = start();
  await sleep(2000);
  zombie.kill('SIGCONT');
  await sleep(1000);
  loading = false;
  await load;
  await kill(zombie);
  await barrier(++generation);
  await sealedUpTo(generation, dataDir);
  const exit = once(successor, 'exit');
  successor.kill('SIGTERM');
  expect(await exit).toEqual([0, null]);

  const files: string[] = [];
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const segments = await readSegments(dataDir, partition); // checks that ranges are contiguous
    for (const file of segments.flatMap((segment) => segment.files)) {
      await checkFile(dataDir, file);
      files.push(`'${join(dataDir, file.path)}'`);
    }
  }
  const rows = await withSession((s) => s.rows(`SELECT id FROM read_parquet([${files.join(', ')}], hive_partitioning = false)`));
  expect(acknowledged.length).toBeGreaterThan(10_000);
  expect(rows.map((row) => String(row['id'])).sort()).toEqual(acknowledged.sort());
});

async function sealed(dataDir: string): Promise<(number | null)[]> {
  const seals: (number | null)[] = [];
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const last = await lastSegmentNumber(dataDir, partition);
    seals.push(last < 0 ? null : ((await readSegments(dataDir, partition, last))[0]?.seals ?? null));
  }
  return seals;
}

/** However long the backlog is: only an archiver that stands still fails. */
async function sealedUpTo(generation: number, dataDir: string): Promise<void> {
  let before = '';
  for (let movedMs = Date.now(); Date.now() - movedMs < 30_000; await sleep(100)) {
    const seals = await sealed(dataDir);
    if (seals.every((seal) => seal === generation)) return;
    if (seals.join() === before) continue;
    before = seals.join();
    movedMs = Date.now();
  }
  throw new Error(`nothing was sealed for 30 s: generations ${before}, expected ${generation}`);
}
