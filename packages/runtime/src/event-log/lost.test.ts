/** The setting that restores a lost log restores one, and a folder that is not that of the log is refused. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { assertFolderOfLog } from './folder-history.ts';
import { lookForLog } from './lost.ts';
import { eventLogNote } from './note.ts';
import { askRestore, notedRestores } from './restores.ts';

let dataDir: string;
let identity: string | null;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'tributary-lost-'));
  identity = 'one';
  eventLogNote(dataDir, 'in Redis', '', 16).note('one');
});
afterEach(() => rmSync(dataDir, { recursive: true }));

const redis = { hget: (() => Promise.resolve(identity)) as never };

/** A role's start: it looks, and opens the log, or creates it. */
async function start(restore: boolean, now = 0, role = 'speed'): Promise<string> {
  const { known } = eventLogNote(dataDir, 'in Redis', '');
  const lost = await lookForLog(redis, { dataDir, known, restore, role, now: () => now });
  if (identity === null && lost.mayRestore) identity = known;
  lost.opened();
  return String(identity);
}

test('law 6: what "tributary recover" asked for lets one loss pass, in any order of roles, and no second', async () => {
  identity = null;
  askRestore(dataDir, 'another', 1_000);
  await expect(start(false)).rejects.toMatchObject({ code: 'log_recreated' });
  askRestore(dataDir, 'one', 1_000);
  // The look of a supervisor, or of "doctor", does not use it up.
  await lookForLog(redis, { dataDir, known: 'one', restore: false, role: null, now: () => 0 });
  expect(await start(false, 2_000, 'collector')).toBe('one');
  expect(notedRestores(dataDir)).toEqual({ restoreSpent: undefined, restoredAt: 2_000 });
  // Lost again before another role was there.
  identity = null;
  await expect(start(false, 3_000, 'speed')).rejects.toMatchObject({ code: 'log_recreated' });
  identity = 'one';
  expect(await start(false, 3_000, 'speed')).toBe('one');
  identity = null;
  await expect(start(false)).rejects.toMatchObject({ code: 'log_recreated' });
});

test('law 6: what was asked for is forgotten where the log is there, also after a role that died right after it created it', async () => {
  askRestore(dataDir, 'one', 1_000);
  // It ends before it has opened the log.
  await lookForLog(redis, { dataDir, known: 'one', restore: false, role: 'speed', now: () => 0 });
  identity = null;
  await expect(start(false)).rejects.toMatchObject({ code: 'log_recreated' });
  askRestore(dataDir, 'one', 1_000);
  const dying = await lookForLog(redis, { dataDir, known: 'one', restore: false, role: 'speed', now: () => 0 });
  expect(dying.mayRestore).toBe(true);
  identity = 'one';
  await start(false, 0, 'archiver');
  identity = null;
  await expect(start(false)).rejects.toMatchObject({ code: 'log_recreated' });
  // Half a file asks for nothing.
  writeFileSync(join(dataDir, 'log.json.restore-asked'), '{"identity":');
  await expect(start(false)).rejects.toMatchObject({ code: 'log_recreated' });
});

test('law 6: with the setting left on, a second lost log is refused; without it and with it again, restored', async () => {
  identity = null;
  await expect(start(false)).rejects.toThrow(/is gone: this Redis has none.*start once with TRIBUTARY_RESTORE_LOST_LOG=true/);
  expect(await start(true, 1_000)).toBe('one');
  expect(notedRestores(dataDir)).toEqual({ restoreSpent: { speed: 1_000 }, restoredAt: 1_000 });
  // The other roles of the same start, and each role that starts again.
  expect(await start(true, 2_000)).toBe('one');
  identity = null;
  await expect(start(true)).rejects.toThrow(/on since 1970-01-01T00:00:01\.000Z \(speed\) and restores one log only/);
  await expect(start(false)).rejects.toMatchObject({ code: 'log_recreated' });
  expect(await start(true, 3_000)).toBe('one');
  expect(notedRestores(dataDir)).toEqual({ restoreSpent: { speed: 3_000 }, restoredAt: 3_000 });
  const note = { identity: 'one', where: 'in Redis', partitions: 16 };
  expect(JSON.parse(readFileSync(join(dataDir, 'log.json'), 'utf8'))).toEqual(note);
});

test('law 6: the log of another folder is refused by its identity, with the setting or without it', async () => {
  identity = 'two';
  for (const restore of [true, false])
    await expect(start(restore)).rejects.toMatchObject({
      code: 'log_recreated',
      message: expect.stringContaining(
        `must be of one platform (got the log two in this Redis, and "${dataDir}", which was built upon one)`,
      ),
    });
  expect(notedRestores(dataDir)).toEqual({});
});

test('law 6: a setting that was on before the log was lost restores nothing', async () => {
  await start(true, 1_000);
  identity = null;
  await expect(start(true)).rejects.toMatchObject({ code: 'log_recreated' });
});

test('law 6: a role without the setting does not let a second loss pass to those that have it', async () => {
  identity = null;
  expect(await start(true, 1_000, 'collector')).toBe('one');
  await start(true, 2_000, 'speed');
  await start(false, 3_000, 'archiver');
  identity = null;
  await expect(start(true, 4_000, 'speed')).rejects.toThrow(/on since 1970-01-01T00:00:01\.000Z \(collector, speed\)/);
  // Every role that had it has started without it.
  await expect(start(false, 5_000, 'collector')).rejects.toMatchObject({ code: 'log_recreated' });
  await expect(start(true, 6_000, 'speed')).rejects.toThrow(/\(speed\) and restores one log only/);
  await expect(start(false, 7_000, 'speed')).rejects.toMatchObject({ code: 'log_recreated' });
  expect(await start(true, 8_000, 'speed')).toBe('one');
});

