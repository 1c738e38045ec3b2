import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Platform, type PlatformEvent, type PlatformOptions, startPlatform } from '../src/launch.ts';
import { freeBasePort } from '../src/ports.ts';
import { groupOf, isRunning } from './processes.ts';

const HOLD = fileURLToPath(new URL('./hold-platform.ts', import.meta.url));
let dataDir: string;
let basePort: number;
let platform: Platform | undefined;

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'tributary-launch-'));
  basePort = await freeBasePort('127.0.0.1', Math.random);
});
afterEach(async () => {
  await platform?.stop();
  platform = undefined;
  rmSync(dataDir, { recursive: true, force: true });
});

async function launch(options: Partial<PlatformOptions> = {}): Promise<Platform> {
  platform = await startPlatform({ dataDir, basePort, roles: ['collector', 'speed'], ...options });
  return platform;
}

function pidsOf({ redis, roles }: Platform): number[] {
  return [redis.pid, roles.collector.pid, roles.speed.pid].filter((pid) => pid !== null);
}

async function send({ collectorUrl, keys }: Platform, id: string): Promise<number> {
  const body = JSON.stringify({ type: 'page', userId: 'ada', id });
  const headers = { authorization: `Bearer ${keys.write}`, 'content-type': 'application/json' };
  const response = await fetch(`${collectorUrl}/v1/events`, { method: 'POST', headers, body });
  return response.status;
}

test('what it starts takes events, and stop leaves no process within 5 s', async () => {
  const started = await launch();
  expect(await send(started, 'one')).toBe(200);
  const pids = pidsOf(started);
  expect(pids).toHaveLength(3);
  const from = Date.now();
  await started.stop();
  expect(Date.now() - from).toBeLessThan(5_000);
  expect(pids.filter(isRunning)).toEqual([]);
  expect(pids.flatMap(groupOf)).toEqual([]);
});

test('also when a role stands still and Redis is stopped, stop takes at most 5 s', async () => {
  const started = await launch();
  const pids = pidsOf(started);
  started.roles.speed.kill('SIGSTOP');
  started.redis.kill('SIGSTOP');
  const from = Date.now();
  await started.stop();
  expect(Date.now() - from).toBeLessThan(5_300);
  expect(pids.filter(isRunning)).toEqual([]);
});

test('Redis keeps every acknowledged write on disk, listens on loopback, evicts nothing, and is bounded', async () => {
  const { redisUrl } = await launch({ roles: [] });
  const redis = new Redis(redisUrl);
  try {
    for (const [name, value] of [
      ['appendonly', 'yes'],
      ['appendfsync', 'always'],
      ['aof-load-truncated', 'yes'],
      ['auto-aof-rewrite-min-size', String(512 * 1024 * 1024)],
      ['maxmemory-policy', 'noeviction'],
      ['bind', '127.0.0.1'],
    ] as const)
      expect(await redis.config('GET', name)).toEqual([name, value]);
    const [, most] = (await redis.config('GET', 'maxmemory')) as [string, string];
    expect(Number(most), 'law 7: its memory is bounded').toBeGreaterThan(0);
    expect(Number(most)).toBeLessThan(totalmem());
    const [, buffers] = (await redis.config('GET', 'client-output-buffer-limit')) as [string, string];
    expect(buffers, 'law 7: so is what a client leaves unread').toContain('normal 536870912 268435456 60');
  } finally {
    redis.disconnect();
  }
});

test('a second start goes on with the same data and keys', async () => {
  const first = await launch();
  expect(await send(first, 'one')).toBe(200);
  await first.stop();
  const second = await launch();
  expect(second.keys).toEqual(first.keys);
  const redis = new Redis(second.redisUrl);
  try {
    await expect.poll(async () => (await redis.keys('tributary:*u:ada')).length).toBe(1);
    const places = String(await redis.client('LIST')).matchAll(/ addr=(\S*?):\d+ .* name=tributary-/g);
    expect(new Set([...places].map(([, place]) => place)), 'roles take the socket').toEqual(
      new Set([join(second.dataDir, 'redis/redis.sock')]),
    );
  } finally {
    redis.disconnect();
  }
});

test('the data folder of a running platform is refused, by the process that holds it', async () => {
  await launch();
  await expect(startPlatform({ dataDir, roles: [] })).rejects.toThrow(`in use by process ${process.pid}`);
});

test('a taken port is named, with whose it would be, and nothing is left running', async () => {
  const squatter = createServer();
  squatter.listen(basePort + 2, '127.0.0.1');
  await once(squatter, 'listening');
  try {
    await expect(launch()).rejects.toMatchObject({
      code: 'invalid_config',
      message: expect.stringContaining(`another program uses port ${basePort + 2}, which is for Redis`),
    });
  } finally {
    squatter.close();
  }
  // The lock went with the failed start.
  await launch({ roles: [] });
});

test('a role that cannot start ends the start with its own words', async () => {
  const failing = launch({ roles: ['speed'], roleEnv: { speed: { TRIBUTARY_PARTITIONS: 'none' } } });
  await expect(failing).rejects.toThrow(
    /^speed ended with exit code 2\.\nIt said: TRIBUTARY_PARTITIONS must be a whole number.*\nIts log is .*speed\.log$/,
  );
});

test('a disk without the room that the settings of the platform ask for ends the start before Redis', async () => {
  const failing = launch({ env: { TRIBUTARY_DISK_RESERVE_MB: '1000000' } });
  await expect(failing).rejects.toThrow(/^the disk of .*redis has \d+ MB left, and 1000000 MB are kept free/);
});

test('a role that ends is reported with the last error of its log, in words', async () => {
  const events: PlatformEvent[] = [];
  const roleEnv = { collector: { TRIBUTARY_MAX_IN_FLIGHT_BYTES: '70000' } };
  const failing = launch({ roles: ['collector'], roleEnv, onEvent: (event) => events.push(event) });
  const said =
    /^TRIBUTARY_MAX_IN_FLIGHT_BYTES must be at least \d+, what a request .* may need \(got "70000"\)\. Raise it, or lower one of these\.$/;
  await expect(failing).rejects.toThrow(
    /\nIt said: TRIBUTARY_MAX_IN_FLIGHT_BYTES must be at least [^{}]*\nIts log is .*collector\.log$/,
  );
  const ended = events.filter(({ name, type }) => name === 'collector' && type === 'ended');
  expect(ended).toHaveLength(1);
  for (const event of ended) expect(event.said).toMatch(said);
});

test.each([
  ['at once, before Redis is started', 0],
  ['while it starts', 300],
])('aborting the start stops what was started: %s', async (_when, afterMs) => {
  const controller = new AbortController();
  const starting = launch({ signal: controller.signal });
  if (afterMs === 0) controller.abort();
  else setTimeout(() => controller.abort(), afterMs);
  await expect(starting).rejects.toThrow();
  await launch({ roles: [] });
});

test('a supervisor killed hard takes everything with it, and the next start takes over', async () => {
  const holder = spawn(process.execPath, [HOLD, dataDir, String(basePort)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const [pids] = (await once(holder, 'message')) as [number[]];
  expect(pids.filter(isRunning)).toHaveLength(3);
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  // At once: it waits for the ports that the dying roles still hold.
  const next = await launch();
  expect(pids.filter(isRunning)).toEqual([]);
  expect(await send(next, 'one')).toBe(200);
  expect(readFileSync(next.logFile('collector'), 'utf8')).not.toContain('EADDRINUSE');
});
