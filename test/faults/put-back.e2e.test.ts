/** Redis, with log and store, is put back to an older copy after longer than the members' leases: what was acknowledged after the copy is in the archiver's spools alone. */
import { cp, glob, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startPlatform } from '@tributary/local/launch';
import { expect, it, onTestFinished } from 'vitest';
import { createClient, type SentEvent, until } from '../e2e/client.ts';

const LEASE_MS = 1_000;

it('laws 1, 6 and 7: what was acknowledged after the copy counts again', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'tributary-put-back-'));
  const env = { TRIBUTARY_BATCH_EVERY_MS: '0', TRIBUTARY_LOG_LEVEL: 'warn', TRIBUTARY_PARTITIONS: '2' };
  const platform = await startPlatform({
    dataDir,
    autoRestart: false,
    env: { ...env, TRIBUTARY_MEMBER_TTL_MS: String(LEASE_MS) },
  });
  onTestFinished(async () => {
    await platform.stop();
    await rm(dataDir, { recursive: true, force: true });
  });
  const client = createClient(platform);
  const send = (prefix: string, count: number) =>
    client.send(
      Array.from({ length: count }, (_, i): SentEvent => {
        const who = { userId: `u${i % 20}`, source: 's' };
        return { id: `${prefix}-${i}`, ts: Date.now() - 1_000, type: 'purchase', ...who, value: 100, currency: 'EUR' };
      }),
    );
  const counted = async () => {
    const { totals, meta } = await client.read('/v1/activity');
    return meta.complete ? (totals.events as number) : 0;
  };
  const [files, copy] = [join(dataDir, 'redis', 'appendonlydir'), join(dataDir, 'copy')];
  await send('before', 100);
  await until('what the copy has is counted', 30_000, async () => (await counted()) === 100);
  await cp(files, copy, { recursive: true });
  await send('after', 100);
  await until('what the copy lacks is counted', 30_000, async () => (await counted()) === 200);
  await until('the archiver has read it', 30_000, async () => (await spooled(dataDir)) === 200);

  platform.redis.kill('SIGKILL');
  await platform.redis.whenGone();
  await rm(files, { recursive: true });
  await cp(copy, files, { recursive: true });
  await sleep(2 * LEASE_MS);
  await platform.redis.restart();
  await send('later', 50);
  await until('all is counted again', 60_000, async () => (await counted()) === 250);
  await client.generation();
  expect(await counted()).toBe(250);
});

async function spooled(dataDir: string): Promise<number> {
  let rows = 0;
  for await (const path of glob(join(dataDir, 'staging', 'archiver-*', '*.tsv')))
    rows += (await readFile(path, 'utf8')).split('\n').length - 1;
  return rows;
}
