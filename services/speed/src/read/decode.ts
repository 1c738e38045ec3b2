/** From log entries to what a batch does: events in log order, dead letters, heartbeats, and what ends it: a barrier, a hole, or log time that falls back. */

import { placesOf } from '@tributary/log/line-places';
import type { LogEntry } from '@tributary/log/port';
import type { Event } from '@tributary/model/event';
import { type Barrier, decodeBarrier, decodeHeartbeat } from '@tributary/model/partition-record';
import { type DecodedLine, decodeLine } from '@tributary/model/reading/decode-line';
import { createPlainLineReader, type KeptFields, type PlainLine } from '@tributary/model/reading/plain-line';
import type { PlainReport } from '@tributary/model/reading/plain-report';
import { EVENT_BOUNDS } from '@tributary/model/reading/validate-event';
import type { Invalid } from '@tributary/model/refusal';
import { cutNote } from '@tributary/store/dead-letters';
import type { DeadLetter } from '@tributary/store/speed-store';

/** An entry as it is read, or what stands for entries that are gone: they are gone for good, and readers go on after them. */
export interface ReadEntry extends LogEntry {
  readonly isHole?: true;
  /** The archive gives it, which keeps events alone: which lines of the entry they are; none where it ends a segment. */
  readonly lineNumbers?: readonly number[];
  /** What it stands for, many entries of the log, as it leaves users' records; its own body says nothing. */
  readonly joined?: JoinedRecords;
}

/** Events that nothing is counted of, and that their users' records are all that is known of (archived-records.ts). */
export interface JoinedRecords {
  /** By user, lines in log order, each ending in "\n", UTF-8. */
  readonly appends: ReadonlyMap<string, Buffer>;
  /** How many these are. */
  readonly lines: number;
  /** Those of other users, in log order. */
  readonly apart: readonly ApartLine[];
  /** Log time at the end, epoch ms. */
  readonly logTimeMs: number;
}

/** A line at its place in the log, with log time there, epoch ms. */
export interface ApartLine {
  readonly position: string;
  readonly lineNumber: number;
  readonly line: string;
  readonly logTimeMs: number;
}

/** An event that lies in another partition than its user's. */
export interface Misplaced {
  readonly home: number;
  readonly line: string;
  /** What is kept of it where it cannot be appended to its own. */
  readonly letter: DeadLetter;
}

/** Dead letters, and events of other partitions. */
export type Parked = DeadLetter | Misplaced;

export interface Arrival {
  /** Where it lies, whichever entry it was read in (`placesOf`). */
  readonly position: string;
  readonly lineNumber: number;
  readonly userKey: string;
  /** What the timeline needs of it; the rest is in the line (`wholeEvent`). */
  readonly event: KeptFields;
  /** All of it, where its line was parsed for `event`. */
  readonly whole?: Event | undefined;
  /** The canonical line, as it will be appended to the user's record. */
  readonly line: string;
  /** Whether it was sent with two ids, where that is known without its line (`mayLink`). */
  readonly hasBothIds: boolean | undefined;
  /** What a report of a page says, where it was read in place. */
  readonly report: PlainReport | undefined;
  /** Log time of the partition with this event, epoch ms. */
  readonly logTimeMs: number;
}

/** How far a batch has come with one of its entries. */
export interface EntryEnd {
  readonly upTo: string;
  /** Arrivals, and dead letters, up to here. */
  readonly arrivals: number;
  readonly parked: number;
  readonly logTimeMs: number;
}

export interface DecodedBatch {
  /** One for each entry: a batch may be applied in pieces, which end where entries end. */
  readonly ends: readonly EntryEnd[];
  readonly arrivals: readonly Arrival[];
  readonly parked: readonly Parked[];
  /** Log time at the end of the batch, epoch ms. */
  readonly logTimeMs: number;
  /** Position of the last entry the batch covers. */
  readonly upTo: string;
  /** The batch ends with this barrier; entries after it belong to the next batch. */
  readonly barrier: Barrier | undefined;
  /** Log time fell back at the end of the batch, from here, epoch ms: what comes after the last entry belongs to the next batch. */
  readonly fellFromMs: number | undefined;
  /** Up to here the archive gave it; '': the log gave all. */
  readonly archivedUpTo: string;
  /** The batch ends with entries that are gone: up to here the log may have taken them, by its own clock, epoch ms. */
  readonly lostUpToMs: number | undefined;
  /** The batch ends with joined records: of these users it has no arrivals. */
  readonly joined: JoinedRecords | undefined;
}

