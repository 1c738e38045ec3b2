/**
 * API keys: `prefix_id_secret`. Stored is the SHA-256 of the whole key, never the key. The secret has 192 random bits, so
 * a fast hash is enough: there is nothing to guess. Keys differ in the id, so two can be active while one is rotated out.
 */
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { statSync } from 'node:fs';
import type { Logger } from 'pino';
import { type KeyRecord, type KeyRules, keyFileOf, readKeys, SCOPES, type Scope } from './file.ts';

export type Verdict = 'ok' | 'unknown' | 'forbidden' | 'expired' | 'revoked';

export type Finding =
  | { readonly verdict: 'ok'; readonly record: KeyRecord }
  | { readonly verdict: 'unknown' | 'expired' | 'revoked' };

export interface KeyRing {
  /** The record of a key, whatever it may do. `now` in epoch ms. `unknown` never says whether the id exists. */
  find(key: string, now: number): Finding;
  verify(key: string, scope: Scope, now: number): Verdict;
  /** Why the key file cannot be read just now; undefined when it can. */
  problem(now: number): string | undefined;
}

const PREFIX: Readonly<Record<Scope, string>> = {
  browser: 'tb',
  server: 'ts',
  import: 'ti',
  write: 'tw',
  read: 'tr',
  admin: 'ta',
};
/** What a key of each scope may do. `write` is `server` and `import` in one. */
const GRANTS: Readonly<Record<Scope, readonly Scope[]>> = {
  browser: ['browser'],
  server: ['server', 'browser'],
  import: ['import'],
  write: ['write', 'server', 'browser', 'import'],
  read: ['read'],
  admin: ['admin', 'read', 'write', 'server', 'browser', 'import'],
};
/** What a key looks like: the source of a regular expression. */
export const KEY_SHAPE = `(?:${Object.values(PREFIX).join('|')})_(?<id>[0-9a-f]{12})_[0-9a-f]{48}`;
const FORMAT = new RegExp(`^${KEY_SHAPE}$`);
/**
 * Keys within a text. What stands before one may be a byte that a URL encodes, such as `%3D`, or `%253D` of a URL within a URL, but no other letter
 * or digit. How often is bounded: each place of a text is looked at.
 */
export const KEYS_IN_TEXT = new RegExp(`(?<![0-9A-Za-z](?<!%(?:25){0,4}[0-9A-Fa-f]{2}))${KEY_SHAPE}(?![0-9a-f])`, 'g');
/** How often a ring looks whether its file changed, ms: what is created or revoked holds within a second. */
const RELOAD_MS = 500;
/** How long the keys known last stay valid while the file cannot be read, ms. Beyond it no key is: a revocation may be waiting. */
export const UNREADABLE_GRACE_MS = 10 * 60_000;

export function createKey(
  scope: Scope,
  now: number,
  expiresAt: number | null = null,
  random: (bytes: number) => Buffer = randomBytes,
  rules: KeyRules = {},
): { key: string; record: KeyRecord } {
  const id = random(6).toString('hex');
  const key = `${PREFIX[scope]}_${id}_${random(24).toString('hex')}`;
  return { key, record: { id, scope, hash: digest(key), createdAt: now, expiresAt, ...rules } };
}

/** Whether a text has the form of a key. */
export function isKey(text: string): boolean {
  return FORMAT.test(text);
}

/** What a key is, by its prefix, for messages: `one with the scope "read", tr_…`. Nothing else of it is said. */
export function keyKind(key: string): string {
  const found = SCOPES.find((scope) => key.startsWith(`${PREFIX[scope]}_`));
  return found === undefined ? 'another key' : `one with the scope "${found}", ${PREFIX[found]}_…`;
}

export function grants(holder: Scope, asked: Scope): boolean {
  return GRANTS[holder].includes(asked);
}

/**
 * A ring that follows its file. Where the file turns unreadable or vanishes, the keys known last stay valid for ten minutes,
 * and `problem` says so from the first look on; `onProblem` is called once, and once more (with undefined) when it is over.
 * Where there is no file from the start, that is a problem too: no key is known.
 */
