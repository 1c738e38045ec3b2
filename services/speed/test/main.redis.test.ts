/** The speed worker as a process of its own, over a real Redis: what it looks at before it takes a share of the partitions. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRedisStreamLog } from '@tributary/log/redis-stream/redis-stream-log';
import { connectRedis, whenReady } from '@tributary/runtime/redis/connect';
import { startRedis } from '@tributary/testkit/servers/redis-server';
import { expect, onTestFinished, test } from 'vitest';

const MAIN = join(import.meta.dirname, '../src/main.ts');
const PARTITIONS = 2;

test('law 6: over a folder that has nothing of what the log dropped, as one that is not mounted, it ends and leaves no state', async () => {
  const redis = await startRedis();
  const unmounted = await mkdtemp(join(tmpdir(), 'tributary-unmounted-'));
  const [commands, blocking] = [connectRedis(redis.url, 'commit', () => {}), connectRedis(redis.url, 'blocking', () => {})];
  onTestFinished(async () => {
    for (const connection of [commands, blocking]) connection.disconnect();
    await redis.stop();
    await rm(unmounted, { recursive: true });
  });
  await whenReady(commands, 10_000);
  const log = await openRedisStreamLog({ commands, blocking, namespace: 'tributary', partitions: PARTITIONS, now: Date.now });
  const heartbeat = { kind: 'heartbeat', body: JSON.stringify({ ts: Date.now() }) } as const;
  const first = await log.append(1, heartbeat);
  await log.append(1, heartbeat);
  await log.trim(1, first);

  const worker = spawn(process.execPath, [MAIN], {
    env: {
      ...process.env,
      TRIBUTARY_REDIS_URL: redis.url,
      TRIBUTARY_DATA_DIR: unmounted,
      TRIBUTARY_PARTITIONS: String(PARTITIONS),
    },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  onTestFinished(() => void worker.kill('SIGKILL'));
  let said = '';
  worker.stdout?.on('data', (chunk) => (said += chunk));
  // Ready would be a message.
  const ended = await Promise.race([once(worker, 'close').then(([code]) => code), once(worker, 'message').then(() => 'ready')]);
  expect([ended, said]).toEqual([1, expect.stringContaining(`must be the folder of this log (got \\"${unmounted}\\"`)]);
  expect((await commands.keys('*')).filter((key) => !/:log(:|$)/.test(key))).toEqual([]);
  await log.close();
});

test('workers that were given other outputs than others say so, both of them, and go on', async () => {
  const redis = await startRedis();
  const folder = await mkdtemp(join(tmpdir(), 'tributary-outputs-'));
  onTestFinished(async () => {
    await redis.stop();
    await rm(folder, { recursive: true });
  });
  const start = (outputs: string) => {
    const env = {
      TRIBUTARY_REDIS_URL: redis.url,
      TRIBUTARY_DATA_DIR: folder,
      TRIBUTARY_PARTITIONS: String(PARTITIONS),
      TRIBUTARY_OUTPUTS: outputs,
    };
    const worker = spawn(process.execPath, [MAIN], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    onTestFinished(() => void worker.kill('SIGKILL'));
    let said = '';
    worker.stdout?.on('data', (chunk) => (said += chunk));
    return { worker, said: () => said };
  };
  const first = start('all');
  await once(first.worker, 'message');
  expect(first.said()).not.toContain('TRIBUTARY_OUTPUTS');
  const second = start('none');
  const must = 'TRIBUTARY_OUTPUTS must be the same in every speed worker (got';
  await expect.poll(second.said, { timeout: 30_000 }).toContain(`${must} none here, all in 1 other)`);
  await expect.poll(first.said, { timeout: 30_000 }).toContain(`${must} all here, none in 1 other)`);
  second.worker.kill('SIGTERM');
  await expect.poll(first.said, { timeout: 30_000 }).toContain('all speed workers have the same TRIBUTARY_OUTPUTS again');
  expect(first.worker.exitCode).toBeNull();
});
