/**
 * From messages to log entries. Consecutive event messages become one entry, which ends
 *   - at the end of an append, once it holds `mergeEvents` events (1: an entry is an append) or is large;
 *   - before and after a barrier, a heartbeat or unreadable messages, or a message of several lines, which is none of ours;
 *   - where offsets lie apart, so that each line's own follows from the first one's;
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

const NEWLINE = 0x0a;

/** What one builder left, for the next one. */
const SPARE_BYTES = 1024 * 1024;
let spare: Buffer | undefined;

function takeSpare(): Buffer {
  const taken = spare ?? Buffer.allocUnsafe(65_536);
  spare = undefined;
  return taken;
}

function grown(from: Buffer, length: number, atLeast: number): Buffer {
  const to = Buffer.allocUnsafe(Math.max(atLeast, 2 * from.length));
  from.copy(to, 0, 0, length);
  return to;
}

export interface EntryBuilder extends Visitor {
  /** The entries since the last call; what was begun ends here. */
  take(): LogEntry[];
}

/** Wants no more messages once its entries weigh `room`, but for those of an append that it has begun. */
export function createEntryBuilder(topic: string, partition: number, limits: EntryLimits, room: number): EntryBuilder {
  let entries: LogEntry[] = [];
  let weight = 0;
  /** The lines of the entry that is begun, with what is between them: the text of an entry is made once, not line by line and again of all. */
  let joined: Buffer | undefined;
  let lines = 0;
  let bytes = 0;
  let last = 0;
  let appendedMs = 0;
  const newlineBefore = newlines();

  function push(position: number, kind: LogEntry['kind'], body: string, atMs: number): void {
    add({ partition, position: positionOf(position), kind, body, appendedMs: atMs });
  }

  function add(entry: LogEntry): void {
    entries.push(entry);
    weight += weightOf([entry]);
  }

  function flush(): void {
    if (lines === 0) return;
    const body = (joined as Buffer).toString('utf8', 0, bytes);
    const firstLine = positionOf(last - lines + 1);
    add({ partition, position: positionOf(last), kind: 'events', body, appendedMs, firstLine });
    lines = 0;
    bytes = 0;
    appendedMs = 0;
  }

  /** The line in the bytes `[from, to)`, well-formed or not. */
  function addLine(data: Buffer, from: number, to: number, { offset, timestampMs }: MessageView, endsAt: number): void {
    if (offset !== last + 1) flush();
    if (newlineBefore(data, from, to)) {
      flush();
      push(offset, 'events', data.toString('utf8', from, to), timestampMs);
      return;
    }
    const most = bytes + 1 + to - from;
    joined ??= takeSpare();
    if (joined.length < most) joined = grown(joined, bytes, most);
    if (lines > 0) joined[bytes++] = NEWLINE;
    bytes += data.copy(joined, bytes, from, to);
    lines++;
    last = offset;
    appendedMs = Math.max(appendedMs, timestampMs);
    if (lines >= endsAt || (endsAt !== Number.POSITIVE_INFINITY && bytes >= limits.mergeBytes)) flush();
  }

  return {
    message(message) {
      const mark = markOf(message);
      const { data, valueAt, valueLength, offset, timestampMs, endsBatch } = message;
      const valueEnd = valueAt + Math.max(0, valueLength);
      if (mark === 'foreign') {
        const line = Buffer.from(canonicalLine(foreignOf(message), { topic, partition }));
        addLine(line, 0, line.length, message, FOREIGN_EVENTS);
      } else if (mark === 'line') addLine(data, valueAt, valueEnd, message, Number.POSITIVE_INFINITY);
      else if (mark === 'end') addLine(data, valueAt, valueEnd, message, limits.mergeEvents);
      else {
        flush();
        push(offset, mark, data.toString('utf8', valueAt, valueEnd), timestampMs);
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
      if (joined !== undefined && joined.length <= SPARE_BYTES) spare = joined;
      joined = undefined;
      return taken;
    },
  };
}

/** Whether `[from, to)` has a newline: each byte of a batch is looked at once, as it is read in order. */
function newlines(): (data: Buffer, from: number, to: number) => boolean {
  let known: Buffer | undefined;
  let next = 0;
  return (data, from, to) => {
    if (data !== known || next < from) {
      known = data;
      const at = data.indexOf(NEWLINE, from);
      next = at < 0 ? data.length : at;
    }
    return next < to;
  };
}

function foreignOf(message: MessageView) {
  const { data, keyAt, keyLength, valueAt, valueLength, offset, timestampMs } = message;
  const key = keyLength < 0 ? null : data.toString('utf8', keyAt, keyAt + keyLength);
  const value = valueLength < 0 ? null : data.subarray(valueAt, valueAt + valueLength);
  return { key, value, offset, timestampMs, headers: headersOf(message) };
}
