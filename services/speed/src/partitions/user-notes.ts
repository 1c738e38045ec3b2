/** What only some users have, as bytes: what their key holds, what they said to other keys, and where the keys are that they named. */

import type { KeyRules } from '@tributary/model/identity/adoption';
import { bytesOfText, byteTape, readNumber, readText, writeNumber, writeText } from '@tributary/model/identity/byte-tape';
import { fitsInBytes, MOST_KEY_BYTES, readKey, writeKey } from '@tributary/model/identity/key-bytes';
import type { CachedUser } from './cached-user.ts';

type Noted = Pick<CachedUser, 'key' | 'said' | 'named'>;

export interface UserNotes {
  /** Undefined: there is nothing to note, null: it has no such form. The bytes are good until the next call. */
  write(user: Noted): Uint8Array | undefined | null;
  read(bytes: Uint8Array, userKey: string): Noted;
}

/** Bytes of notes but for the key. */
const MOST_NOTES = 4 * 1024;
const BYTES_OF_NUMBERS = 32;
/** Kinds of keys: there is one, but where definitions change. */
const MOST_KINDS = 64;
/** In place of a number of things, or of a kind: there is nothing of it. */
const NONE = -1;

const NOTES_TAPE = byteTape(new Uint8Array(MOST_KEY_BYTES + MOST_NOTES));

export function createUserNotes(): UserNotes {
  const kinds: KeyRules[] = [];

  function write({ key, said, named }: Noted): Uint8Array | undefined | null {
    if (key === undefined && said === undefined && named === undefined) return undefined;
    const kind = key === undefined ? NONE : kindOf(key);
    if (kind === null || (key !== undefined && !fitsInBytes(key)) || lengthOf(said, named) > MOST_NOTES) return null;
    NOTES_TAPE.at = 0;
    writeNumber(NOTES_TAPE, named?.size ?? NONE);
    for (const partition of named ?? []) writeNumber(NOTES_TAPE, partition);
    writeNumber(NOTES_TAPE, said?.size ?? NONE);
    for (const [name, receivedAt] of said ?? []) {
      writeText(NOTES_TAPE, name);
      writeNumber(NOTES_TAPE, receivedAt);
    }
    writeNumber(NOTES_TAPE, kind);
    if (key !== undefined) writeKey(NOTES_TAPE, key);
    return NOTES_TAPE.bytes.subarray(0, NOTES_TAPE.at);
  }

  /** null: there are too many kinds. */
  function kindOf({ links: { windowMs, mostOfDay }, digestOf }: NonNullable<CachedUser['key']>): number | null {
    const known = kinds.findIndex(
      (kind) => kind.windowMs === windowMs && kind.mostOfDay === mostOfDay && kind.digestOf === digestOf,
    );
    if (known >= 0) return known;
    return kinds.length < MOST_KINDS ? kinds.push({ windowMs, mostOfDay, digestOf }) - 1 : null;
  }

  function read(bytes: Uint8Array, userKey: string): Noted {
    const tape = byteTape(bytes);
    const ofNamed = readNumber(tape);
    const named = ofNamed === NONE ? undefined : new Set(Array.from({ length: ofNamed }, () => readNumber(tape)));
    const ofSaid = readNumber(tape);
    const said =
      ofSaid === NONE ? undefined : new Map(Array.from({ length: ofSaid }, () => [readText(tape), readNumber(tape)] as const));
    const kind = readNumber(tape);
    const key = kind === NONE ? undefined : readKey(tape, userKey, kinds[kind] as KeyRules);
    return { key, said, named };
  }

  return { write, read };
}

/** Room for what was said and named. */
function lengthOf(said: CachedUser['said'], named: CachedUser['named']): number {
  let length = BYTES_OF_NUMBERS + 8 * (named?.size ?? 0);
  for (const name of said?.keys() ?? []) length += 8 + bytesOfText(name);
  return length;
}
