/** Faults 1 and 4 on real archivers without a common disk, whose archive lies in a place that they share: each has a data folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openSharedArchive } from '@tributary/archive/changes/shared-archive';
import { folderStore } from '@tributary/archive/objects/folder';
import { readSegments } from '@tributary/archive/segments';
import { checkFile } from '@tributary/archive/verify';
import { openRedisStreamLog } from '@tributary/log/redis-stream/redis-stream-log';
import { encodeEvent } from '@tributary/model/event';
import { partitionOf, userKeyOf } from '@tributary/model/user-key';
import { connectRedis } from '@tributary/runtime/redis/connect';
import { startRedis } from '@tributary/testkit/servers/redis-server';
import { expect, onTestFinished, test } from 'vitest';
import { someEvents, withSession } from './archiver-rig.ts';

const PARTITIONS = 2;
const MAIN = new URL('../../services/archiver/src/main.ts', import.meta.url).pathname;
const GENERATIONS = 8;

test('law 6: machines killed in turn archive each acknowledged event once, and an empty folder gets all of it', async () => {
  const redis = await startRedis();
  onTestFinished(redis.stop);
  const folder = await mkdtemp(join(tmpdir(), 'tributary-machines-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const log = await openRedisStreamLog({
    commands: connectRedis(redis.url, 'commit', () => {}),
    blocking: connectRedis(redis.url, 'blocking', () => {}),
    namespace: 'tributary',
    partitions: PARTITIONS,
    now: Date.now,
  });
  onTestFinished(() => log.close());
  const children = new Set<ChildProcess>();
  onTestFinished(() => {
    for (const child of children) child.kill('SIGKILL');
  });
  const start = (machine: string) => {
    const flags = ['--partitions', String(PARTITIONS), '--member-ttl-ms', '1000', '--archive', join(folder, 'place')];
    const child = spawn(process.execPath, [MAIN, ...flags], {
      env: {
        ...process.env,
        TRIBUTARY_REDIS_URL: redis.url,
        TRIBUTARY_DATA_DIR: join(folder, machine),
        TRIBUTARY_LOG_LEVEL: 'silent',
      },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    children.add(child);
    return child;
  };
  const end = async (child: ChildProcess, by: NodeJS.Signals) => {
    const exit = once(child, 'exit');
    child.kill(by);
    children.delete(child);
    return exit;
  };

  const reader = join(folder, 'reader');
  const shared = openSharedArchive({ dataDir: reader, store: folderStore(join(folder, 'place')), newId: randomUUID, sleep });
  const sealed = async () => {
    await shared.follow();
    const all = await Promise.all(Array.from({ length: PARTITIONS }, (_, partition) => readSegments(reader, partition)));
    return Math.min(...all.map((segments) => Math.max(0, ...segments.map(({ seals }) => seals ?? 0))));
  };
  const acknowledged: string[] = [];
  let running = start('one');
  for (let generation = 1; generation <= GENERATIONS; generation++) {
    const byPartition = Map.groupBy(someEvents(60, generation * 60), (event) => partitionOf(userKeyOf(event), PARTITIONS));
    for (const [partition, events] of byPartition) {
      await log.append(partition, { kind: 'events', body: events.map(encodeEvent).join('\n') });
      acknowledged.push(...events.map((event) => event.id));
    }
    const body = JSON.stringify({ generation, definitions: '{}' });
    for (let partition = 0; partition < PARTITIONS; partition++) await log.append(partition, { kind: 'barrier', body });
    // Somewhere between the first object of a generation and its end, on one machine, and then on the other one.
    if (generation % 2 === 0) await sleep(generation * 12);
    else while ((await sealed()) < generation) await sleep(20);
    const next = start(generation % 2 === 0 ? 'one' : 'two');
    await end(running, 'SIGKILL');
    running = next;
  }
  while ((await sealed()) < GENERATIONS) await sleep(50);
  expect(await end(running, 'SIGTERM')).toEqual([0, null]);

  const files: string[] = [];
  for (let partition = 0; partition < PARTITIONS; partition++)
    for (const file of (await readSegments(reader, partition)).flatMap((segment) => segment.files)) {
      await checkFile(reader, file);
      files.push(`'${join(reader, file.path)}'`);
    }
  const rows = await withSession((s) => s.rows(`SELECT id FROM read_parquet([${files.join(', ')}], hive_partitioning = false)`));
  expect(rows.map((row) => String(row['id'])).sort()).toEqual(acknowledged.sort());
});
