import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lastWords } from '../src/last-words.ts';

let dir: string;
let file: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tributary-words-'));
  file = join(dir, 'role.log');
});
afterEach(() => rmSync(dir, { recursive: true }));

const said = (...lines: (string | object)[]) => {
  writeFileSync(file, `${lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n')}\n`);
  return lastWords(file);
};
const stack = 'TributaryError: x\n    at run (main.ts:1:1)'.repeat(100);

test('a fatal line is shown as its message and its fix, without JSON and stack', () => {
  const message = 'the data folder belongs to another log';
  const fatal = { level: 60, err: { message, stack }, code: 'log_recreated', fix: 'Name the folder of this log.', msg: message };
  expect(said({ level: 30, msg: 'collecting' }, fatal, { level: 30, msg: 'draining' })).toBe(
    'the data folder belongs to another log. Name the folder of this log.',
  );
});

test('a defect is shown with the error that was not caught', () => {
  expect(said({ level: 60, err: { message: 'x is not a function', stack }, msg: 'uncaught error' })).toBe(
    'uncaught error: x is not a function.',
  );
  const crash = [
    'file:///main.ts:1',
    'throw new Error("no")',
    '      ^',
    '',
    'Error: no',
    '    at main.ts:1:1',
    '',
    'Node.js v24.21.0',
  ];
  expect(said({ level: 50, msg: 'earlier' }, ...crash)).toBe('Error: no.');
  const full = 'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory';
  expect(said(full, '----- Native stack trace -----', ' 1: 0xe1 node::OOMErrorHandler')).toBe(`${full}.`);
});

test('a fatal line without an error in it is shown with its cause', () => {
  expect(said({ level: 60, code: 'invalid_definitions', cause: 'ENOENT', fix: 'Correct it.', msg: 'no file' })).toBe(
    'no file: ENOENT. Correct it.',
  );
  expect(said({ level: 60, stack: 'at a (b:1)', msg: 'uncaught TypeError: x is not a function' })).toBe(
    'uncaught TypeError: x is not a function.',
  );
});

test('a wrong setting is shown with its fix', () => {
  const lines = ['speed: TRIBUTARY_PARTITIONS must be a whole number (got "many")', 'Set it to the partitions of the log.'];
  expect(said(...lines)).toBe(lines.join(' '));
});

test('Redis is quoted without its process id and clock', () => {
  expect(
    said(
      "9:M 22 Nov 2026 18:00:00.001 # Can't open or create append-only dir appendonlydir: Permission denied",
      '9:M 22 Nov 2026 18:00:00.002 # WARNING Memory overcommit must be enabled!',
      '9:M 22 Nov 2026 18:00:00.003 # Redis is now ready to exit, bye bye...',
    ),
  ).toBe("Can't open or create append-only dir appendonlydir: Permission denied.");
  expect(
    said(
      '9:M 22 Nov 2026 18:00:00.001 # Error writing to the AOF file: No space left on device',
      "9:M 22 Nov 2026 18:00:00.002 # Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting...",
    ),
  ).toBe(
    "Error writing to the AOF file: No space left on device. Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting... Free space on its disk.",
  );
  expect(
    said('*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***', 'Reading the configuration file, at line 3', ">>> 'prot 1'"),
  ).toBe("*** FATAL CONFIG FILE ERROR (Redis 7.0.15) *** Reading the configuration file, at line 3 >>> 'prot 1'");
});

test('a log without trouble says nothing, and what steers a terminal is not quoted', () => {
  expect(lastWords(file)).toBeUndefined();
  expect(said({ level: 30, msg: 'collecting' }, { level: 40, msg: 'slow' })).toBeUndefined();
  expect(said({ level: 50, msg: 'a\u001b[2Jb\nc' })).toBe('a [2Jb c.');
});
