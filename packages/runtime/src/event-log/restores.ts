/**
 * What is noted of the setting that restores a lost log, beside the note of the log. Each role has a file of its own, created by one link and
 * removed by that role: roles that start together take no mark from each other.
 *
 *   log.json.restore-spent.ROLE   {"since": ms}
 *   log.json.restored             {"at": ms}
 *   log.json.restore-asked        {"identity": "…", "at": ms}   once, by "tributary recover"; the first role that meets it removes it
 *
 * Notes of earlier versions have the same in log.json: `restoreSpent` by role, or `restoreSpentAt` without one, and `restoredAt`.
 */
import { accessSync, constants, linkSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { dataPath } from '../data-folder/paths.ts';
import { type Note, put, readNote, remove } from './note.ts';

/** Epoch ms. */
export interface Restores {
  /**
   * Since when the setting that restores a lost log is on and spent, by role: no other loss passes under it. A role that does not have the
   * setting takes back its own mark alone.
   */
  readonly restoreSpent?: Readonly<Record<string, number>> | undefined;
  /** When the log was last created again. */
  readonly restoredAt?: number | undefined;
}

interface EarlierNote extends Note, Restores {
  readonly restoreSpentAt?: number | undefined;
}

/** The role of a mark that names none. As with the version that wrote it, each role that starts without the setting takes it back. */
const ANY_ROLE = 'an earlier version';

export function notedRestores(dataDir: string): Restores {
  const earlier: Partial<EarlierNote> = earlierNote(dataDir) ?? {};
  const restoreSpent = {
    ...marksIn(earlier),
    ...Object.fromEntries(marks(dataDir).flatMap(([role, file]) => sinceOf(file).map((since) => [role, since]))),
  };
  const restoredAt = timeIn(restoredFile(dataDir), 'at') ?? earlier.restoredAt;
  return { restoreSpent: Object.keys(restoreSpent).length === 0 ? undefined : restoreSpent, restoredAt };
}

/** Whether marks can be left where the log is noted. */
export function mayNote(dataDir: string): boolean {
  try {
    accessSync(dirname(noteFile(dataDir)), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** The first mark of a role stays. Nothing where no log is noted. */
export function noteSpent(dataDir: string, role: string, since: number): void {
  if (earlierNote(dataDir) !== null) put(`${noteFile(dataDir)}${SPENT}${role}`, { since }, linkSync);
}

export function noteRestored(dataDir: string, at: number): void {
  if (earlierNote(dataDir) !== null) put(restoredFile(dataDir), { at }, renameSync);
}

/** Lets the next start create the log of that identity again where it is gone: once, whatever the setting says. */
export function askRestore(dataDir: string, identity: string, at: number): void {
  put(askedFile(dataDir), { identity, at }, renameSync);
}

/** A file that cannot be read asks for nothing. */
export function isRestoreAsked(dataDir: string, identity: string): boolean {
  try {
    return readNote(askedFile(dataDir))?.identity === identity;
  } catch {
    return false;
  }
}

export function forgetRestore(dataDir: string): void {
  remove(askedFile(dataDir));
}

/** `role`: null for all of them. */
export function takeBack(dataDir: string, role: string | null): void {
  for (const [other, file] of marks(dataDir)) if (role === null || other === role) remove(file);
  const earlier = earlierNote(dataDir);
  if (earlier === null) return;
  const spent = marksIn(earlier);
  const left = Object.entries(spent).filter(([other]) => role !== null && other !== role && other !== ANY_ROLE);
  if (left.length === Object.keys(spent).length) return;
  const restoreSpent = left.length === 0 ? undefined : Object.fromEntries(left);
  // Roles that take theirs back together may leave one: a loss is refused then, and not restored.
  put(noteFile(dataDir), { ...earlier, restoreSpentAt: undefined, restoreSpent }, renameSync);
}

const SPENT = '.restore-spent.';

function noteFile(dataDir: string): string {
  return dataPath(dataDir, 'eventLogNote');
}

function restoredFile(dataDir: string): string {
  return `${noteFile(dataDir)}.restored`;
}

function askedFile(dataDir: string): string {
  return `${noteFile(dataDir)}.restore-asked`;
}

function earlierNote(dataDir: string): EarlierNote | null {
  return readNote(noteFile(dataDir));
}

function marksIn({ restoreSpent, restoreSpentAt }: Partial<EarlierNote>): Record<string, number> {
  return { ...(restoreSpentAt === undefined ? {} : { [ANY_ROLE]: restoreSpentAt }), ...restoreSpent };
}

/** Role and file of each mark. */
function marks(dataDir: string): [string, string][] {
  const folder = dirname(noteFile(dataDir));
  const start = `${basename(noteFile(dataDir))}${SPENT}`;
  return namesIn(folder)
    .filter((name) => name.startsWith(start) && !name.slice(start.length).includes('.'))
    .map((name) => [name.slice(start.length), join(folder, name)]);
}

function namesIn(folder: string): string[] {
  return unlessAbsent(() => readdirSync(folder)) ?? [];
}

/** A mark that cannot be read is one all the same. None: it was taken back since the folder was read. */
function sinceOf(file: string): [] | [number] {
  const text = textOf(file);
  return text === undefined ? [] : [timeOf(text, 'since') ?? 0];
}

function timeIn(file: string, field: string): number | undefined {
  const text = textOf(file);
  return text === undefined ? undefined : timeOf(text, field);
}

function textOf(file: string): string | undefined {
  return unlessAbsent(() => readFileSync(file, 'utf8'));
}

function timeOf(text: string, field: string): number | undefined {
  try {
    const at = (JSON.parse(text) as Record<string, unknown>)[field];
    return typeof at === 'number' ? at : undefined;
  } catch {
    return undefined;
  }
}

function unlessAbsent<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
