/** A data folder that this role may only read: what is noted there of a lost log stays as it is, and nothing passes because of it. */
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { lookForLog } from './lost.ts';
import { eventLogNote } from './note.ts';
import { notedRestores } from './restores.ts';

const disk = vi.hoisted(() => ({ refuses: '' }));

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  const unless =
    <Args extends unknown[], Result>(change: (...args: Args) => Result) =>
    (...args: Args): Result => {
      if (disk.refuses === '') return change(...args);
      throw Object.assign(new Error(`${disk.refuses}: ${String(args[0])}`), { code: disk.refuses });
    };
  const accessSync: typeof fs.accessSync = (path, mode) =>
    mode === fs.constants.W_OK ? unless(fs.accessSync)(path, mode) : fs.accessSync(path, mode);
  // What is not there is removed on any disk.
  const rmOfFile: typeof fs.rmSync = (path, options) => (fs.existsSync(path) ? unless(fs.rmSync)(path, options) : undefined);
  const { writeFileSync, linkSync, renameSync, mkdirSync } = fs;
  const changed = { writeFileSync, linkSync, renameSync, mkdirSync };
  return {
    ...fs,
    ...Object.fromEntries(Object.entries(changed).map(([name, change]) => [name, unless(change as never)])),
    accessSync,
    rmSync: rmOfFile,
  };
});

let dataDir: string;
let identity: string | null;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'tributary-read-only-'));
  identity = 'one';
  eventLogNote(dataDir, 'in Redis', '', 16).note('one');
});
afterEach(() => {
  disk.refuses = '';
  rmSync(dataDir, { recursive: true });
});

const redis = { hget: (() => Promise.resolve(identity)) as never };

async function start(restore: boolean, role: string): Promise<boolean> {
  const lost = await lookForLog(redis, { dataDir, known: 'one', restore, role, now: () => 1_000 });
  if (identity === null && lost.mayRestore) identity = 'one';
  lost.opened();
  return lost.mayRestore;
}

test.each(['EROFS', 'EACCES', 'EPERM'])(
  'a role that may not take back its mark (%s) starts, and the mark stays',
  async (code) => {
    await start(true, 'speed');
    disk.refuses = code;
    expect(await start(false, 'speed')).toBe(false);
    expect(notedRestores(dataDir).restoreSpent).toEqual({ speed: 1_000 });
  },
);

test('any other error at the removal of a mark is reported', async () => {
  await start(true, 'speed');
  disk.refuses = 'EIO';
  await expect(start(false, 'speed')).rejects.toMatchObject({ code: 'EIO' });
});

test('a mark that another role removed since the folder was read is none, not one of 1970', () => {
  symlinkSync(join(dataDir, 'gone'), join(dataDir, 'log.json.restore-spent.speed'));
  expect(notedRestores(dataDir).restoreSpent).toBeUndefined();
});

test.each(['EROFS', 'EACCES'])(
  'law 6: a role that could not note it (%s) restores no lost log: the next loss would pass too',
  async (code) => {
    identity = null;
    disk.refuses = code;
    await expect(start(true, 'collector')).rejects.toMatchObject({
      code: 'log_recreated',
      message: expect.stringContaining(
        'TRIBUTARY_RESTORE_LOST_LOG=true is noted there once it is used, and this role may not write to it',
      ),
    });
    expect(identity).toBeNull();
    disk.refuses = '';
    expect(await start(true, 'speed')).toBe(true);
    expect(identity).toBe('one');
  },
);
