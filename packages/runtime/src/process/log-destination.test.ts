import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { logDestination } from './log-destination.ts';

const full = () => {
  throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
};

test('law 6: a line that cannot be written is tried once, counted and dropped; what was dropped is reported once there is room', () => {
  const written: string[] = [];
  let attempts = 0;
  let isFull = true;
  const log = logDestination(
    2,
    (dropped) => `${dropped} dropped\n`,
    (_, bytes) => {
      attempts++;
      if (isFull) full();
      written.push(Buffer.from(bytes).toString());
      return bytes.length;
    },
  );
  log.write('a\n');
  expect([attempts, log.dropped()]).toEqual([1, 1]);
  log.write('b\n');
  expect([written, log.dropped()]).toEqual([[], 2]);
  isFull = false;
  log.write('c\n');
  log.write('d\n');
  expect([written, log.dropped()]).toEqual([['2 dropped\n', 'c\n', 'd\n'], 2]);
});

test('a line cut short is ended before the next one begins', () => {
  const written: string[] = [];
  let room = 3;
  const log = logDestination(
    2,
    () => '1 dropped\n',
    (_, bytes) => {
      const fits = Math.min(room, bytes.length);
      room -= fits;
      written.push(Buffer.from(bytes.subarray(0, fits)).toString());
      return fits;
    },
  );
  log.write('long line\n');
  room = 100;
  log.write('next\n');
  expect(written.join('')).toBe('lon\n1 dropped\nnext\n');
});

test('law 6: a service whose log has no room starts, works and ends all the same', { timeout: 30_000 }, async () => {
  const service = fileURLToPath(new URL('../../test/small-service.ts', import.meta.url));
  const noRoom = openSync('/dev/full', 'a');
  const child = spawn(process.execPath, [service], {
    env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'], TRIBUTARY_MODE: 'says-much' },
    stdio: ['ignore', noRoom, 'ignore', 'ipc'],
  });
  closeSync(noRoom);
  try {
    expect(await once(child, 'message')).toMatchObject([{ type: 'ready' }, undefined]);
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  } finally {
    child.kill('SIGKILL');
  }
});

test('law 6: a service whose reader stands still goes on', { timeout: 30_000 }, async () => {
  const service = fileURLToPath(new URL('../../test/small-service.ts', import.meta.url));
  const child = spawn('/bin/sh', ['-c', '"$0" "$1" | sleep 20', process.execPath, service], {
    env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'], TRIBUTARY_MODE: 'says-much' },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    detached: true,
  });
  try {
    expect(await once(child, 'message')).toMatchObject([{ type: 'ready' }, undefined]);
  } finally {
    process.kill(-(child.pid as number), 'SIGKILL');
  }
});
