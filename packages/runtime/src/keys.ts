/**
 * API keys: `prefix_id_secret`. Stored is the SHA-256 of the whole key, never the key. The secret has 192 random bits, so
 * a fast hash is enough: there is nothing to guess. Keys differ in the id, so two can be active while one is rotated out.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { TributaryError } from '@tributary/model/errors';

export const SCOPES = ['write', 'read', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];
export type Verdict = 'ok' | 'unknown' | 'forbidden' | 'expired';

export interface KeyRecord {
  readonly id: string;
  readonly scope: Scope;
  /** Hex SHA-256 of the whole key. */
  readonly hash: string;
  /** Epoch ms. */
  readonly createdAt: number;
  /** Epoch ms, exclusive; null: never. */
  readonly expiresAt: number | null;
}

export interface KeyRing {
  /** `now` in epoch ms. A verdict other than `ok` never says whether the id exists. */
  verify(key: string, scope: Scope, now: number): Verdict;
  readonly size: number;
}

const PREFIX: Readonly<Record<Scope, string>> = { write: 'tw', read: 'tr', admin: 'ta' };
/** What a key of each scope may do. A leaked browser write key reads nothing. */
const GRANTS: Readonly<Record<Scope, readonly Scope[]>> = { write: ['write'], read: ['read'], admin: ['admin', 'read', 'write'] };
const FORMAT = /^t[wra]_([0-9a-f]{12})_[0-9a-f]{48}$/;
/** How often a ring looks whether its file changed, ms. */
const RELOAD_MS = 1_000;
const MAX_KEYS = 10_000;

export function createKey(
  scope: Scope,
  now: number,
  expiresAt: number | null = null,
  random: (bytes: number) => Buffer = randomBytes,
): { key: string; record: KeyRecord } {
  const id = random(6).toString('hex');
  const key = `${PREFIX[scope]}_${id}_${random(24).toString('hex')}`;
  return { key, record: { id, scope, hash: digest(key).toString('hex'), createdAt: now, expiresAt } };
}

/** The records of a key file; none when there is no file. Throws `invalid_config` when it is not a key file. */
export function readKeys(file: string): KeyRecord[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw cause;
  }
  try {
    const { keys } = JSON.parse(text) as { keys: unknown };
    if (!Array.isArray(keys) || keys.length > MAX_KEYS || !keys.every(isRecord)) throw new Error('not a list of key records');
    return keys;
  } catch (cause) {
    throw new TributaryError('invalid_config', `the key file ${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

/** Replaces the key file in one step, readable by its owner only. */
export function writeKeys(file: string, records: readonly KeyRecord[]): void {
  const staged = `${file}.${process.pid}.new`;
  writeFileSync(staged, `${JSON.stringify({ keys: records }, null, 2)}\n`, { mode: 0o600 });
  renameSync(staged, file);
}

/** A ring that follows its file. A file that turns unreadable later leaves the keys as they were: no outage, no open door. */
export function loadKeyRing(file: string): KeyRing {
  let records = byId(readKeys(file));
  let stamp = stampOf(file);
  let checkedAt = Number.NEGATIVE_INFINITY;

  function refresh(now: number): void {
    if (Math.abs(now - checkedAt) < RELOAD_MS) return;
    checkedAt = now;
    const current = stampOf(file);
    if (current === stamp) return;
    try {
      records = byId(readKeys(file));
      stamp = current;
    } catch {
      // Tried again at the next check.
    }
  }

  return {
    verify(key, scope, now) {
      refresh(now);
      const id = FORMAT.exec(key)?.[1];
      const record = id === undefined ? undefined : records.get(id);
      // An unknown id costs the same comparison as a wrong secret.
      const same = timingSafeEqual(digest(key), record === undefined ? NO_HASH : Buffer.from(record.hash, 'hex'));
      if (record === undefined || !same) return 'unknown';
      if (record.expiresAt !== null && now >= record.expiresAt) return 'expired';
      return GRANTS[record.scope].includes(scope) ? 'ok' : 'forbidden';
    },
    get size() {
      return records.size;
    },
  };
}

const NO_HASH = Buffer.alloc(32);

function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

function byId(records: readonly KeyRecord[]): ReadonlyMap<string, KeyRecord> {
  return new Map(records.map((record) => [record.id, record]));
}

function stampOf(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat === undefined ? 'absent' : `${stat.ino}:${stat.mtimeMs}:${stat.size}`;
}

function isRecord(value: unknown): value is KeyRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { id, scope, hash, createdAt, expiresAt } = value as Partial<Record<keyof KeyRecord, unknown>>;
  return (
    typeof id === 'string' &&
    SCOPES.includes(scope as Scope) &&
    typeof hash === 'string' &&
    /^[0-9a-f]{64}$/.test(hash) &&
    typeof createdAt === 'number' &&
    (expiresAt === null || typeof expiresAt === 'number')
  );
}
