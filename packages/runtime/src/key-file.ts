/** The file of API keys: what is stored of a key, and how the file is read and changed. */
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { TributaryError } from '@tributary/model/errors';
import { dataPath } from './data-folder.ts';
import { patience } from './wait.ts';

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

/** The records of a key file; none when there is no file. Throws `invalid_config` when it is not a key file. */
export function readKeys(file: string): KeyRecord[] {
  try {
    const { keys } = JSON.parse(readFileSync(file, 'utf8')) as { keys: unknown };
    if (!Array.isArray(keys) || keys.length > MAX_KEYS || !keys.every(isRecord)) throw new Error('not a list of key records');
    return keys;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new TributaryError('invalid_config', `the key file ${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

/** Replaces the key file in one step, readable by its owner only. */
export function writeKeys(file: string, records: readonly KeyRecord[]): void {
  const staged = `${file}.${process.pid}.new`;
  writeFileSync(staged, `${JSON.stringify({ keys: records }, null, 2)}\n`, { mode: 0o600 });
  renameSync(staged, file);
}

const LOCK_WAIT_MS = 5_000;
const LOCK_EVERY_MS = 50;
/** A change takes milliseconds: a lock this old was left by a process that died. */
const LOCK_STALE_MS = 10_000;

/** Reads, changes and writes the key file. Of two that do so at the same moment, the second waits. */
export async function changeKeys(file: string, change: (records: readonly KeyRecord[]) => readonly KeyRecord[]): Promise<void> {
  const lock = `${file}.lock`;
  const more = patience(LOCK_WAIT_MS, LOCK_EVERY_MS);
  while (!taken(lock))
    if (!(await more()))
      throw new TributaryError('invalid_config', `another process changes ${file}: ${lock} exists. Remove it if none does.`);
  try {
    writeKeys(file, change(readKeys(file)));
  } finally {
    rmSync(lock, { force: true });
  }
}

function taken(lock: string): boolean {
  try {
    writeFileSync(lock, '', { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const age = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > LOCK_STALE_MS) rmSync(lock, { force: true });
    return false;
  }
}

function isRecord(value: unknown): value is KeyRecord {
  if (typeof value !== 'object' || value === null) return false;
  const record = value as Partial<Record<keyof KeyRecord, unknown>>;
  const { id, scope, hash, createdAt, expiresAt, revokedAt, rotatedTo, name, origins, types, eventsPerSecond, revenue } = record;
  return (
    typeof id === 'string' &&
    SCOPES.includes(scope as Scope) &&
    typeof hash === 'string' &&
    /^[0-9a-f]{64}$/.test(hash) &&
    typeof createdAt === 'number' &&
    (expiresAt === null || typeof expiresAt === 'number') &&
    (revokedAt === undefined || typeof revokedAt === 'number') &&
    (rotatedTo === undefined || typeof rotatedTo === 'string') &&
    (name === undefined || typeof name === 'string') &&
    (origins === undefined || isTexts(origins)) &&
    (types === undefined || isTexts(types)) &&
    (eventsPerSecond === undefined || (Number.isSafeInteger(eventsPerSecond) && (eventsPerSecond as number) > 0)) &&
    (revenue === undefined || typeof revenue === 'boolean')
  );
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string' && item !== '');
}
