import { closeSync, mkdtempSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { boundLog, openLog, tailOf } from '../src/log-file.ts';

let dir: string;
let file: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tributary-log-'));
  file = join(dir, 'logs', 'role.log');
});
afterEach(() => rmSync(dir, { recursive: true }));

test('each start sets the log before it aside', () => {
  for (const text of ['first\n', 'second\n', 'third\n']) {
    const descriptor = openLog(file);
    writeSync(descriptor, text);
    closeSync(descriptor);
  }
  expect(readFileSync(file, 'utf8')).toBe('third\n');
  expect(readFileSync(`${file}.1`, 'utf8')).toBe('second\n');
});

test('a log that grows past its bound is set aside under its writer, who goes on at the new beginning', () => {
  const descriptor = openLog(file);
  for (let i = 0; i < 100; i++) {
    writeSync(descriptor, `${'x'.repeat(99)}\n`);
    boundLog(file, 1_000);
    expect(statSync(file).size).toBeLessThanOrEqual(1_000);
  }
  writeSync(descriptor, 'last\n');
  closeSync(descriptor);
  expect(readFileSync(file, 'utf8')).toMatch(/^(x{99}\n)*last\n$/);
  expect(statSync(`${file}.1`).size).toBeLessThan(1_200);
});

test('the tail is whole lines, and nothing where there is no log', () => {
  expect(tailOf(file)).toBe('');
  const descriptor = openLog(file);
  writeSync(descriptor, 'one\ntwo\nthree\n');
  closeSync(descriptor);
  expect(tailOf(file, 8)).toBe('three\n');
  expect(tailOf(file, 100)).toBe('one\ntwo\nthree\n');
});