test('law 6: roles of several processes that start together each leave their mark', async () => {
  const restores = pathToFileURL(join(import.meta.dirname, 'restores.ts')).href;
  const roles = ['api', 'archiver', 'collector', 'speed'];
  const script = `const { noteSpent } = await import(${JSON.stringify(restores)});
    process.send('ready');
    process.once('message', () => { noteSpent(process.argv[2], process.argv[3], 1_000); process.disconnect(); });`;
  writeFileSync(join(dataDir, 'role.mts'), script);
  const processes = roles.map((role) => fork(join(dataDir, 'role.mts'), [dataDir, role]));
  await Promise.all(processes.map((one) => once(one, 'message')));
  const ends = processes.map((one) => once(one, 'exit'));
  for (const one of processes) one.send('go');
  expect(await Promise.all(ends)).toEqual(roles.map(() => [0, null]));
  expect(notedRestores(dataDir).restoreSpent).toEqual(Object.fromEntries(roles.map((role) => [role, 1_000])));
});

test('law 6: no role writes into a file that another one changes: between look and mark others may do the same', async () => {
  identity = null;
  const look = (role: string, now: number) => lookForLog(redis, { dataDir, known: 'one', restore: true, role, now: () => now });
  const [collector, speed] = [await look('collector', 1_000), await look('speed', 2_000)];
  const { ino } = statSync(join(dataDir, 'log.json'));
  for (const role of [speed, collector]) role.opened();
  expect(statSync(join(dataDir, 'log.json')).ino).toBe(ino);
  expect(notedRestores(dataDir).restoreSpent).toEqual({ collector: 1_000, speed: 2_000 });
});

test('law 6: marks of earlier versions hold: by role, or of any role', async () => {
  const note = { identity: 'one', restoredAt: 500 };
  const file = join(dataDir, 'log.json');
  writeFileSync(file, JSON.stringify({ ...note, restoreSpent: { collector: 1_000, speed: 1_000 } }));
  identity = null;
  await expect(start(true)).rejects.toThrow(/\(collector, speed\) and restores one log only/);
  await expect(start(false)).rejects.toMatchObject({ code: 'log_recreated' });
  await expect(start(true)).rejects.toThrow(/\(collector\) and restores one log only/);
  writeFileSync(file, JSON.stringify({ ...note, restoreSpentAt: 1_000 }));
  await expect(start(true)).rejects.toThrow(/on since 1970-01-01T00:00:01\.000Z \(an earlier version\)/);
  expect(notedRestores(dataDir).restoredAt).toBe(500);
  await expect(start(false)).rejects.toMatchObject({ code: 'log_recreated' });
  expect(await start(true, 2_000)).toBe('one');
  expect(notedRestores(dataDir)).toEqual({ restoreSpent: { speed: 2_000 }, restoredAt: 2_000 });
});

test('when the log was created again stays noted when other roles open it later', async () => {
  identity = null;
  await start(true, 1_000, 'collector');
  await start(true, 2_000, 'speed');
  expect(notedRestores(dataDir)).toEqual({ restoreSpent: { collector: 1_000, speed: 2_000 }, restoredAt: 1_000 });
});

test('npm start takes the marks of all its roles back', async () => {
  await start(true, 1_000, 'collector');
  await start(true, 1_000, 'speed');
  await lookForLog(redis, { dataDir, known: 'one', restore: false, role: null, now: () => 0 });
  expect(notedRestores(dataDir)).toEqual({ restoreSpent: undefined, restoredAt: undefined });
});

test('a setting that was taken away is forgotten; when the log was created again is not', async () => {
  identity = null;
  await start(true, 1_000);
  await start(false);
  expect(notedRestores(dataDir)).toEqual({ restoreSpent: undefined, restoredAt: 1_000 });
});

test('law 6: a folder without the archive of what the log dropped is not that of the log', () => {
  const starts = [null, '000001795449831-0000000000', '000001795449831-0000000000'];
  expect(() => assertFolderOfLog(dataDir, [null, null])).not.toThrow();
  expect(() => assertFolderOfLog(join(dataDir, 'none'), starts)).toThrow(
    /none": it has no archive of partition 1 and 1 more.* or name it\.$/,
  );
  expect(() => assertFolderOfLog(join(dataDir, 'none'), starts, true)).toThrow(
    /Kafka dropped them before an archiver had read them/,
  );
  for (const partition of ['p01', 'p02']) mkdirSync(join(dataDir, 'archive', 'segments', partition), { recursive: true });
  expect(() => assertFolderOfLog(dataDir, starts)).toThrow(expect.objectContaining({ code: 'history_mismatch' }));
  for (const partition of ['p01', 'p02']) writeFileSync(join(dataDir, 'archive', 'segments', partition, '000000.json'), '{}');
  expect(() => assertFolderOfLog(dataDir, starts)).not.toThrow();
  // The segments go a day after they were merged.
  rmSync(join(dataDir, 'archive', 'segments', 'p02', '000000.json'));
  writeFileSync(join(dataDir, 'archive', 'segments', 'p02', '000000-000095.json'), '{}');
  expect(() => assertFolderOfLog(dataDir, starts)).not.toThrow();
});
