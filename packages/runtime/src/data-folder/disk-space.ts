/**
 * The free-space mark of the disk on which the embedded Redis keeps log and store. Redis ends itself when it cannot append
 * (`appendfsync always`), so nothing more is taken while there is still room for what was taken already.
 */
import { statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { TributaryError } from '@tributary/model/errors';
import { quoted } from '../config/setting.ts';

/** A folder that is not there would be watched in vain. */
export function redisFolderTrouble(folder: string): string | undefined {
  if (folder === '' || statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return undefined;
  return `TRIBUTARY_REDIS_FOLDER must be a folder that is there (got ${quoted(folder)}). Name the folder of this machine's Redis, or leave it out where Redis is elsewhere.`;
}

export interface DiskSpace {
  /** Why nothing new may be taken; null while there is room. */
  trouble(): string | null;
  /** Throws `disk_full` below the mark. */
  assertRoom(): void;
  /** Throws `disk_full` below half of the mark: the other half is for what keeps roles alive, leases above all. */
  assertRoomToWork(): void;
}

export interface DiskWatch {
  readonly folder: string;
  readonly reserveMb: number;
  readonly signal: AbortSignal;
  readonly onChange: (trouble: string | null) => void;
  /** Free bytes for us; a test has its own. */
  readonly freeBytes?: (folder: string) => Promise<number>;
}

const POLL_EVERY_MS = 250;
const MB = 1024 * 1024;

/** Measures once before it resolves, then four times a second. Without a folder there is nothing to watch. */
export async function watchDisk({ folder, reserveMb, signal, onChange, freeBytes = freeBytesOf }: DiskWatch): Promise<DiskSpace> {
  let freeMb = Number.POSITIVE_INFINITY;
  const troubleBelow = (markMb: number) =>
    freeMb >= markMb ? null : `the disk of ${folder} has ${Math.floor(freeMb)} MB left, and ${markMb} MB are kept free`;
  const measure = async () => {
    const before = troubleBelow(reserveMb) === null;
    freeMb = (await freeBytes(folder)) / MB;
    const trouble = troubleBelow(reserveMb);
    if ((trouble === null) !== before) onChange(trouble);
  };
  const assertAbove = (markMb: number) => {
    const trouble = troubleBelow(markMb);
    if (trouble !== null) throw new TributaryError('disk_full', trouble);
  };
  if (folder !== '') {
    await measure();
    void keepMeasuring(measure, signal);
  }
  return {
    trouble: () => troubleBelow(reserveMb),
    assertRoom: () => assertAbove(reserveMb),
    assertRoomToWork: () => assertAbove(reserveMb / 2),
  };
}

async function keepMeasuring(measure: () => Promise<void>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sleep(POLL_EVERY_MS, undefined, { signal, ref: false }).catch(() => {});
    // One that fails says nothing new: what was measured last still counts.
    await measure().catch(() => {});
  }
}

async function freeBytesOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
