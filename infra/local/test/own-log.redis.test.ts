import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createArchiveClaims } from '@tributary/runtime/event-log/own-archive';
import { connectRedis, whenReady } from '@tributary/runtime/redis/connect';
import { startRedis } from '@tributary/testkit/servers/redis-server';
import { expect, onTestFinished, test } from 'vitest';
import { assertOwnLog } from '../src/own-log.ts';

test('law 6: npm start refuses a folder without the archive of the log that its Redis has', async () => {
  const server = await startRedis();
  const redis = connectRedis(server.url, 'commit', () => {});
  const dataDir = await mkdtemp(join(tmpdir(), 'tributary-own-log-'));
  onTestFinished(async () => {
    redis.disconnect();
    await server.stop();
    await rm(dataDir, { recursive: true });
  });
  await whenReady(redis, 10_000);
  await assertOwnLog(server.url, dataDir, {});
  await redis.hset('tributary:log', 'identity', 'log', 'partitions', 16);
  await assertOwnLog(server.url, dataDir, {});
  await createArchiveClaims(redis).claim('log', 'the archive');
  await expect(assertOwnLog(server.url, dataDir, {})).rejects.toMatchObject({
    code: 'invalid_config',
    message: expect.stringContaining(`TRIBUTARY_DATA_DIR (--data-dir) must be the folder with the archive the archive`),
  });
});
