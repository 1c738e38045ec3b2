/** Only the user who runs the platform may read what it keeps: not other users of the machine, nor what reaches its ports. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Platform, startPlatform } from '@tributary/local/launch';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createClient } from './client.ts';
import { shoppers } from './shoppers.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'tributary-private-'));
const umask = process.umask(0);
let platform: Platform;
let password: string;

beforeAll(async () => {
  // As an older version left it.
  mkdirSync(join(dataDir, 'archive'), { mode: 0o755 });
  platform = await startPlatform({ dataDir, env: { TRIBUTARY_BATCH_EVERY_MS: '0', TRIBUTARY_LOG_LEVEL: 'trace' } });
  password = new URL(platform.redisUrl).password;
  const client = createClient(platform);
  await client.send(shoppers({ seed: 3, events: 200, users: 20, nowMs: Date.now(), prefix: 'p' }));
  await client.generation();
});
afterAll(async () => {
  await platform?.stop();
  process.umask(umask);
  rmSync(dataDir, { recursive: true, force: true });
});

/** Relative to the data folder. The platform goes on: a folder of its staging may be gone before it is read. */
function namesUnder(folder: string): string[] {
  try {
    return readdirSync(join(dataDir, folder), { withFileTypes: true }).flatMap((entry) => {
      const name = join(folder, entry.name);
      return entry.isDirectory() ? [name, ...namesUnder(name)] : [name];
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

test('files and folders of the data folder are for their owner only, whatever the umask', () => {
  const names = namesUnder('.');
  expect(names).toEqual(expect.arrayContaining(['archive', 'generations', 'logs', 'redis', 'keys.json', 'keys.local.json']));
  expect(names.some((name) => name.endsWith('.parquet'))).toBe(true);
  // The platform goes on: what it has staged may be gone since.
  const modeOf = (name: string) => statSync(join(dataDir, name), { throwIfNoEntry: false })?.mode ?? 0;
  expect(names.filter((name) => (modeOf(name) & 0o077) !== 0)).toEqual([]);
});

test('Redis wants a password, which no list of processes and no log holds', async () => {
  const stranger = new Redis(platform.ports.redis, '127.0.0.1', { retryStrategy: () => null, enableReadyCheck: false });
  stranger.on('error', () => {});
  await expect(stranger.ping()).rejects.toThrow('NOAUTH');
  stranger.disconnect();

  expect(password).toMatch(/^[0-9a-f]{48}$/);
  expect(execFileSync('ps', ['-axww', '-o', 'args='], { encoding: 'utf8' })).not.toContain(password);
  for (const log of readdirSync(join(dataDir, 'logs')))
    expect(readFileSync(join(dataDir, 'logs', log), 'utf8'), log).not.toContain(password);
});

test('the command line finds the password in the data folder, and does not print it', () => {
  const bin = join(import.meta.dirname, '../../packages/cli/bin/tributary.mjs');
  const run = (...args: string[]) =>
    execFileSync(process.execPath, [bin, '--data-dir', dataDir, ...args], { encoding: 'utf8', stdio: 'pipe' });
  const findings = run('doctor', '--json');
  expect(JSON.parse(findings)).toMatchObject({ ok: true });
  expect(findings).not.toContain(password);
});

test('a second start on the same folder has another password and the same data', async () => {
  const before = await createClient(platform).read('/v1/activity');
  await platform.stop();
  platform = await startPlatform({ dataDir, env: { TRIBUTARY_BATCH_EVERY_MS: '0' } });
  expect(new URL(platform.redisUrl).password).not.toBe(password);
  expect((await createClient(platform).read('/v1/activity')).totals).toEqual(before.totals);
});