/**
 * `entries`: of one partition, in order, not empty. `logTimeMs`, `generation`: as of the entry before them. A barrier of
 * a generation ≤ `generation` is a repetition and means nothing; one that cannot be read is parked. `readsReports`: pages are counted.
 */
// biome-ignore lint/complexity/useMaxParams: called for each batch of each partition, and by tests that say what they ask for
export function decodeBatch(
  entries: readonly ReadEntry[],
  logTimeMs: number,
  generation: number,
  partitions: number,
  sha256Hex: (text: string) => string,
  readsReports = false,
): DecodedBatch {
  const batch = {
    ends: [] as EntryEnd[],
    arrivals: [] as Arrival[],
    parked: [] as Parked[],
    logTimeMs,
    upTo: '',
    archivedUpTo: '',
    barrier: undefined as Barrier | undefined,
    fellFromMs: undefined as number | undefined,
    lostUpToMs: undefined as number | undefined,
    joined: undefined as JoinedRecords | undefined,
  };
  for (const entry of entries) {
    batch.upTo = entry.position;
    const { appendedMs } = entry;
    // The log's own clock ran ahead, or a version without this bound let log time do so. It comes back after the entry that shows it.
    const fallsBack = batch.logTimeMs > appendedMs + EVENT_BOUNDS.futureMs;
    if (entry.joined !== undefined) decodeJoined(entry, entry.joined, partitions, batch);
    else if (entry.kind === 'events') decodeLines(entry, partitions, batch, readsReports);
    else if (entry.kind === 'heartbeat') {
      const heartbeat = decodeHeartbeat(entry.body);
      if (heartbeat.ok) batch.logTimeMs = later(batch.logTimeMs, heartbeat.receivedAt, appendedMs);
      else park(batch.parked, entry, heartbeat);
    } else {
      const decoded = decodeBarrier(entry, generation, sha256Hex);
      if (!decoded.ok) park(batch.parked, entry, decoded);
      else if (!('repeated' in decoded)) batch.barrier = decoded.barrier;
    }
    if (fallsBack) {
      batch.fellFromMs = batch.logTimeMs;
      batch.logTimeMs = appendedMs;
    }
    if (entry.isHole) batch.lostUpToMs = appendedMs;
    if (entry.lineNumbers !== undefined) batch.archivedUpTo = entry.position;
    const { arrivals, parked } = batch;
    batch.ends.push({ upTo: batch.upTo, arrivals: arrivals.length, parked: parked.length, logTimeMs: batch.logTimeMs });
    if (endsEarly(batch)) break;
  }
  return batch;
}

/** The batch ends with what empties the cache of users. */
export function endsEarly({ barrier, fellFromMs, lostUpToMs, joined }: DecodedBatch): boolean {
  return barrier !== undefined || fellFromMs !== undefined || lostUpToMs !== undefined || joined !== undefined;
}

/** The first `entries` of a batch, and what is left; null: nothing is. */
export function splitBatch(batch: DecodedBatch, entries: number): [first: DecodedBatch, rest: DecodedBatch | null] {
  if (entries >= batch.ends.length) return [batch, null];
  const { upTo, logTimeMs, arrivals, parked } = batch.ends[entries - 1] as EntryEnd;
  const first: DecodedBatch = {
    ends: batch.ends.slice(0, entries),
    arrivals: batch.arrivals.slice(0, arrivals),
    parked: batch.parked.slice(0, parked),
    logTimeMs,
    upTo,
    archivedUpTo: batch.archivedUpTo,
    barrier: undefined,
    fellFromMs: undefined,
    lostUpToMs: undefined,
    joined: undefined,
  };
  const ends = batch.ends
    .slice(entries)
    .map((end) => ({ ...end, arrivals: end.arrivals - arrivals, parked: end.parked - parked }));
  return [first, { ...batch, ends, arrivals: batch.arrivals.slice(arrivals), parked: batch.parked.slice(parked) }];
}

/** Log time after a record: the largest receipt so far, but no clock runs ahead of the log's own. */
function later(logTimeMs: number, receivedAt: number, appendedMs: number): number {
  return Math.max(logTimeMs, Math.min(receivedAt, appendedMs));
}

interface Decoding {
  readonly arrivals: Arrival[];
  readonly parked: Parked[];
  logTimeMs: number;
  joined: JoinedRecords | undefined;
}

