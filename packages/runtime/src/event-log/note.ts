/**
 * Which log a platform is built upon, noted in its data folder by the role that created it. A role with a misspelt topic prefix would
 * otherwise create a log of its own and acknowledge events without a reader (law 6).
 */
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { TributaryError } from '@tributary/model/errors';
import { dataPath } from '../data-folder/paths.ts';

export interface EventLogNote {
  /** The identity of the log, null: no role has opened one yet. */
  readonly known: string | null;
  /** Notes the identity; throws `log_recreated` when another one is noted. */
  note(identity: string): void;
}

/** `where`: what the log is called in messages; `hint`: what may have been set wrongly; `partitions`: noted with the identity. */
export function eventLogNote(dataDir: string, where: string, hint: string, partitions?: number): EventLogNote {
  const file = dataPath(dataDir, 'eventLogNote');
  const known = readNote(file)?.identity ?? archivedIdentity(dataDir);
  return {
    known,
    note(identity) {
      const noted = readNote(file)?.identity ?? createNote(file, { identity: known ?? identity, where, partitions });
      if (noted === identity) return;
      const message = `the log ${where} is ${identity}, this platform was built upon ${noted} (${file}): ${hint}`;
      throw new TributaryError('log_recreated', message);
    },
  };
}

/** How many partitions the noted log has; undefined where nothing is noted, as in folders of older versions. */
export function notedPartitions(dataDir: string): number | undefined {
  const partitions = readNote(dataPath(dataDir, 'eventLogNote'))?.partitions;
  return typeof partitions === 'number' ? partitions : undefined;
}

/** A role that may only read the folder, or has none, leaves the note to the others: it compares once there is one. */
const MAY_NOT_WRITE: ReadonlySet<string> = new Set(['EROFS', 'EACCES', 'EPERM', 'ENOENT']);

/** Whole or not at all, and only the first one; returns what then stands there. */
function createNote(file: string, facts: Note): string {
  put(file, facts, linkSync);
  return readNote(file)?.identity ?? facts.identity;
}

/** Whole or not at all: `linkSync` where none stands there, `renameSync` in place of it. Nothing where the folder may not be written to. */
export function put(file: string, facts: object, place: typeof linkSync): void {
  const staged = `${file}.${process.pid}.${Date.now()}`;
  try {
    if (!existsSync(dirname(file))) mkdirSync(dirname(file));
    writeFileSync(staged, `${JSON.stringify(facts)}\n`, { flush: true });
    place(staged, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') unlessMayNotWrite(error);
  } finally {
    rmSync(staged, { force: true });
  }
}

/** Removes it where it is there and the folder may be written to. */
export function remove(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch (error) {
    unlessMayNotWrite(error);
  }
}

function unlessMayNotWrite(error: unknown): void {
  if (!MAY_NOT_WRITE.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
}

/**
 * The log that the newest manifest of the archive was read from: of a folder that is older than the note, or was restored without
 * it. What cannot be read here the archive's own readers tell.
 */
function archivedIdentity(dataDir: string): string | null {
  const segments = dataPath(dataDir, 'segments');
  for (const partition of namesIn(segments)) {
    const newest = namesIn(join(segments, partition))
      .filter((name) => /^\d{6,12}\.json$/.test(name))
      .sort((a, b) => a.length - b.length || (a < b ? -1 : 1))
      .at(-1);
    if (newest === undefined) continue;
    try {
      const { logIdentity } = JSON.parse(readFileSync(join(segments, partition, newest), 'utf8')) as { logIdentity?: unknown };
      if (typeof logIdentity === 'string') return logIdentity;
    } catch {
      // Damaged, or removed meanwhile: another partition may tell.
    }
  }
  return null;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

export interface Note {
  readonly identity: string;
  readonly where?: string;
  readonly partitions?: number | undefined;
}

export function readNote(file: string): Note | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    const read = JSON.parse(text) as Partial<Note>;
    if (typeof read.identity === 'string') return read as Note;
  } catch {
    // Reported below.
  }
  throw new TributaryError(
    'invalid_config',
    `${file} must read {"identity": "…"} (got another text). Restore it from a backup; where there is an archive, remove it: the archive names the log too.`,
  );
}