export function loadKeyRing(
  file: string,
  onProblem: (problem: string | undefined) => void = () => {},
  read: typeof readKeys = readKeys,
): KeyRing {
  // Before it is read: a change in between is seen at the next look, at the worst once too often.
  let stamp = stampOf(file);
  let records = byId(read(file));
  /**
   * Keys whose digest was compared since the file was read: a request costs a look-up, not a digest. One for each record at most, as no
   * other text has its digest. A guess is found by a hash with a secret seed, so the time it takes says nothing of how near it is.
   */
  const verified = new Map<string, KeyRecord>();
  let checkedAt = Number.NEGATIVE_INFINITY;
  let problem: { readonly since: number; readonly message: string } | undefined;
  if (stamp === ABSENT) {
    problem = { since: Number.NEGATIVE_INFINITY, message: noFile(file) };
    onProblem(problem.message);
  }

  function refresh(now: number): void {
    if (Math.abs(now - checkedAt) < RELOAD_MS) return;
    checkedAt = now;
    try {
      const current = stampOf(file);
      if (current === stamp && problem === undefined) return;
      if (current === ABSENT) throw new Error(`the key file ${file} is gone`);
      records = byId(read(file));
      verified.clear();
      stamp = current;
      if (problem !== undefined) onProblem(undefined);
      problem = undefined;
    } catch (error) {
      if (problem !== undefined) return;
      problem = { since: now, message: (error as Error).message };
      onProblem(problem.message);
    }
  }

  function identify(key: string): KeyRecord | undefined {
    const id = FORMAT.exec(key)?.groups?.['id'];
    const record = id === undefined ? undefined : records.get(id);
    // An unknown id costs the same comparison as a wrong secret.
    const same = timingSafeEqual(Buffer.from(digest(key)), Buffer.from(record?.hash ?? NO_HASH));
    if (record === undefined || !same) return undefined;
    verified.set(key, record);
    return record;
  }

  function find(key: string, now: number): Finding {
    refresh(now);
    const record = verified.get(key) ?? identify(key);
    if (record === undefined) return { verdict: 'unknown' };
    if (problem !== undefined && now - problem.since >= UNREADABLE_GRACE_MS) return { verdict: 'unknown' };
    // Whatever its instant says: it is that of another clock.
    if (record.revokedAt !== undefined) return { verdict: 'revoked' };
    if (record.expiresAt !== null && now >= record.expiresAt) return { verdict: 'expired' };
    return { verdict: 'ok', record };
  }

  return {
    find,
    verify(key, scope, now) {
      const found = find(key, now);
      if (found.verdict !== 'ok') return found.verdict;
      return grants(found.record.scope, scope) ? 'ok' : 'forbidden';
    },
    problem(now) {
      refresh(now);
      if (problem === undefined) return undefined;
      if (records.size === 0) return problem.message;
      const until = new Date(problem.since + UNREADABLE_GRACE_MS).toISOString();
      return `${problem.message.replace(/\.$/, '')}; the keys known last are valid until ${until}`;
    },
  };
}

/** The ring of a data folder; what is wrong with its file is logged, and when it is over. */
export function followKeys(dataDir: string, logger: Pick<Logger, 'info' | 'error'>): KeyRing {
  return loadKeyRing(keyFileOf(dataDir), (problem) =>
    problem === undefined ? logger.info('the key file can be read') : logger.error(problem),
  );
}

function noFile(file: string): string {
  return `the key file ${file} does not exist, so no key is accepted: make a key with "tributary keys create", or mount the folder that has the file`;
}

const NO_HASH = ''.padEnd(64, '-');
const ABSENT = 'absent';

/** In hexadecimal digits. */
function digest(key: string): string {
  return hash('sha256', key);
}

function byId(records: readonly KeyRecord[]): ReadonlyMap<string, KeyRecord> {
  return new Map(records.map((record) => [record.id, record]));
}

function stampOf(file: string): string {
  let stat: ReturnType<typeof statSync>;
  try {
    stat = statSync(file, { throwIfNoEntry: false });
  } catch (cause) {
    throw new Error(`the key file ${file} cannot be looked at: ${(cause as Error).message}`);
  }
  return stat === undefined ? ABSENT : `${stat.ino}:${stat.mtimeMs}:${stat.size}`;
}
