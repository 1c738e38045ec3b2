/**
 * Events that another producer wrote to a partition that is not their user's: its partitioner is not murmur2, or it gave no key. Both
 * layers pass over the original; the speed worker alone appends it to its own partition, before the commit that passes over it.
 * A worker that dies in between does so again: the same line with the same id, which counts once.
 */
import type { EventLog } from '@tributary/log/port';
import { TributaryError } from '@tributary/model/errors';
import type { Misplaced } from '../read/decode.ts';
import type { AppliedBatch } from './apply.ts';

export interface HomeAppender {
  /**
   * The batch as it may be committed: what is too large for the log is among its dead letters. Rejects with an error that is
   * waited out (own-runs.ts), whatever the log said: the partition stays before these events.
   */
  append(partition: number, batch: AppliedBatch): Promise<AppliedBatch>;
  /** The batch was committed, or is another worker's: it is not tried again. */
  done(partition: number): void;
}

/** What the collector appends at once is larger. */
const ENTRY = { lines: 1_000, characters: 256 * 1024 };

const TOO_LARGE = 'it is larger than what the log takes, so it was not appended to its own partition';

export function createHomeAppender(log: Pick<EventLog, 'append'>): HomeAppender {
  /** Appends for batches that were not committed yet, by the partition where they lie: each try would append them again, and an outage has many. */
  const appended = new Map<number, Set<string>>();

  /** Appends what the log takes, and returns what is too large for it. */
  async function send(home: number, events: readonly Misplaced[], sent: Set<string>): Promise<readonly Misplaced[]> {
    try {
      await log.append(home, { kind: 'events', body: events.map(({ line }) => line).join('\n') });
    } catch (error) {
      if (!(error instanceof TributaryError && error.code === 'body_too_large')) throw error;
      if (events.length === 1) return events;
      const half = events.length >> 1;
      return [...(await send(home, events.slice(0, half), sent)), ...(await send(home, events.slice(half), sent))];
    }
    for (const { line } of events) sent.add(line);
    return [];
  }

  return {
    done: (partition) => void appended.delete(partition),
    async append(partition, batch) {
      const { misplaced, commit } = batch;
      if (misplaced.length === 0) return batch;
      const sent = appended.get(partition) ?? new Set();
      appended.set(partition, sent);
      const byHome = Map.groupBy(
        misplaced.filter(({ line }) => !sent.has(line)),
        ({ home }) => home,
      );
      const sends = [...byHome].flatMap(([home, own]) => entriesOf(own).map((events) => send(home, events, sent)));
      const outcomes = await Promise.allSettled(sends);
      const failed = outcomes.find((outcome) => outcome.status === 'rejected');
      if (failed !== undefined) {
        const why = (failed.reason as Error).message;
        const message = `${misplaced.length} events of other partitions could not be appended there: ${why}. They are tried again; a speed worker needs the right to write to the log`;
        throw new Error(message, { cause: failed.reason });
      }
      const tooLarge = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? outcome.value : []));
      if (tooLarge.length === 0) return batch;
      const parked = [
        ...commit.parked,
        ...tooLarge.map(({ letter }) => ({ ...letter, message: `${letter.message}; ${TOO_LARGE}` })),
      ];
      return { ...batch, commit: { ...commit, parked }, misplaced: misplaced.filter((event) => !tooLarge.includes(event)) };
    },
  };
}

function entriesOf(own: readonly Misplaced[]): Misplaced[][] {
  const entries: Misplaced[][] = [];
  let characters = 0;
  for (const event of own) {
    const last = entries.at(-1);
    if (last === undefined || last.length === ENTRY.lines || characters + event.line.length > ENTRY.characters) {
      entries.push([event]);
      characters = event.line.length;
    } else {
      last.push(event);
      characters += event.line.length;
    }
  }
  return entries;
}
