/** Roles as processes over a folder that the log is not archived in: they end before they take a share of the work. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRedisStreamLog } from '@tributary/log/redis-stream/redis-stream-log';
import { createArchiveClaims } from '@tributary/runtime/event-log/own-archive';
import { connectRedis, whenReady } from '@tributary/runtime/redis/connect';
import { startRedis } from '@tributary/testkit/servers/redis-server';
import { expect, onTestFinished, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const PARTITIONS = 2;

test.each(['services/archiver', 'jobs/recompute'])(
  'law 6: %s ends over an empty folder where the log is archived in another one',
  async (role) => {
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
    await createArchiveClaims(commands).claim(log.identity, 'of the true folder');
    const child = spawn(process.execPath, [join(ROOT, role, 'src/main.ts')], {
      env: {
        ...process.env,
        TRIBUTARY_REDIS_URL: redis.url,
        TRIBUTARY_DATA_DIR: unmounted,
        TRIBUTARY_PARTITIONS: String(PARTITIONS),
      },
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    let said = '';
    child.stdout?.on('data', (chunk) => (said += chunk));
    // Ready would be a message.
    const ended = await Promise.race([once(child, 'close').then(([code]) => code), once(child, 'message').then(() => 'ready')]);
    expect([ended, said]).toEqual([1, expect.stringContaining('must be the folder with the archive of the true folder')]);
    expect(await readdir(unmounted)).not.toContain('archive');
    expect((await commands.keys('*')).filter((key) => /member|queue|bull/.test(key))).toEqual([]);
    await log.close();
  },
  60_000,
);
