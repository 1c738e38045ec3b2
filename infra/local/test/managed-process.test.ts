import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { backoffMs } from '@tributary/runtime/wait';
import { afterEach, expect, test, vi } from 'vitest';
import { type Managed, type ManagedEvent, manage, RESTARTS } from '../src/managed-process.ts';
import { groupOf } from './processes.ts';

const started: Managed[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((one) => one.stop(0)));
});

/** Runs a snippet as a role that says "ready". */
function role(code: string, { autoRestart = true }: { autoRestart?: boolean } = {}) {
  const events: ManagedEvent[] = [];
  const managed = manage(
    {
      name: 'role',
      autoRestart,
      onEvent: (event) => events.push(event),
      spawn: () => spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'ignore', 'ipc'], detached: true }),
      ready: async (child: ChildProcess, signal, tellUnready) => {
        if (child.stdout === null) throw new Error('no stdout');
        child.on('message', (why) => tellUnready(String(why)));
        await once(child.stdout, 'data', { signal });
        return child.pid as number;
      },
    },
    Date.now,
  );
  started.push(managed);
  return { managed, events };
}

const STEADY = 'console.log(1); setInterval(() => {}, 1000)';

test('the backoff doubles from 250 ms and never passes 15 s', () => {
  expect([1, 2, 3, 4, 5, 6, 7, 8, 1_000].map((deaths) => backoffMs(RESTARTS, deaths))).toEqual([
    250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000,
  ]);
});

test('a role that is killed comes back as another process', async () => {
  const { managed, events } = role(STEADY);
  await managed.whenReady(10_000);
  const before = managed.pid;
  managed.kill('SIGKILL');
  await managed.whenReady(10_000);
  expect(managed.pid).not.toBe(before);
  expect(managed.restarts).toBe(1);
  expect(events).toContainEqual({ type: 'ended', name: 'role', how: 'signal SIGKILL', againInMs: 250 });
});

test('a role that refuses its configuration is not started again, and a caller that waits for it hears it at once', async () => {
  const { managed, events } = role('process.exit(2)');
  await expect(managed.whenReady(30_000)).rejects.toMatchObject({
    code: 'invalid_config',
    message: 'role ended with exit code 2',
  });
  expect(events).toEqual([{ type: 'ended', name: 'role', how: 'exit code 2', againInMs: null }]);
});

test('a role that was ready once and refuses its configuration later is started again after the longest backoff', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-refused-'));
  const file = join(folder, 'definitions.json');
  writeFileSync(file, '{}');
  const reads = `JSON.parse(require('fs').readFileSync(${JSON.stringify(file)}, 'utf8'))`;
  const { managed, events } = role(`try { ${reads} } catch { process.exit(2) } ${STEADY}`);
  try {
    await managed.whenReady(10_000);
    writeFileSync(file, '{"conv');
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    managed.kill('SIGKILL');
    await managed.whenGone();
    for (let time = 0; time < 2; time++) {
      vi.advanceTimersToNextTimer();
      await managed.whenGone();
      expect(events.at(-1)).toEqual({ type: 'ended', name: 'role', how: 'exit code 2', againInMs: 15_000 });
    }
    writeFileSync(file, '{"conversions":["buy"]}');
    vi.advanceTimersToNextTimer();
    await managed.whenReady(10_000);
    expect(managed.restarts).toBe(3);
  } finally {
    vi.useRealTimers();
    rmSync(folder, { recursive: true });
  }
});

test('a role that cannot even be spawned any more, as on a full disk, is tried again, and its supervisor lives', async () => {
  const events: ManagedEvent[] = [];
  let isFull = false;
  const managed = manage(
    {
      name: 'role',
      autoRestart: true,
      onEvent: (event) => events.push(event),
      spawn() {
        if (isFull) throw new Error('ENOSPC: no space left on device, write');
        return spawn(process.execPath, ['-e', STEADY], { stdio: ['ignore', 'pipe', 'ignore'], detached: true });
      },
      async ready(child, signal) {
        await once(child.stdout as NonNullable<ChildProcess['stdout']>, 'data', { signal });
        return child.pid as number;
      },
    },
    Date.now,
  );
  started.push(managed);
  await managed.whenReady(10_000);
  isFull = true;
  managed.kill('SIGKILL');
  await expect.poll(() => events.at(-1)).toMatchObject({ how: expect.stringContaining('ENOSPC'), againInMs: 500 });
  isFull = false;
  await managed.whenReady(10_000);
});

test('a caller that waits for a role that only dies hears how it dies', async () => {
  const { managed } = role('process.exit(7)');
  await expect(managed.whenReady(30_000)).rejects.toThrow('role ended with exit code 7, 4 times in a row');
});

test('a role that runs and says why it is not ready is started, not ready; a caller that waits for it hears the reason', async () => {
  const { managed, events } = role("process.send('no generation'); process.on('message', () => console.log(1))");
  await managed.whenStarted(10_000);
  expect(managed.unready).toBe('no generation');
  await expect(managed.whenReady(50)).rejects.toThrow('role is not ready after 50 ms: no generation');
  expect(events).toEqual([{ type: 'unready', name: 'role', why: 'no generation' }]);
  await managed.whenStarted(50);
  process.kill(managed.pid as number, 'SIGKILL');
  await managed.whenGone();
  expect(managed.unready).toBeNull();
});

test('without restarts a dead role stays down until it is asked back', async () => {
  const { managed } = role(STEADY, { autoRestart: false });
  await managed.whenReady(10_000);
  managed.kill('SIGKILL');
  await managed.whenGone();
  await sleep(400);
  expect(managed.pid).toBeNull();
  await managed.restart();
  expect(managed.pid).not.toBeNull();
});

test('a role that ignores SIGTERM, and what it started itself, are gone after the grace', async () => {
  const { managed } = role(
    `process.on('SIGTERM', () => {});
     const child = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
     console.log(child.pid); setInterval(() => {}, 1000);`,
  );
  await managed.whenReady(10_000);
  const leader = managed.pid as number;
  const from = Date.now();
  await managed.stop(300);
  expect(Date.now() - from).toBeLessThan(2_000);
  await expect.poll(() => groupOf(leader)).toEqual([]);
});

test('what a role started dies with it, also when it is killed', async () => {
  const { managed } = role(
    `require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
     console.log(1); setInterval(() => {}, 1000);`,
    { autoRestart: false },
  );
  await managed.whenReady(10_000);
  const leader = managed.pid as number;
  expect(groupOf(leader)).toHaveLength(2);
  managed.kill('SIGKILL');
  await managed.whenGone();
  await expect.poll(() => groupOf(leader)).toEqual([]);
});

test('a stop during the backoff is final', async () => {
  const { managed } = role('process.exit(1)');
  await managed.whenGone();
  await managed.stop(100);
  await sleep(600);
  expect(managed.pid).toBeNull();
  expect(managed.restarts).toBe(0);
});

test('a program that is not there ends the wait with its name', async () => {
  const managed = manage(
    {
      name: 'absent',
      autoRestart: false,
      onEvent: () => {},
      spawn: () => spawn('/nowhere/at-all', [], { stdio: 'ignore', detached: true }),
      ready: (_child, signal) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('ended')))),
    },
    Date.now,
  );
  await expect(managed.whenReady(5_000)).rejects.toThrow(/absent ended with spawn \/nowhere\/at-all ENOENT/);
});
