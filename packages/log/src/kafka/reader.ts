/** Reads: each takes a fetch session of its own, so that one reader's wait never holds up another's read. */
import { TributaryError } from '@tributary/model/errors';
import { pause, settled } from '@tributary/runtime/wait';
import type { LogEntry, Position, ReadLimits } from '../port.ts';
import { type Connections, createConnections } from './connections.ts';
import type { EntryLimits } from './entries.ts';
import { unavailable } from './errors.ts';
import { createFetchSession, type FetchSession } from './fetch-session.ts';
import { offsetOf } from './layout.ts';
import type { From } from './look.ts';
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
  const sessions: FetchSession[] = [];
  /** The one used last comes first: it may hold what the next read goes on with. */
  const idle: FetchSession[] = [];
  /** Enough for one reader a partition and one over all of them. */
  const maxSessions = topic.partitions + 1;
  const closing = new AbortController();

  function takeSession(): FetchSession {
    const session = idle.pop();
    if (session !== undefined) return session;
    if (sessions.length >= maxSessions)
      throw new TributaryError('overloaded', `${maxSessions} reads of the log are under way already`);
    const connections: Connections = createConnections(kafka);
    const added = createFetchSession({ topic, connections, entryLimits });
    sessions.push(added);
    return added;
  }

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
      const session = takeSession();
      const reading = session.read(from, { maxEntries, maxBytes }, Math.ceil(waitMs), signal).finally(() => idle.push(session));
      reading.catch(() => {});
      // An abort does not wait for a silent broker: the session comes back when its request was given up.
      const outcome = await settled(reading, waitMs + GIVEN_UP_MS, signal);
      if (outcome === 'aborted') return [];
      if (outcome === 'timeout') throw unavailable(`a read was not over ${GIVEN_UP_MS} ms after its time`);
      return outcome;
    },
    close() {
      closing.abort();
      for (const session of sessions) session.close();
    },
  };
}
