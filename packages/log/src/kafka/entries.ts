/**
 * From messages to log entries. Consecutive event messages become one entry, which ends
 *   - at the end of an append, once it holds `mergeEvents` events (1: an entry is an append) or is large;
 *   - before and after a barrier, a heartbeat or unreadable messages;
 *   - where the fetched messages end, or those that there is room for.
 * So every position at which a reader resumes is the end of an append, unless somebody else wrote it.
 */
import type { LogEntry } from '../port.ts';
import type { Visitor } from './committed.ts';
import { canonicalLine } from './foreign-event.ts';
import { markOf, positionOf } from './layout.ts';
import { headersOf, type MessageView, stampOf } from './record-batch.ts';
import { unreadableLine } from './undecodable-line.ts';

export interface EntryLimits {
  /** Small appends are merged up to this many events an entry: batching is what makes a reader fast. */
  readonly mergeEvents: number;
  readonly mergeBytes: number;
}

export const ENTRY_LIMITS: EntryLimits = { mergeEvents: 32, mergeBytes: 256 * 1024 };
/** Also the messages of another producer, of which each one is an append of its own. */
const FOREIGN_EVENTS = 32;

/** Beside its body, about: an entry without text takes memory too. */
const ENTRY_BYTES = 256;

/** What entries take of memory, about: one byte a character. */
export function weightOf(entries: readonly LogEntry[]): number {
  let bytes = 0;
  for (const { body } of entries) bytes += ENTRY_BYTES + body.length;
  return bytes;
}

export interface EntryBuilder extends Visitor {
  /** The entries since the last call; what was begun ends here. */
  take(): LogEntry[];
}

/** Wants no more messages once its entries weigh `room`, but for those of an append that it has begun. */
export function createEntryBuilder(topic: string, partition: number, limits: EntryLimits, room: number): EntryBuilder {
  let entries: LogEntry[] = [];
  let weight = 0;
  let lines: string[] = [];
  let bytes = 0;
  let last = 0;
  let appendedMs = 0;

  function push(position: number, kind: LogEntry['kind'], body: string, atMs: number): void {
    const entry = { partition, position: positionOf(position), kind, body, appendedMs: atMs };
    entries.push(entry);
    weight += weightOf([entry]);
  }

  function flush(): void {
    if (lines.length === 0) return;
    push(last, 'events', lines.join('\n'), appendedMs);
    lines = [];
    bytes = 0;
    appendedMs = 0;
  }

  function addLine(line: string, { offset, timestampMs }: MessageView, endsAt: number): void {
    lines.push(line);
    bytes += line.length;
    last = offset;
    appendedMs = Math.max(appendedMs, timestampMs);
    if (lines.length >= endsAt || (endsAt !== Number.POSITIVE_INFINITY && bytes >= limits.mergeBytes)) flush();
  }

  return {
    message(message) {
      const mark = markOf(message);
      const { data, valueAt, valueLength, offset, timestampMs, endsBatch } = message;
      if (mark === 'foreign') addLine(canonicalLine(foreignOf(message), { topic, partition }), message, FOREIGN_EVENTS);
      else {
        const text = valueLength > 0 ? data.toString('utf8', valueAt, valueAt + valueLength) : '';
        if (mark === 'line') addLine(text, message, Number.POSITIVE_INFINITY);
        else if (mark === 'end') addLine(text, message, limits.mergeEvents);
        else {
          flush();
          push(offset, mark, text, timestampMs);
        }
      }
      // No append of ours goes on in another batch.
      return (mark === 'line' && !endsBatch) || weight + bytes < room;
    },
    unreadable(batch, offset, why) {
      flush();
      push(batch.lastOffset, 'events', unreadableLine({ ...batch, offset }, { topic, partition }, why), stampOf(batch));
      return weight < room;
    },
    take() {
      flush();
      const taken = entries;
      entries = [];
      return taken;
    },
  };
}

function foreignOf(message: MessageView) {
  const { data, keyAt, keyLength, valueAt, valueLength, offset, timestampMs } = message;
  const key = keyLength < 0 ? null : data.toString('utf8', keyAt, keyAt + keyLength);
  const value = valueLength < 0 ? null : data.subarray(valueAt, valueAt + valueLength);
  return { key, value, offset, timestampMs, headers: headersOf(message) };
}
