import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockDataDir } from '../src/data-lock.ts';

let dataDir: string;
const lockFile = () => join(dataDir, 'supervisor.lock');

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'tributary-lock-'));
});
afterEach(() => rmSync(dataDir, { recursive: true }));

async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  await once(child, 'exit');
  return child.pid as number;
}

test('a second supervisor is refused while the first one lives, and the refusal names its process', () => {
  const lock = lockDataDir(dataDir);
  expect(lock.wasStale).toBe(false);
  expect(() => lockDataDir(dataDir)).toThrow(
    `--data-dir must be a folder that no other platform uses (got "${dataDir}": in use by process ${process.pid}). Stop that one,`,
  );
  lock.release();
  expect(existsSync(lockFile())).toBe(false);
  lockDataDir(dataDir).release();
});

test.each([
  ['/dev/null', 'there is a file of that name'],
  ['/dev/null/below', 'a part of the path is a file'],
])('%s is refused, with the reason', (folder, reason) => {
  expect(() => lockDataDir(folder)).toThrow(`--data-dir must be a folder to write in (got "${folder}": ${reason}`);
});

test.runIf(existsSync('/proc/self'))('below /proc it is refused at once', () => {
  expect(() => lockDataDir('/proc/tributary/data')).toThrow('no folder can be made there');
});

test('a folder and its parents are made, for their owner alone', () => {
  const folder = join(dataDir, 'a/b');
  lockDataDir(folder).release();
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(statSync(join(dataDir, 'a')).mode & 0o777).toBe(0o700);
});

test('the lock of a process that died is taken over', async () => {
  writeFileSync(lockFile(), JSON.stringify({ pid: await deadPid(), startedTicks: '1' }));
  const lock = lockDataDir(dataDir);
  expect(lock.wasStale).toBe(true);
  expect(JSON.parse(readFileSync(lockFile(), 'utf8'))).toMatchObject({ pid: process.pid });
});

test.runIf(existsSync('/proc/self/stat'))('a process id that was given out again does not keep the lock', () => {
  writeFileSync(lockFile(), JSON.stringify({ pid: process.pid, startedTicks: '1' }));
  expect(lockDataDir(dataDir).wasStale).toBe(true);
});

test.each(['', '{', '{"pid":"x"}', '{"pid":-1}', 'null'])('a lock cut short by a crash (%j) has no holder', (text) => {
  writeFileSync(lockFile(), text);
  expect(lockDataDir(dataDir).wasStale).toBe(true);
});

test('releasing leaves a lock alone that another one took over', () => {
  const lock = lockDataDir(dataDir);
  writeFileSync(lockFile(), '{"pid":1,"startedTicks":null}');
  lock.release();
  expect(existsSync(lockFile())).toBe(true);
});
