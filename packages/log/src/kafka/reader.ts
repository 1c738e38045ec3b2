/** Reads: each takes a fetch session of its own, so that one reader's wait never holds up another's read. */

import { pause, settled } from '@tributary/runtime/wait';
import type { LogEntry, Position, ReadLimits } from '../port.ts';
import { createReadPool } from '../read-pool.ts';
import { createConnections } from './connections.ts';
import type { EntryLimits } from './entries.ts';
import { unavailable } from './errors.ts';
import { createFetchSession } from './fetch-session.ts';
import { offsetOf } from './layout.ts';
import type { From } from './poll.ts';
import type { KafkaSettings } from './settings.ts';
import type { Topic } from './topic.ts';

/** Several requests may each have to be given up within one read, ms. */
const GIVEN_UP_MS = 60_000;

export interface Reader {
  read(after: ReadonlyMap<number, Position | null>, limits: ReadLimits): Promise<LogEntry[]>;
  close(): void;
}

export interface ReaderOptions {
  readonly topic: Topic;
  readonly kafka: KafkaSettings;
  readonly entryLimits: EntryLimits;
}

export function createReader({ topic, kafka, entryLimits }: ReaderOptions): Reader {
  /** Enough for one reader a partition and one over all of them. */
  const sessions = createReadPool(topic.partitions + 1, () =>
    createFetchSession({ topic, connections: createConnections(kafka), entryLimits }),
  );
  const closing = new AbortController();

  return {
    async read(after, { maxEntries, maxBytes = Number.POSITIVE_INFINITY, waitMs, signal }) {
      if (!(Number.isInteger(maxEntries) && maxEntries > 0))
        throw new RangeError(`maxEntries ${maxEntries}; at least 1 is needed`);
      if (closing.signal.aborted) throw unavailable('it was closed');
      if (signal?.aborted) return [];
      if (after.size === 0) {
        await pause(waitMs, signal);
        return [];
      }
      const from = [...after].map(([partition, position]): From => {
        if (!(Number.isInteger(partition) && partition >= 0 && partition < topic.partitions))
          throw new RangeError(`partition ${partition} of ${topic.partitions}`);
        return { partition, offset: position === null ? null : offsetOf(position) + 1 };
      });
      const session = sessions.take();
      const reading = session
        .read(from, { maxEntries, maxBytes }, Math.ceil(waitMs), signal)
        .finally(() => sessions.giveBack(session));
      reading.catch(() => {});
      // An abort does not wait for a silent broker: the session comes back when its request was given up.
      const outcome = await settled(reading, waitMs + GIVEN_UP_MS, signal);
      if (outcome === 'aborted') return [];
      if (outcome === 'timeout') throw unavailable(`a read was not over ${GIVEN_UP_MS} ms after its time`);
      return outcome;
    },
    close() {
      closing.abort();
      sessions.closeAll();
    },
  };
}
