/**
 * Events that another producer wrote to a partition that is not their user's: its partitioner is not murmur2, or it gave no key. Both
 * layers pass over the original; the speed worker alone appends it to its own partition, before the commit that passes over it.
 * A worker that dies in between does so again: the same line with the same id, which counts once.
 */
import type { EventLog } from '@tributary/log/port';

export interface Misplaced {
  /** The partition of the event's user. */
  readonly home: number;
  readonly line: string;
}

/** What the collector appends at once is larger. */
const ENTRY = { lines: 1_000, characters: 256 * 1024 };

/** Rejects with an error that is waited out (own-runs.ts), whatever the log said: the partition stays before these events. */
export async function appendHome(log: Pick<EventLog, 'append'>, misplaced: readonly Misplaced[]): Promise<void> {
  const byHome = Map.groupBy(misplaced, ({ home }) => home);
  const appends = [...byHome].flatMap(([home, own]) => bodiesOf(own).map((body) => log.append(home, { kind: 'events', body })));
  try {
    await Promise.all(appends);
  } catch (cause) {
    const why = `${misplaced.length} events of other partitions could not be appended there: ${(cause as Error).message}. They are tried again; a speed worker needs the right to write to the log`;
    throw new Error(why, { cause });
  }
}

function bodiesOf(own: readonly Misplaced[]): string[] {
  const bodies: string[] = [];
  let lines: string[] = [];
  let characters = 0;
  for (const { line } of own) {
    if (lines.length === ENTRY.lines || (lines.length > 0 && characters + line.length > ENTRY.characters)) {
      bodies.push(lines.join('\n'));
      lines = [];
      characters = 0;
    }
    lines.push(line);
    characters += line.length;
  }
  return [...bodies, lines.join('\n')];
}
