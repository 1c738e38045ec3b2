/** From log entries to what a batch does: events in log order, dead letters, heartbeats, and the barrier that ends it. */

import type { DeadLetter } from '@tributary/kv/port';
import type { LogEntry } from '@tributary/log/port';
import { decodeLine } from '@tributary/model/decode-line';
import type { Event } from '@tributary/model/event';
import type { Barrier, Heartbeat } from '@tributary/model/partition-record';

export interface Arrival {
  readonly userKey: string;
  readonly event: Event;
  /** The canonical line, as it will be appended to the user's record. */
  readonly line: string;
  /** Log time of the partition with this event, epoch ms. */
  readonly logTimeMs: number;
}

export interface DecodedBatch {
  readonly arrivals: readonly Arrival[];
  readonly parked: readonly DeadLetter[];
  /** Log time at the end of the batch, epoch ms. */
  readonly logTimeMs: number;
  /** Position of the last entry the batch covers. */
  readonly upTo: string;
  /** The batch ends with this barrier; entries after it belong to the next batch. */
  readonly barrier: Barrier | undefined;
}

/**
 * `entries`: of one partition, in order, not empty. `logTimeMs`, `generation`: as of the entry before them. A barrier of
 * a generation ≤ `generation` is a repetition and means nothing.
 */
export function decodeBatch(
  entries: readonly LogEntry[],
  logTimeMs: number,
  generation: number,
  partitions: number,
): DecodedBatch {
  const batch = {
    arrivals: [] as Arrival[],
    parked: [] as DeadLetter[],
    logTimeMs,
    upTo: '',
    barrier: undefined as Barrier | undefined,
  };
  for (const entry of entries) {
    batch.upTo = entry.position;
    if (entry.kind === 'events') decodeLines(entry, partitions, batch);
    else if (entry.kind === 'heartbeat') {
      const heartbeat = parseControl<Heartbeat>(entry, 'receivedAt', batch.parked);
      if (heartbeat !== undefined) batch.logTimeMs = Math.max(batch.logTimeMs, heartbeat.receivedAt);
    } else {
      const barrier = parseControl<Barrier>(entry, 'generation', batch.parked);
      if (barrier === undefined || barrier.generation <= generation) continue;
      batch.barrier = barrier;
      break;
    }
  }
  return batch;
}

interface Decoding {
  readonly arrivals: Arrival[];
  readonly parked: DeadLetter[];
  logTimeMs: number;
}

function decodeLines(entry: LogEntry, partitions: number, batch: Decoding): void {
  const lines = entry.body.split('\n');
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] as string;
    const decoded = decodeLine(line, entry.partition, partitions);
    if (!decoded.ok) {
      batch.parked.push({ at: `${entry.position}.${i}`, code: decoded.code, message: decoded.message, raw: line });
      continue;
    }
    const { event, userKey } = decoded;
    if (event.receivedAt > batch.logTimeMs) batch.logTimeMs = event.receivedAt;
    batch.arrivals.push({ userKey, event, line, logTimeMs: batch.logTimeMs });
  }
}

/** The body of a barrier or heartbeat; parked when it is no JSON object or its one required integer is missing. */
function parseControl<T>(entry: LogEntry, required: keyof T & string, parked: DeadLetter[]): T | undefined {
  try {
    const value = JSON.parse(entry.body) as T;
    if (Number.isSafeInteger(value?.[required])) return value;
  } catch {
    // Parked below, as any other malformed record.
  }
  const message = `the ${entry.kind} is not a JSON object with an integer "${required}"`;
  parked.push({ at: entry.position, code: 'undecodable_record', message, raw: entry.body });
  return undefined;
}
