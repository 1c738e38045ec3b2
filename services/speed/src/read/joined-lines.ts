/** The lines of a piece of the archive, one user's behind another's, and whether each is an event of its user. */
import { isAscii } from 'node:buffer';
import { decodeLine } from '@tributary/model/reading/decode-line';
import { createPlainLineReader } from '@tributary/model/reading/plain-line';
import { partitionOf } from '@tributary/model/user-key';
import { NO_BOUND_MS } from './archived-lines.ts';

/** Where users live. */
export interface Home {
  readonly partition: number;
  /** How many the log has. */
  readonly partitions: number;
}

/** What the text has of one user. */
export interface UserLines {
  readonly userKey: string;
  readonly lines: number;
  /** Each ends in "\n". A part of the text. */
  readonly text: Buffer;
}

const NEWLINE = 0x0a;
const reader = createPlainLineReader();

/**
 * `text`: lines, each ending in "\n". In their order; null: one of them is not an event of a user who lives here. Most lines are read in place: no text is
 * made of them.
 */
export function linesByUser(text: Buffer, home: Home): UserLines[] | null {
  const users: UserLines[] = [];
  let userKey: string | undefined;
  let [start, lines] = [0, 0];
  /** Where the user's key lies; nowhere, where their first line was not read in place. */
  let [keyFrom, keyTo] = [0, 0];
  reader.openBytes(text, isAscii(text));
  for (let from = 0; from < text.length; ) {
    let to = reader.eventEnd(from, NO_BOUND_MS);
    let key: string | undefined = userKey;
    if (to < 0) {
      to = text.indexOf(NEWLINE, from);
      key = userOf(text.toString('utf8', from, to), home);
      if (key === undefined) return null;
      if (key !== userKey) [keyFrom, keyTo] = [0, 0];
    } else if (!isSame(text, keyFrom, keyTo, reader.userFrom(), reader.userTo())) {
      [keyFrom, keyTo] = [reader.userFrom(), reader.userTo()];
      key = text.toString('utf8', keyFrom, keyTo);
      if (key !== userKey && partitionOf(key, home.partitions) !== home.partition) return null;
    }
    if (key !== userKey) {
      if (userKey !== undefined) users.push({ userKey, lines, text: text.subarray(start, from) });
      [userKey, start, lines] = [key as string, from, 0];
    }
    lines++;
    from = to + 1;
  }
  if (userKey !== undefined) users.push({ userKey, lines, text: text.subarray(start) });
  return users;
}

function isSame(data: Buffer, from: number, to: number, otherFrom: number, otherTo: number): boolean {
  if (to - from !== otherTo - otherFrom) return false;
  for (let i = from, other = otherFrom; i < to; i++, other++) if (data[i] !== data[other]) return false;
  return true;
}

/** undefined: the line is not an event of a user who lives here. */
export function userOf(line: string, { partition, partitions }: Home): string | undefined {
  const decoded = decodeLine(line, partition, partitions, NO_BOUND_MS);
  return decoded.ok ? decoded.userKey : undefined;
}
