/**
 * How the log lies in Redis:
 *
 *   <ns>:log                hash   identity (a UUID, made when the log is created), partitions
 *   <ns>:{<p>}:log          stream one entry a record: k = e(vents) | b(arrier) | h(eartbeat), b = the body
 *   <ns>:{<p>}:log:trimmed  string id of the newest entry dropped by `trim`; absent when nothing was
 *
 * A position is the stream id "ms-seq" at fixed width, so that it compares as a string. `XADD *` never goes back within a
 * stream, also when the clock does. One XREAD spans the partitions, so this log lives in a single Redis (with replicas).
 */
import { logKey, logStreamKey, trimmedKey } from '@tributary/runtime/event-log/keys';
import type { LogRecord, Position, RecordKind } from '../port.ts';

export interface LogKeys {
  readonly meta: string;
  /** Index = partition. */
  readonly streams: readonly string[];
  readonly trimmed: readonly string[];
  readonly partitionOf: ReadonlyMap<string, number>;
}

export function logKeys(namespace: string, partitions: number): LogKeys {
  const streams = Array.from({ length: partitions }, (_, p) => logStreamKey(namespace, p));
  return {
    meta: logKey(namespace),
    streams,
    trimmed: streams.map((_, p) => trimmedKey(namespace, p)),
    partitionOf: new Map(streams.map((stream, p) => [stream, p])),
  };
}

export function streamOf(keys: LogKeys, partition: number): string {
  const stream = keys.streams[partition];
  if (stream === undefined) throw new RangeError(`partition ${partition} of ${keys.streams.length}`);
  return stream;
}

/** 15 digits of ms reach the year 33658; 10 digits of sequence 10^10 entries in one ms. */
const MS_DIGITS = 15;
const SEQ_DIGITS = 10;
const POSITION = /^\d{15}-\d{10}$/;

/** What stands behind every entry: ids that somebody wrote by hand may be larger than any position. */
export const BEHIND_ALL: Position = `${'9'.repeat(MS_DIGITS)}-${'9'.repeat(SEQ_DIGITS)}`;

export function positionOf(id: string): Position {
  const dash = id.indexOf('-');
  const position = `${id.slice(0, dash).padStart(MS_DIGITS, '0')}-${id.slice(dash + 1).padStart(SEQ_DIGITS, '0')}`;
  return position.length === BEHIND_ALL.length ? position : BEHIND_ALL;
}

export function idOf(position: Position): string {
  if (!POSITION.test(position)) throw new Error(`"${position}" is not a position of this log`);
  return `${Number(position.slice(0, MS_DIGITS))}-${Number(position.slice(MS_DIGITS + 1))}`;
}

/** When the entry was appended, epoch ms: stream ids begin with it. */
export function dateOf(position: Position): number {
  return Number(idOf(position).split('-', 1)[0]);
}

/** The id right after the one given. */
export function nextId(id: string): string {
  const dash = id.indexOf('-');
  return `${id.slice(0, dash)}-${Number(id.slice(dash + 1)) + 1}`;
}

const CODES: Readonly<Record<RecordKind, string>> = { events: 'e', barrier: 'b', heartbeat: 'h' };
const KINDS: Readonly<Record<string, RecordKind>> = { e: 'events', b: 'barrier', h: 'heartbeat' };

/**
 * Redis keeps entries of a stream in nodes of up to 4 096 bytes (`stream-node-max-bytes`), and keeps the bytes of a dropped entry until all
 * entries of its node are dropped. What is as large has a node of its own: once the log is trimmed up to a barrier, no byte from before it is left.
 */
export const NODE_BYTES = 4_096;

export function fieldsOf({ kind, body }: LogRecord): ['k', string, 'b', string] {
  return ['k', CODES[kind], 'b', kind === 'barrier' ? body.padEnd(NODE_BYTES) : body];
}

/** An entry that is not ours becomes one undecodable event line: its reader parks it, and the partition moves on. */
export function recordOf(fields: readonly string[]): LogRecord {
  const kind = KINDS[fields[1] ?? ''];
  const body = fields[3];
  if (fields.length !== 4 || fields[0] !== 'k' || fields[2] !== 'b' || kind === undefined || body === undefined)
    return { kind: 'events', body: JSON.stringify(fields) };
  return { kind, body: kind === 'barrier' ? body.trimEnd() : body };
}