function decodeLines(entry: ReadEntry, partitions: number, batch: Decoding, readsReports: boolean): void {
  const lines = entry.body.split('\n');
  const plain = plainLinesOf(entry, partitions, readsReports);
  const placeOf = placesOf(entry);
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] as string;
    const { position, line: lineNumber } = placeOf(entry.lineNumbers?.[i] ?? i);
    const read = plain(line);
    const decoded = read ?? decodeLine(line, entry.partition, partitions, entry.appendedMs);
    if (!decoded.ok) {
      parkLine(batch.parked, decoded, lineAt(position, lineNumber), line);
      continue;
    }
    const { event, userKey } = decoded;
    batch.logTimeMs = later(batch.logTimeMs, event.receivedAt, entry.appendedMs);
    const { logTimeMs } = batch;
    const [hasBothIds, report] = [read?.hasBothIds, read?.report];
    const whole = read === undefined ? (event as Event) : undefined;
    batch.arrivals.push({ position, lineNumber, userKey, event, whole, line, hasBothIds, report, logTimeMs });
  }
}

/** What lies apart, as it would arrive. */
function decodeJoined({ partition, appendedMs }: ReadEntry, joined: JoinedRecords, partitions: number, batch: Decoding): void {
  for (const { position, lineNumber, line, logTimeMs } of joined.apart) {
    const decoded = decodeLine(line, partition, partitions, appendedMs);
    if (decoded.ok)
      batch.arrivals.push({
        position,
        lineNumber,
        userKey: decoded.userKey,
        event: decoded.event,
        whole: decoded.event,
        line,
        hasBothIds: undefined,
        report: undefined,
        logTimeMs,
      });
    else parkLine(batch.parked, decoded, lineAt(position, lineNumber), line);
  }
  batch.logTimeMs = Math.max(batch.logTimeMs, joined.logTimeMs);
  batch.joined = joined;
}

function parkLine(parked: Parked[], refused: Exclude<DecodedLine, { ok: true }>, at: string, line: string): void {
  const letter = deadLetter(at, refused.code, refused.message, line);
  parked.push(refused.home === undefined ? letter : { home: refused.home, line, letter });
}

const reader = createPlainLineReader();

/** What reads the lines of an entry, one after another, where they are plain. Most entries are ASCII: these are taken in as they are. */
function plainLinesOf(
  { body, partition, appendedMs }: LogEntry,
  partitions: number,
  readsReports: boolean,
): (line: string) => PlainLine | undefined {
  if (reader.open(body, readsReports) !== body.length)
    return (line) => {
      const bytes = line.isWellFormed() ? reader.open(line, readsReports) : -1;
      return bytes < 0 ? undefined : reader.read(0, bytes, partition, partitions, appendedMs);
    };
  let at = 0;
  return (line) => {
    const from = at;
    at += line.length + 1;
    return reader.read(from, from + line.length, partition, partitions, appendedMs);
  };
}

/** An arrival's event with all its fields, not to be changed. The line was decoded before: it holds what `decodeLine` would say. */
export function wholeEvent({ line, whole }: Pick<Arrival, 'line' | 'whole'>): Event {
  if (whole !== undefined) return whole;
  // Views, outputs and segments ask one after the other for the same one.
  if (line !== lastParsed.line) lastParsed = { line, event: JSON.parse(line) as Event };
  return lastParsed.event;
}

let lastParsed: { readonly line: string; readonly event: Event } = { line: '', event: {} as Event };

/** What a dead letter names a line by. */
export function lineAt(position: string, lineNumber: number): string {
  return `${position}.${lineNumber}`;
}

/** What is kept of a dead letter, characters: a partition keeps 10 000 letters. */
const SHOWN_RAW_LENGTH = 2_048;

/** The store keeps dead letters to be looked at, the archive keeps their records whole. */
export function deadLetter(at: string, code: string, message: string, raw: string): DeadLetter {
  if (raw.length <= SHOWN_RAW_LENGTH) return { at, code, message, raw };
  const shown = raw.slice(0, SHOWN_RAW_LENGTH).toWellFormed();
  return { at, code, message, raw: `${shown}${cutNote(raw.length)}` };
}

function park(parked: Parked[], { position, body }: LogEntry, { code, message }: Invalid): void {
  parked.push(deadLetter(position, code, message, body));
}
