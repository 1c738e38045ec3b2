/** Law 9 on running processes: Redis is put back to a copy from before an erasure of which neither log nor archive has the record any more. */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPlatform } from '@tributary/local/launch';
import { Redis } from 'ioredis';
import { expect, it, onTestFinished } from 'vitest';
import { createClient, type SentEvent, until } from '../e2e/client.ts';
import { plantedInFolder, plantedInRedis } from '../e2e/planted.ts';

const MARKER = 'mürker-b41d@example.org';

it('law 9: the user goes again before anything of theirs counts, and what comes of them is refused', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'tributary-erased-put-back-'));
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  const env = { TRIBUTARY_BATCH_EVERY_MS: '0', TRIBUTARY_BATCH_KEEP_GENERATIONS: '2', TRIBUTARY_LOG_LEVEL: 'warn' };
  const platform = await startPlatform({ dataDir, autoRestart: false, env: { ...env, TRIBUTARY_PARTITIONS: '2' } });
  const redis = new Redis(platform.redisUrl, { lazyConnect: true });
  redis.on('error', () => {});
  onTestFinished(async () => {
    redis.disconnect();
    await platform.stop();
  });
  const client = createClient(platform);
  let sent = 0;
  const purchase = (userId: string): SentEvent => ({
    ...{ ts: Date.now(), source: 'test', id: `order-${++sent}`, type: 'purchase', userId },
    ...{ value: 100, currency: 'EUR', channel: 'search' },
  });
  const counted = async () => {
    const { totals, meta } = await client.read('/v1/conversions');
    return meta.complete ? (totals.conversions as number) : null;
  };
  const [files, copy] = [join(dataDir, 'redis', 'appendonlydir'), join(dataDir, 'copy')];
  await client.send([purchase(MARKER), purchase('somebody-else')]);
  await until('both count', 30_000, async () => (await counted()) === 2);
  expect(await plantedInRedis(redis, MARKER)).not.toEqual([]);
  await client.send(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((user) => ({ ...purchase(user), type: 'click' })));
  await until('both partitions are', 10_000, async () => (await redis.keys('*:state')).length === 2);
  await cp(files, copy, { recursive: true });

  const { body } = await client.admin('POST', '/v1/erasures', { users: [MARKER] });
  const { id } = body.erasures[0] as { readonly id: string };
  const archived = async () => {
    const { places } = (await client.admin('GET', `/v1/erasures/${id}`)).body.erasure.bytes;
    return (places as { place: string; state: string }[]).find(({ place }) => place === 'archive')?.state === 'searched';
  };
  let others = 1;
  await until('archived files lack the record', 120_000, async () => {
    await client.send([purchase('somebody-else')]);
    others++;
    await client.generation();
    return archived();
  });
  await until('nothing of them counts', 30_000, async () => (await counted()) === others);

  platform.redis.kill('SIGKILL');
  await platform.redis.whenGone();
  await rm(files, { recursive: true });
  await cp(copy, files, { recursive: true });
  await rm(copy, { recursive: true });
  await platform.redis.restart();
  await until('the user is gone again', 60_000, async () => {
    const found = await plantedInRedis(redis, MARKER).catch(() => null);
    return found?.every(({ place }) => place !== 'record') === true;
  });
  await client.send([purchase(MARKER), purchase('somebody-else')]);
  others++;
  await until('theirs alone count', 60_000, async () => (await counted()) === others);
  await client.generation();
  expect(await counted()).toBe(others);
  const places = (await plantedInFolder(dataDir, MARKER)).map(({ place }) => place);
  expect(places).not.toContain('generations');
}, 400_000);
