/** The file of API keys: what is stored of a key, and how the file is read and changed. */
import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { TributaryError } from '@tributary/model/errors';
import { jsonTrouble, notJson } from '@tributary/model/reading/json-trouble';
import { refusalText } from '@tributary/model/refusal';
import { dataPath } from '../data-folder/paths.ts';
import { patience } from '../wait.ts';

/** `write` is `server` and `import` in one: older keys, and the one of a platform on one machine. */
export const SCOPES = ['browser', 'server', 'import', 'read', 'admin', 'write'] as const;
export type Scope = (typeof SCOPES)[number];

/** What narrows or names one key; all of it may be absent. */
export interface KeyRules {
  /** For people: who uses it. */
  readonly name?: string;
  /** Web origins that may send with it. */
  readonly origins?: readonly string[];
  /** Types of events that may be sent with it. */
  readonly types?: readonly string[];
  readonly eventsPerSecond?: number;
  /** Whether a browser key may send money. */
  readonly revenue?: boolean;
}

export interface KeyRecord extends KeyRules {
  /** The public half of the key: what it wrote carries it. */
  readonly id: string;
  readonly scope: Scope;
  /** Hex SHA-256 of the whole key. */
  readonly hash: string;
  /** Epoch ms. */
  readonly createdAt: number;
  /** Epoch ms, exclusive; null: never. */
  readonly expiresAt: number | null;
  /** Epoch ms. A revoked key stays in the file, so that what it wrote keeps a name. */
  readonly revokedAt?: number;
  /** The id of the key that took its place. */
  readonly rotatedTo?: string;
}

const MAX_KEYS = 10_000;

export function keyFileOf(dataDir: string): string {
  return dataPath(dataDir, 'keys');
}

/** The records of a key file; none when there is no file. Throws `invalid_config` that names the place when it is not a key file. */
export function readKeys(file: string): KeyRecord[] {
  let text: string;
  try {
    // Editors of some systems begin a file with the mark.
    text = readFileSync(file, 'utf8').replace(/^\ufeff/, '');
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    throw notKeys(file, 'be a file that can be read', message, cause);
  }
  const trouble = jsonTrouble(text);
  if (trouble !== undefined) {
    const { must, got } = notJson(trouble);
    throw notKeys(file, must, got);
  }
  const { keys } = { ...(JSON.parse(text) as { keys?: unknown }) };
  if (!Array.isArray(keys)) throw notKeys(file, 'have a list "keys"', 'none');
  if (keys.length > MAX_KEYS) throw notKeys(file, `have at most ${MAX_KEYS} records`, String(keys.length));
  for (const [i, record] of keys.entries()) {
    const wrong = recordTrouble(record);
    if (wrong !== undefined) throw notKeys(file, `hold records of keys: at keys.${i}, ${wrong.must}`, wrong.got);
  }
  return keys as KeyRecord[];
}

function notKeys(file: string, must: string, got: string, cause?: unknown): TributaryError {
  const fix = 'Correct that, or restore the file from a backup';
  return new TributaryError('invalid_config', refusalText({ field: `the key file ${file}`, must, got, fix }), { cause });
}

/** Replaces the key file in one step that a loss of power does not undo, readable by its owner only: keys were shown once. */
export function writeKeys(file: string, records: readonly KeyRecord[]): void {
  const staged = `${file}.${process.pid}.new`;
  writeFileSync(staged, `${JSON.stringify({ keys: records }, null, 2)}\n`, { mode: 0o600, flush: true });
  renameSync(staged, file);
  const folder = openSync(dirname(file), 'r');
  fsyncSync(folder);
  closeSync(folder);
}

const LOCK_WAIT_MS = 5_000;
const LOCK_EVERY_MS = 50;
/** A change takes milliseconds: a lock this old was left by a process that died. */
const LOCK_STALE_MS = 10_000;

/** Reads, changes and writes the key file. Where two do so at the same moment, the second waits. */
export async function changeKeys(file: string, change: (records: readonly KeyRecord[]) => readonly KeyRecord[]): Promise<void> {
  const lock = `${file}.lock`;
  const more = patience(LOCK_WAIT_MS, LOCK_EVERY_MS);
  const own = randomUUID();
  while (!taken(lock, own)) if (!(await more())) throw held(file, lock);
  try {
    const changed = change(readKeys(file));
    // One that slept for long enough lost the lock to another process, whose change would be lost.
    if (!isOwn(lock, own)) throw held(file, lock);
    writeKeys(file, changed);
  } finally {
    if (isOwn(lock, own)) rmSync(lock, { force: true });
  }
}

function held(file: string, lock: string): TributaryError {
  return new TributaryError(
    'invalid_config',
    `${file} must be changed by one process at a time (got ${lock}, which another one holds). Remove that file if no process does.`,
  );
}

function isOwn(lock: string, own: string): boolean {
  try {
    return readFileSync(lock, 'utf8') === own;
  } catch {
    return false;
  }
}

function taken(lock: string, own: string): boolean {
  try {
    writeFileSync(lock, own, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const age = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > LOCK_STALE_MS) rmSync(lock, { force: true });
    return false;
  }
}

const isText = (value: unknown) => typeof value === 'string';
const isNumber = (value: unknown) => typeof value === 'number';
const isTexts = (value: unknown) => Array.isArray(value) && value.every((item) => isText(item) && item !== '');
const isHash = (value: unknown) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
const isRate = (value: unknown) => Number.isSafeInteger(value) && (value as number) > 0;

interface FieldRule {
  readonly must: string;
  readonly isRight: (value: unknown) => boolean;
  readonly isOptional?: true;
}

const FIELD_RULES: Readonly<Record<keyof KeyRecord, FieldRule>> = {
  id: { must: 'be a text', isRight: isText },
  scope: { must: `be one of ${SCOPES.join(', ')}`, isRight: (value) => SCOPES.includes(value as Scope) },
  hash: { must: 'be 64 hexadecimal digits in lower case', isRight: isHash },
  createdAt: { must: 'be milliseconds since 1970', isRight: isNumber },
  expiresAt: { must: 'be milliseconds since 1970, or null', isRight: (value) => value === null || isNumber(value) },
  revokedAt: { must: 'be milliseconds since 1970', isRight: isNumber, isOptional: true },
  rotatedTo: { must: 'be the id of a key', isRight: isText, isOptional: true },
  name: { must: 'be a text', isRight: isText, isOptional: true },
  origins: { must: 'be a list of origins', isRight: isTexts, isOptional: true },
  types: { must: 'be a list of types', isRight: isTexts, isOptional: true },
  eventsPerSecond: { must: 'be a whole number above 0', isRight: isRate, isOptional: true },
  revenue: { must: 'be true or false', isRight: (value) => typeof value === 'boolean', isOptional: true },
};

/** Quotes no value: it may be a key that was put where its hash belongs. */
function recordTrouble(value: unknown): { readonly must: string; readonly got: string } | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { must: 'the record must be an object', got: 'another value' };
  const record = value as Partial<Record<string, unknown>>;
  const wrong = Object.entries(FIELD_RULES).find(([name, { isRight, isOptional }]) =>
    record[name] === undefined ? isOptional !== true : !isRight(record[name]),
  );
  if (wrong === undefined) return undefined;
  const [field, { must }] = wrong;
  return { must: `"${field}" must ${must}`, got: record[field] === undefined ? 'nothing' : 'another value, not shown' };
}
