/** Reads: each takes a connection of its own, so that one reader's wait never holds up another's read. */
import { TributaryError } from '@tributary/model/errors';
import { pause } from '@tributary/runtime/wait';
import type { LogEntry, Position, ReadLimits } from '../port.ts';
import { createReadPool } from '../read-pool.ts';
import { type BlockingReadOptions, createBlockingRead, type From, type StreamReply } from './blocking-read.ts';
import { unavailable } from './durability.ts';
import { BEHIND_ALL, idOf, type LogKeys, positionOf, recordOf } from './layout.ts';
import { createWeights } from './weights.ts';

export interface Reader {
  read(after: ReadonlyMap<number, Position | null>, limits: ReadLimits): Promise<LogEntry[]>;
  close(): void;
}

export function createReader(options: BlockingReadOptions): Reader {
  /** Enough for one reader a partition and one over all of them. */
  const connections = createReadPool(options.keys.streams.length + 1, another, createBlockingRead(options));
  const weights = createWeights();
  let closed = false;

  function another() {
    const redis = options.redis.duplicate();
    // What goes wrong with it reaches the reads.
    redis.on('error', () => {});
    return createBlockingRead({ ...options, redis });
  }

  return {
    async read(after, { maxEntries, maxBytes, waitMs, signal }) {
      // To Redis, COUNT 0 means all.
      if (!(Number.isInteger(maxEntries) && maxEntries > 0))
        throw new RangeError(`maxEntries ${maxEntries}; at least 1 is needed`);
      if (closed) throw unavailable('it was closed');
      if (signal?.aborted) return [];
      if (after.size === 0) {
        await pause(waitMs, signal);
        return [];
      }
      const from = [...after].map(
        ([partition, position]): From => ({ partition, id: position === null ? null : idOf(position) }),
      );
      const connection = connections.take();
      try {
        const count = maxBytes === undefined ? maxEntries : weights.entriesWithin(maxBytes / from.length, maxEntries);
        const answer = await connection.read(from, count, Math.ceil(waitMs), signal);
        if (answer === null) return [];
        for (const [i, trimmed] of answer.trimmed.entries()) demandRetained(after, from[i] as From, trimmed);
        const entries = entriesOf(answer.streams, options.keys);
        // A look at single entries, as archivers take between two reads, says nothing of what has gathered.
        if (maxBytes !== undefined) weights.note(entries);
        // What is passed over would end each wait at once.
        if (entries.length === 0 && answer.streams.length > 0) await pause(waitMs, signal);
        return entries;
      } finally {
        connections.giveBack(connection);
      }
    },
    close() {
      closed = true;
      connections.closeAll();
    },
  };
}

/** Asked after the read: entries dropped up to that moment are noticed, however slow the reader was (invariant 7). */
function demandRetained(after: ReadonlyMap<number, Position | null>, { partition }: From, trimmed: string | null): void {
  const position = after.get(partition);
  if (trimmed === null || position === null || position === undefined || position >= positionOf(trimmed)) return;
  const message = `partition ${partition} was trimmed up to ${positionOf(trimmed)}, past the position ${position}`;
  throw new TributaryError('position_expired', message);
}

/** What has an id that no position has was written by hand, or is refused by the appender: nothing that was acknowledged is passed over. */
function entriesOf(streams: readonly StreamReply[], keys: LogKeys): LogEntry[] {
  const entries: LogEntry[] = [];
  for (const [stream, items] of streams) {
    const partition = keys.partitionOf.get(String(stream)) as number;
    for (const [bytes, fields] of items) {
      const id = String(bytes);
      const position = positionOf(id);
      if (position === BEHIND_ALL) continue;
      const { kind, body } = recordOf(fields.map(String));
      // An id begins with the time at which Redis took the entry.
      const appendedMs = Number(id.slice(0, id.indexOf('-')));
      entries.push({ partition, position, kind, body, appendedMs });
    }
  }
  return entries;
}
