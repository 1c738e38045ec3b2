/**
 * Sessions of the console: a browser proves once that it holds a key, and shows a random id from then on. Ids and codes are kept as
 * hashes, in this process alone: a restart ends all sessions. The key of a session is verified again for each request, so a key that was
 * revoked or has expired ends its sessions within a second.
 *
 * Bounded: sessions and codes in all and of one key, their length of life, and the time without use.
 */
import { hash, randomBytes } from 'node:crypto';

const MINUTE_MS = 60_000;
export const IDLE_MS = 120 * MINUTE_MS;
export const LIFE_MS = 12 * 60 * MINUTE_MS;
/** How long a link to log in with may wait to be opened. */
export const CODE_LIFE_MS = 15 * MINUTE_MS;
/** For all keys, and for one: the oldest of a key makes room for its next. */
export const MOST = { sessions: 1_024, sessionsOfKey: 16, codes: 256, codesOfKey: 4 } as const;

const ID_BYTES = 32;

export interface Sessions {
  /** A new session of a key that was verified: its id. null: as many as there may be are open. */
  open(key: string): string | null;
  /** The key of a session, which is used by this; null: unknown, ended, or idle for too long. */
  keyOf(id: string): string | null;
  /** When it ends though it is used, epoch ms; null: unknown. */
  endOf(id: string): number | null;
  close(id: string): void;
  /** A code that opens one session of a key that was verified, once. null: too many wait. */
  codeFor(key: string): { readonly code: string; readonly expiresAt: number } | null;
  /** The key of a code, which is used up by this; null: unknown, used, or expired. */
  spend(code: string): string | null;
}

interface Entry {
  readonly key: string;
  readonly endsAt: number;
  usedAt: number;
}

/** `now` in epoch ms; a clock that steps back ends sessions later, never before their time. */
export function createSessions(now: () => number): Sessions {
  const sessions = createTable(MOST.sessions, MOST.sessionsOfKey, now);
  const codes = createTable(MOST.codes, MOST.codesOfKey, now);
  return {
    open: (key) => sessions.add(key, LIFE_MS),
    keyOf(id) {
      const entry = sessions.find(id);
      if (entry === undefined) return null;
      entry.usedAt = now();
      return entry.key;
    },
    endOf: (id) => sessions.find(id)?.endsAt ?? null,
    close: sessions.remove,
    codeFor(key) {
      const code = codes.add(key, CODE_LIFE_MS);
      return code === null ? null : { code, expiresAt: now() + CODE_LIFE_MS };
    },
    spend(code) {
      const entry = codes.find(code);
      codes.remove(code);
      return entry?.key ?? null;
    },
  };
}

/** Entries by the hash of their id, oldest first. */
function createTable(most: number, mostOfKey: number, now: () => number) {
  const entries = new Map<string, Entry>();
  const isOver = ({ endsAt, usedAt }: Entry) => now() >= endsAt || now() - usedAt >= IDLE_MS;
  const hashOf = (id: string) => hash('sha256', id);

  function makeRoom(key: string): boolean {
    for (const [hashed, entry] of entries) if (isOver(entry)) entries.delete(hashed);
    const own = [...entries].filter(([, entry]) => entry.key === key);
    for (const [hashed] of own.slice(0, Math.max(0, own.length - mostOfKey + 1))) entries.delete(hashed);
    return entries.size < most;
  }

  return {
    add(key: string, lifeMs: number): string | null {
      if (!makeRoom(key)) return null;
      const id = randomBytes(ID_BYTES).toString('base64url');
      entries.set(hashOf(id), { key, endsAt: now() + lifeMs, usedAt: now() });
      return id;
    },
    find(id: string): Entry | undefined {
      const entry = entries.get(hashOf(id));
      return entry === undefined || isOver(entry) ? undefined : entry;
    },
    remove: (id: string): void => void entries.delete(hashOf(id)),
  };
}
