/** One supervisor per data folder: a lock file that names the process. A lock whose process is gone is stale. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { TributaryError } from '@tributary/model/errors';
import { dataPath } from '@tributary/runtime/data-folder/paths';
import { isRunning } from '@tributary/runtime/process/is-running';
import { processStat } from './process-stat.ts';

export interface DataLock {
  /** The lock was left behind by a process that died: its children may still be on their way out. */
  readonly wasStale: boolean;
  release(): void;
}

interface Holder {
  readonly pid: number;
  /** Start time of that process in clock ticks since boot where the system says it: a reused pid is not the holder. */
  readonly startedTicks: string | null;
}

/** Makes the folder where there is none. Throws `invalid_config` that names the holder, or why it cannot be a data folder. */
export function lockDataDir(dataDir: string, pid: number = process.pid): DataLock {
  try {
    makeFolder(dataDir);
    return lock(dataDir, pid);
  } catch (cause) {
    const { code = '', message } = cause as NodeJS.ErrnoException;
    if (cause instanceof TributaryError) throw cause;
    throw new TributaryError(
      'invalid_config',
      `--data-dir must be a folder to write in (got "${dataDir}": ${REASONS[code] ?? message}). Name another folder.`,
      { cause },
    );
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EEXIST: 'there is a file of that name',
  ENOTDIR: 'a part of the path is a file',
  ENOENT: 'no folder can be made there',
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'nothing can be written there',
  ENOSPC: 'the disk is full',
};

/** Parents first, one by one: below /proc a `mkdir` with `recursive` never comes back. */
function makeFolder(folder: string): void {
  const parent = dirname(folder);
  if (parent !== folder && !existsSync(parent)) makeFolder(parent);
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
  }
}

function lock(dataDir: string, pid: number): DataLock {
  const file = dataPath(dataDir, 'supervisorLock');
  const me = JSON.stringify({ pid, startedTicks: startedTicks(pid) } satisfies Holder);
  let wasStale = false;
  // Twice: two processes may find the same stale lock; the slower one then meets the live lock of the faster.
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      writeFileSync(file, me, { flag: 'wx', mode: 0o600 });
      return { wasStale, release: () => release(file, me) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = readHolder(file);
    if (holder !== null && isAlive(holder)) throw inUse(dataDir, holder.pid);
    wasStale = true;
    setAside(file, pid);
  }
  throw inUse(dataDir, readHolder(file)?.pid ?? 0);
}

function inUse(dataDir: string, pid: number): TributaryError {
  return new TributaryError(
    'invalid_config',
    `--data-dir must be a folder that no other platform uses (got "${dataDir}": in use by process ${pid}). Stop that one, or name another folder.`,
  );
}

function release(file: string, me: string): void {
  try {
    if (readFileSync(file, 'utf8') === me) rmSync(file);
  } catch {
    // Gone already: nothing to release.
  }
}

/** A rename succeeds for one of two rivals only; the other finds the file gone and tries to create its own. */
function setAside(file: string, pid: number): void {
  const aside = `${file}.stale-${pid}`;
  try {
    renameSync(file, aside);
    rmSync(aside, { force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** Null for a lock that was cut short by a crash: it has no holder. */
function readHolder(file: string): Holder | null {
  try {
    const holder = JSON.parse(readFileSync(file, 'utf8')) as Holder;
    const isOne = Number.isSafeInteger(holder.pid) && holder.pid > 0;
    return isOne ? { pid: holder.pid, startedTicks: holder.startedTicks ?? null } : null;
  } catch {
    return null;
  }
}

function isAlive({ pid, startedTicks: expected }: Holder): boolean {
  return isRunning(pid) && (expected === null || startedTicks(pid) === expected);
}

/** Field 22 of /proc/<pid>/stat (proc(5)); null where there is no such file. */
function startedTicks(pid: number): string | null {
  return processStat(pid)?.[19] ?? null;
}
