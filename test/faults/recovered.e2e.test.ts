/** A platform whose Redis is lost, and one that is restored on another machine, walked through with the commands that the documents name. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auditDataFolder } from '@tributary/archive/audit/audit';
import { readForgotten } from '@tributary/archive/forgotten';
import { type Platform, startPlatform } from '@tributary/local/launch';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openExistingLog } from '../../packages/cli/src/open-log.ts';
import { tributary as run } from '../../packages/cli/test/fake-shell.ts';
import { createClient, type SentEvent, until } from '../e2e/client.ts';

const ENV = { TRIBUTARY_BATCH_EVERY_MS: '0', TRIBUTARY_LOG_LEVEL: 'warn', TRIBUTARY_PARTITIONS: '2' };

let away: string;
let running: Platform | undefined;
beforeEach(async () => {
  away = await mkdtemp(join(tmpdir(), 'tributary-recovered-'));
});
afterEach(async () => {
  await running?.stop();
  await rm(away, { recursive: true, force: true });
});

const start = async (dataDir: string): Promise<Platform> => {
  running = await startPlatform({ dataDir, autoRestart: false, env: ENV });
  return running;
};
const tributary = (...argv: string[]) => run(argv, { env: {}, openLog: openExistingLog, now: Date.now });
const send = (platform: Platform, prefix: string, count: number, users = 'u') =>
  createClient(platform).send(
    Array.from({ length: count }, (_, i): SentEvent => {
      const who = { userId: `${users}${i % 20}`, source: 's' };
      return { id: `${prefix}-${i}`, ts: Date.now() - 1_000, type: 'purchase', ...who, value: 100, currency: 'EUR' };
    }),
  );
async function counted(platform: Platform): Promise<number> {
  const { totals, meta } = await createClient(platform).read('/v1/activity');
  return meta.complete ? (totals.events as number) : 0;
}
async function archived(dataDir: string): Promise<number> {
  const { ok, faults, partitions } = await auditDataFolder({ dataDir, nowMs: Date.now(), depth: { quick: false } });
  expect([ok, faults.filter((fault) => fault.class !== 'orphan')]).toEqual([true, []]);
  return partitions.reduce((sum, { events }) => sum + events, 0);
}

test('laws 1, 6, 7 and 9: Redis lost, then all restored on another machine: every archived event counts but of who was erased since, what is gone is named', async () => {
  const first = join(away, 'first');
  let platform = await start(first);
  await send(platform, 'a', 100);
  await until('the first are counted', 30_000, async () => (await counted(platform)) === 100);
  await createClient(platform).generation();
  const made = await tributary('keys', 'create', 'read', '--name', 'analyst', '--data-dir', first);
  const key =
    made.stdout
      .trim()
      .split(/\s+/)
      .find((word) => word.startsWith('tr_')) ?? '';
  // A backup beside a load: of one cut, whatever is written meanwhile.
  const loading = send(platform, 'b', 40, 'v');
  const backup = join(away, 'backup');
  expect(await tributary('backup', backup, '--data-dir', first)).toMatchObject({ code: 0 });
  await loading;
  await until('all are counted', 30_000, async () => (await counted(platform)) === 140);
  await platform.stop();

  // Redis lost: no start creates another log in its place by itself.
  const kept = await archived(first);
  await rm(join(first, 'redis'), { recursive: true });
  await expect(start(first)).rejects.toThrow(/run "tributary recover"/);
  const recovered = await tributary('recover', '--data-dir', first, '--json');
  expect(recovered).toMatchObject({ code: 0 });
  const report = JSON.parse(recovered.stdout);
  expect(report).toMatchObject({ ok: true, asked: true, log: 'gone', events: kept, generation: 1 });
  expect(report.gone[0]).toContain('events that were acknowledged after');
  platform = await start(first);
  await until('what was archived is counted again', 60_000, async () => (await counted(platform)) === kept);
  await send(platform, 'c', 30);
  await until('new ones count', 30_000, async () => (await counted(platform)) === kept + 30);
  await createClient(platform).generation('full');
  expect(await counted(platform)).toBe(kept + 30);
  // Five events of theirs are in the backup.
  expect(await createClient(platform).admin('POST', '/v1/erasures', { users: ['u3'] })).toMatchObject({ status: 202 });
  await platform.stop();
  // The next loss is not let pass.
  await rm(join(first, 'redis'), { recursive: true });
  await expect(start(first)).rejects.toThrow(/run "tributary recover"/);

  // Another machine: nothing of the first one is there.
  const second = join(away, 'second');
  const restored = await tributary('restore', backup, '--data-dir', second, '--erasures', first);
  expect(restored).toMatchObject({ code: 0, stdout: expect.stringContaining('1 erased user of the backup will be refused') });
  const held = (await archived(second)) - 5;
  expect(held).toBeGreaterThanOrEqual(95);
  expect(await tributary('recover', '--data-dir', second)).toMatchObject({ code: 0 });
  platform = await start(second);
  await until('all of the backup is counted, but who was erased since, at no time', 60_000, async () => {
    const { totals, meta } = await createClient(platform).read('/v1/activity');
    expect(totals.events).toBeLessThanOrEqual(held);
    return meta.complete && totals.events === held;
  });
  const asAnalyst = await fetch(`${platform.apiUrl}/v1/activity`, { headers: { authorization: `Bearer ${key}` } });
  expect(asAnalyst.status).toBe(200);
  // One of the twenty is refused.
  await send(platform, 'd', 20);
  const generation = await createClient(platform).generation();
  await until('it goes on', 30_000, async () => (await counted(platform)) === held + 19);
  // The run goes on after it published. A copy that is made before this ends has other files than the manifests name afterwards.
  await until('archived files are written again without who was erased', 60_000, async () => {
    const forgotten = await readForgotten(second);
    return forgotten?.generation === generation && forgotten.replacing?.length === 0;
  });

  // An archived file lost: named, brought back, computed again.
  const { partitions } = await auditDataFolder({ dataDir: second, nowMs: Date.now(), depth: { quick: true } });
  expect(partitions.length).toBe(2);
  expect(await tributary('backup', join(away, 'copy'), '--data-dir', second)).toMatchObject({ code: 0 });
  await rm(join(second, 'archive/events'), { recursive: true });
  expect(await tributary('archive', 'verify', '--data-dir', second)).toMatchObject({ code: 1 });
  const repaired = await tributary('archive', 'repair', '--from', join(away, 'copy'), '--data-dir', second);
  expect(repaired).toMatchObject({ code: 0, stdout: expect.stringContaining('brought back'), stderr: '' });
  await createClient(platform).generation('full');
  expect(await counted(platform)).toBe(held + 19);
});
