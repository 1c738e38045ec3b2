/**
 * A backup put in the place of a data folder. All of it is copied beside its place, each file held against its manifest, and moved there when it
 * is whole, the archive last: a folder that has generations, or the note of a log, and no archive is refused by every role. So a restore that
 * was killed leaves nothing that starts as a platform, and the same command begins again.
 */
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { TributaryError } from '@tributary/model/errors';
import { type Audit, auditDataFolder } from '../audit/audit.ts';
import { isDamage } from '../audit/faults.ts';
import { errorCode, namesIn, syncFolder } from '../durable.ts';
import { distrustSearch } from '../forgotten.ts';
import { copyPlatform, FileDamaged } from './copy-platform.ts';
import { type ErasedAgain, eraseAgain, knowsErasures, takeReceipts } from './erase-again.ts';
import {
  BACKUP_FOLDERS,
  type BackupNote,
  DEFINITIONS_COPY,
  makeParent,
  OTHER_FILES,
  reachOf,
  readBackupNote,
  refused,
} from './note.ts';

export interface RestorePorts {
  readonly backup: string;
  /** The data folder to be: not there, or empty. */
  readonly dataDir: string;
  /** Where receipts of erasures from after the backup lie: a data folder, a backup, or a folder with a copy of `erasures`. null: none is named. */
  readonly erasures: string | null;
  readonly nowMs: number;
  readonly signal?: AbortSignal;
  readonly onFile?: (path: string) => void;
}

export type Restored = BackupNote & { readonly erasedAgain: ErasedAgain };

const STAGED = '.restoring';
/** In the order in which they get their place: the archive is the last. */
const PLACES: readonly string[] = [...OTHER_FILES.filter((path) => !path.includes('/')), DEFINITIONS_COPY, ...BACKUP_FOLDERS];
const [ARCHIVE = ''] = PLACES.slice(-1);

/** Throws `invalid_query` where the backup is not whole or has damaged files, or users were erased and no receipts are named, `conflict` where the data folder has something in it. */
export async function restore(ports: RestorePorts): Promise<Restored> {
  const { backup, dataDir, nowMs, signal } = ports;
  const note = await readBackupNote(backup);
  demandAsNoted(
    backup,
    note,
    await auditDataFolder({ dataDir: backup, nowMs, depth: { quick: true, ...(signal && { signal }) } }),
  );
  if (ports.erasures === null && (await knowsErasures(backup, note.generation))) throw unasked(note.at);
  await takeFolder(dataDir);
  const staged = join(dataDir, STAGED);
  const definitionsFile = note.others.some(({ path }) => path === DEFINITIONS_COPY) ? join(backup, DEFINITIONS_COPY) : null;
  let erasedAgain: ErasedAgain;
  try {
    const copied = await copyPlatform({ ...ports, dataDir: backup, target: staged, definitionsFile }).catch((error: unknown) => {
      throw error instanceof FileDamaged ? refused(backup, error.what, error) : error;
    });
    if (copied === null) throw refused(backup, `generation ${note.generation} is published in it, and not computed`);
    demandAsNoted(backup, note, copied.audit);
    for (const said of note.others) {
      const found = copied.others.find(({ path }) => path === said.path);
      if (found?.sha256 !== said.sha256)
        throw refused(backup, `${said.path} is ${found === undefined ? 'missing' : 'another one than it was'}`);
    }
    if ((note.receipts ?? 0) > copied.receipts)
      throw refused(backup, `it had ${note.receipts} receipts of erasures, now ${copied.receipts}`);
    // A backup may have files from before a search that ended while it was taken.
    await distrustSearch(staged);
    if (ports.erasures !== null) await takeReceipts(staged, ports.erasures);
    erasedAgain = await eraseAgain(staged, copied.audit, note.generation);
  } catch (error) {
    await rm(staged, { recursive: true, force: true });
    throw error;
  }
  await putInPlace(staged, dataDir);
  return { ...note, erasedAgain };
}

function unasked(at: number): TributaryError {
  return new TributaryError(
    'invalid_query',
    `--erasures must name receipts of erasures where users were erased: the backup still has those who were erased after ${new Date(at).toISOString()} (got nothing). Name the old data folder, a newer backup or a copy of its "erasures"; where there is none, the backup itself.`,
  );
}

function demandAsNoted(backup: string, note: BackupNote, audit: Audit): void {
  const [fault] = audit.faults.filter(isDamage);
  if (fault !== undefined) throw refused(backup, `${fault.path} ${fault.detail}`);
  const there = reachOf(audit);
  for (const one of note.partitions) {
    const found = there.find(({ partition }) => partition === one.partition);
    if (found?.upTo !== one.upTo || found.lastSegment !== one.lastSegment || found.events !== one.events)
      throw refused(
        backup,
        `partition ${one.partition} had segment ${one.lastSegment} with ${one.upTo} as its end, now ${found?.lastSegment ?? 'none'}`,
      );
  }
  if (there.length !== note.partitions.length)
    throw refused(backup, `it had ${note.partitions.length} partitions, now ${there.length}`);
  const published = audit.generations.find((one) => one.published)?.generation ?? null;
  if (published !== note.generation)
    throw refused(backup, `generation ${note.generation} was published in it, now ${published ?? 'none'}`);
}

/** Made where it is not there; a restore that was killed before the archive got its place begins again. */
async function takeFolder(dataDir: string): Promise<void> {
  await makeParent(dataDir, 'the data folder');
  await mkdir(dataDir, { mode: 0o700 }).catch((error: unknown) => {
    if (errorCode(error) !== 'EEXIST') throw error;
  });
  const names = await demandEmpty(dataDir);
  // The mark of a killed restore goes last.
  for (const name of names.filter((each) => each !== STAGED)) await rm(join(dataDir, name), { recursive: true, force: true });
  await rm(join(dataDir, STAGED), { recursive: true, force: true });
  await mkdir(join(dataDir, STAGED), { mode: 0o700 });
  await syncFolder(dataDir);
}

/** What a restore that was killed left there. Throws `conflict` where the folder has anything else in it. */
export async function demandEmpty(dataDir: string): Promise<readonly string[]> {
  const names = await namesIn(dataDir);
  const isOfKilled =
    names.includes(STAGED) && !names.includes(ARCHIVE) && names.every((name) => name === STAGED || PLACES.includes(name));
  if (names.length > 0 && !isOfKilled)
    throw new TributaryError(
      'conflict',
      `the data folder must be empty to be restored to (got ${JSON.stringify(dataDir)}: ${names.find((name) => name !== STAGED) ?? STAGED} is in it). Name another one with --data-dir, or move that one away.`,
    );
  return names;
}

async function putInPlace(staged: string, dataDir: string): Promise<void> {
  for (const name of PLACES) {
    try {
      await rename(join(staged, name), join(dataDir, name));
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
    }
    await syncFolder(dataDir);
  }
  await rm(staged, { recursive: true, force: true });
}
