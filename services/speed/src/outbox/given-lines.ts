/** What commits gave of what they left in outboxes: it is all that an outbox holds where its first line is the next one to come. */
import type { OutboxLines } from '@tributary/store/outbox';

export interface GivenLines {
  /** Lines behind those that were given before, unless together they are too many; others take their place. */
  give(partition: number, lines: OutboxLines): void;
  /** What was given since, where it begins with the line `next`. */
  take(partition: number, next: number | undefined): OutboxLines | undefined;
}

/** `isFew`: whether lines go into one append. */
export function createGivenLines(isFew: (lines: readonly string[]) => boolean): GivenLines {
  const given = new Map<number, OutboxLines>();
  return {
    give(partition, { from, lines }) {
      const before = given.get(partition);
      const follows = before !== undefined && before.from + before.lines.length === from;
      const all = follows ? { from: before.from, lines: [...before.lines, ...lines] } : { from, lines };
      if (isFew(all.lines)) given.set(partition, all);
      else given.delete(partition);
    },
    take(partition, next) {
      const own = given.get(partition);
      given.delete(partition);
      return own !== undefined && own.from === next ? own : undefined;
    },
  };
}
