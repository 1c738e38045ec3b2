/**
 * Log files of the roles. A role writes to the file itself, so that nothing breaks when the supervisor dies; the
 * supervisor keeps it bounded: at each start, and whenever it passes the bound, the file becomes `<name>.1`.
 */
import { closeSync, copyFileSync, mkdirSync, openSync, readSync, renameSync, rmSync, statSync, truncateSync } from 'node:fs';
import { devNull } from 'node:os';
import { dirname } from 'node:path';

/** Bound of one log file, bytes; with its predecessor a role keeps twice that. */
export const LOG_BYTES = 16 * 1024 * 1024;

/** Sets an older log aside and opens a new one for appending; the caller closes the descriptor. Without room for a file, nowhere. */
export function openLog(file: string): number {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    if (sizeOf(file) > 0) renameSync(file, `${file}.1`);
    return openSync(file, 'a', 0o600);
  } catch (error) {
    if (!isFull(error)) throw error;
    return openSync(devNull, 'a');
  }
}

/**
 * Copy and truncate: the writer keeps its descriptor, and as it appends, it goes on at the new end. Where the disk has no
 * room for the copy, the lines are given up: the supervisor must not end over a log.
 */
export function boundLog(file: string, limitBytes: number = LOG_BYTES): void {
  if (sizeOf(file) <= limitBytes) return;
  try {
    copyFileSync(file, `${file}.1`);
  } catch (error) {
    if (!isFull(error)) throw error;
    rmSync(`${file}.1`, { force: true });
  }
  truncateSync(file, 0);
}

/** The last bytes of a log, whole lines, for a message about why its role ended. */
export function tailOf(file: string, bytes = 2_000): string {
  const size = sizeOf(file);
  if (size === 0) return '';
  const length = Math.min(size, bytes);
  const buffer = Buffer.alloc(length);
  const descriptor = openSync(file, 'r');
  try {
    readSync(descriptor, buffer, 0, length, size - length);
  } finally {
    closeSync(descriptor);
  }
  const text = buffer.toString('utf8');
  return size > length ? text.slice(text.indexOf('\n') + 1) : text;
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function isFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOSPC' || code === 'EDQUOT';
}
