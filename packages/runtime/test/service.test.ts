import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';

const SERVICE = fileURLToPath(new URL('./small-service.ts', import.meta.url));
const running: ChildProcess[] = [];

interface Started {
  readonly child: ChildProcess;
  readonly output: () => string;
  /** The exit code, once all output has been read. */
  readonly ended: Promise<number | null>;
}

function start(mode: string, env: Record<string, string> = {}, args: readonly string[] = []): Started {
  const child = spawn(process.execPath, [SERVICE, ...args], {
    env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'], TRIBUTARY_MODE: mode, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  running.push(child);
  let output = '';
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error('the child has no output to read');
  for (const stream of [stdout, stderr]) stream.on('data', (chunk) => (output += chunk));
  // Not its 'close': that does not come once this side has closed the channel.
  const ended = Promise.all([once(child, 'exit'), once(stdout, 'end'), once(stderr, 'end')]).then(
    ([[code]]) => code as number | null,
  );
  return { child, output: () => output, ended };
}

const isReady = (child: ChildProcess) => once(child, 'message').then(([message]) => expect(message).toEqual({ type: 'ready' }));

afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

test('what Node compiled is kept when a service is ready, though it is killed then', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-compiled-'));
  const { child, ended } = start('', { NODE_COMPILE_CACHE: folder });
  await isReady(child);
  child.kill('SIGKILL');
  await ended;
  const kept = await readdir(folder, { recursive: true });
  await rm(folder, { recursive: true });
  expect(kept.length).toBeGreaterThan(100);
});

describe('the end of a service', () => {
  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s: noted, drained, exit 0', async (signal) => {
    const { child, ended, output } = start('');
    await isReady(child);
    child.kill(signal);
    expect(await ended).toBe(0);
    expect(output()).toMatch(/asked to stop[\s\S]*drained/);
  });

  test('a parent that vanishes counts as a signal', async () => {
    const { child, ended, output } = start('');
    await isReady(child);
    child.disconnect();
    expect(await ended).toBe(0);
    expect(output()).toMatch(/the parent is gone[\s\S]*drained/);
  });

  test('a drain that hangs is cut off after 4 s, with exit 1', async () => {
    const { child, ended } = start('drains-for-ever');
    await isReady(child);
    const from = Date.now();
    child.kill('SIGTERM');
    child.kill('SIGTERM');
    expect(await ended).toBe(1);
    expect(Date.now() - from).toBeGreaterThan(3_500);
    expect(Date.now() - from).toBeLessThan(5_000);
  });

  test.each(['starts-for-ever', 'starts-and-does-not-listen'])(
    'a start that is broken off ends with 0, also while it waits for something else: %s',
    async (mode) => {
      const { child, ended, output } = start(mode);
      await expect.poll(output).toContain('starting');
      child.kill('SIGTERM');
      expect(await ended).toBe(0);
      expect(output()).not.toContain('drained');
    },
  );

  test('an unhandled rejection is logged and ends it with 1', async () => {
    const { ended, output } = start('dies');
    expect(await ended).toBe(1);
    expect(output()).toMatch(/"level":60.*"stack":"at .*"msg":"uncaught Error: a defect"/);
    expect(output().match(/a defect/g)).toHaveLength(1);
  });
});

describe('the start of a service', () => {
  test('an operational error says its code and what to do', async () => {
    const { ended, output } = start('refuses');
    expect(await ended).toBe(2);
    expect(JSON.parse(output())).toMatchObject({
      code: 'not_durable',
      fix: expect.stringContaining('the setting that the message names'),
      msg: 'Redis has appendonly "no"',
    });
    expect(output().match(/appendonly/g)).toHaveLength(1);
  });

  test('an error of Redis is logged without the command that failed: it may hold a password', async () => {
    const { ended, output } = start('is-refused');
    expect(await ended).toBe(1);
    expect(output()).toContain('WRONGPASS');
    expect(output()).not.toContain('the-password');
  });

  test.each([
    ['0.0.0.0', true],
    ['192.168.1.7', true],
    ['127.0.0.1', false],
    ['::1', false],
  ])('plain HTTP on %s: warned of is %s', async (host, warned) => {
    const { child, output } = start('', { TRIBUTARY_HOST: host });
    await isReady(child);
    expect(output().includes(`plain HTTP on ${host}`)).toBe(warned);
  });

  test('a wrong setting ends it with 2 and names the setting', async () => {
    const { ended, output } = start('', { TRIBUTARY_DISK_RESERVE_MB: 'many' });
    expect(await ended).toBe(2);
    expect(output()).toContain('TRIBUTARY_DISK_RESERVE_MB must be a whole number from 1 to 1000000 (got "many")');
  });

  test('what is wrong later, as in a file that is just being changed, ends it with 1: the next start may go better', async () => {
    const { ended } = start('is-misled');
    expect(await ended).toBe(1);
  });

  test('--help prints the table and starts nothing', async () => {
    const { ended, output } = start('', {}, ['--help']);
    expect(await ended).toBe(0);
    expect(output()).toContain('TRIBUTARY_REDIS_URL');
  });
});

test('health is served where a port is given: alive at once, ready when it is', async () => {
  const port = 20_000 + (process.pid % 10_000);
  const { child } = start('', { TRIBUTARY_HEALTH_PORT: String(port) });
  await isReady(child);
  const get = (path: string) => fetch(`http://127.0.0.1:${port}${path}`);
  expect((await get('/livez')).status).toBe(200);
  expect(await (await get('/readyz')).json()).toEqual({ ok: true, detail: 'soon' });
  expect(await (await get('/metrics')).text()).toContain('process_cpu_seconds_total');
  expect((await get('/')).status).toBe(404);
  expect((await fetch(`http://127.0.0.1:${port}/livez`, { method: 'POST' })).status).toBe(405);
});

test('a role with HTTP of its own says itself what a full disk means: nothing else calls it unready', async () => {
  const { child } = start('', { TRIBUTARY_REDIS_FOLDER: tmpdir(), TRIBUTARY_DISK_RESERVE_MB: '1000000' });
  await isReady(child);
});
