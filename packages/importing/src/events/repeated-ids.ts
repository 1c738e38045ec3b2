/**
 * Rows that would not count: another row of the same user has their id, and says something else (law 3: of the events of one user with one
 * id the first counts). So does a refund under the number of its order. Equal rows are one event that is there twice.
 */
import type { ImportEvent } from './import-event.ts';
import { REMEMBERED, sha256, shortKey } from './occurrences.ts';
import { createRecent } from './recent.ts';

/** What is wrong with the event of this line; null: nothing is. */
export type RepeatedIds = (event: ImportEvent, line: number) => string | null;

interface First {
  readonly line: number;
  readonly type: string;
  /** 48 bits of the digest of the event. */
  readonly content: number;
}

/** Ids further apart than `remembered` different ones are not compared; `forgets` is called when there may be such. */
export function createRepeatedIds(remembered = REMEMBERED, forgets?: () => void): RepeatedIds {
  const seen = createRecent<First>(remembered, forgets);
  /** One string for each type, and not a part of the text of each row. */
  const types = createRecent<string>(1_000);
  return (event, line) => {
    const key = shortKey(sha256(JSON.stringify([event.userId ?? event.anonymousId, event.id])));
    const content = sha256(JSON.stringify(event)).readUIntBE(0, 6);
    const first = seen.get(key);
    if (first === undefined) {
      const type = types.get(event.type) ?? event.type;
      types.set(event.type, type);
      seen.set(key, { line, type, content });
      return null;
    }
    if (first.content === content) return null;
    return (
      `the id "${event.id}" is that of line ${first.line}, ${first.type} of the same user: of one id one row counts, and this ${event.type} says something else. ` +
      'Map another column as id, or none: ids are made of the rows then'
    );
  };
}
