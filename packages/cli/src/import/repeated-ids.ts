/**
 * Rows that would not count: another row of the same user has their id, and says something else (law 3: of the events of one user with one
 * id the first counts). So does a refund under the number of its order. Equal rows are one event that is there twice.
 */
import type { ImportEvent } from './import-event.ts';
import { sha256Hex } from './occurrences.ts';

/** Rows whose ids are remembered. */
const MAX_REMEMBERED = 1_000_000;

/** What is wrong with the event of this line; null: nothing is. */
export type RepeatedIds = (event: ImportEvent, line: number) => string | null;

export function createRepeatedIds(maxRemembered = MAX_REMEMBERED): RepeatedIds {
  const seen = new Map<string, { readonly line: number; readonly type: string; readonly content: string }>();
  return (event, line) => {
    const key = sha256Hex(JSON.stringify([event.userId ?? event.anonymousId, event.id])).slice(0, 32);
    const content = sha256Hex(JSON.stringify(event)).slice(0, 16);
    const first = seen.get(key);
    if (first === undefined) {
      seen.set(key, { line, type: event.type, content });
      if (seen.size > maxRemembered) seen.delete(seen.keys().next().value as string);
      return null;
    }
    if (first.content === content) return null;
    return (
      `the id "${event.id}" is that of line ${first.line}, ${first.type} of the same user: of one id one row counts, and this ${event.type} says something else. ` +
      'Map another column as id, or none: ids are made of the rows then'
    );
  };
}
