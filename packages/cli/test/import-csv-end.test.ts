/** Where the end of a table is looked at before anything is sent, and where it is not. */
import { execFileSync, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tributary } from './fake-shell.ts';
import { temporaryFolder } from './temporary.ts';

const folder = temporaryFolder('csv-end');
const MAP = ['--map', 'user=user,time=time,value=v', '--type', 'purchase', '--currency', 'EUR', '--dry-run'];
const OPEN_END = 'warning: the last line has no line end: is the file complete?';

function fileOf(text: string): string {
  const file = join(folder, 'table.csv');
  writeFileSync(file, text);
  return file;
}

test('what can be read only once, as a pipe, is read once: its end is named where it is open', async () => {
  const pipe = join(folder, 'pipe');
  execFileSync('sh', ['-c', 'mkfifo "$1"', 'sh', pipe]);
  // Who opens it again finds nothing.
  const script = 'cat "$1" > "$2"; while :; do : > "$2"; done';
  const writer = spawn('sh', ['-c', script, 'sh', fileOf('user,time,v\nana,2026-11-21,24'), pipe], { stdio: 'ignore' });
  try {
    const done = await tributary(['import', 'csv', pipe, ...MAP]);
    expect([done.code, done.stdout]).toEqual([0, expect.stringContaining('1 row, 0 with a problem')]);
    expect(done.stderr).toContain(OPEN_END);
  } finally {
    writer.kill('SIGKILL');
  }
});

test('a separator within quotes divides no columns: a row is not cut because the header has one', async () => {
  const done = await tributary(['import', 'csv', fileOf('user,time,"w,x",v\nana,2026-11-21,y,24'), ...MAP]);
  expect([done.code, done.stdout]).toEqual([0, expect.stringContaining('1 row, 0 with a problem')]);
  expect(done.stderr).toContain(OPEN_END);
});
