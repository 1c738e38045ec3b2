/**
 * How the log lies in Kafka: one topic; one message an event, so that any tool can read and write it. An append is one
 * record batch, or part of one: Kafka keeps all of its messages or none.
 *
 *   key      the user key (barriers and heartbeats: none)
 *   value    the canonical line (the JSON of a barrier or heartbeat)
 *   headers  tributary = l(ine, more of the same append follow) | e(nd: the last line of an append) | b(arrier) | h(eartbeat)
 *            then those of CloudEvents 1.0, binary mode
 *
 * The header `tributary` comes first and says that the value is a line as it is: the hot path parses no JSON. It is not a
 * seal: any client that may write to the topic may write it, so readers decode and check every line anyway.
 * A position is the offset of the last message of an entry, at fixed width.
 */
import { randomUUID } from 'node:crypto';
import type { LogRecord, Position, RecordKind } from '../port.ts';
import type { MessageView, OutgoingMessage } from './record-batch.ts';
import { readVarint } from './record-batch.ts';

/** 2^53 has 16 digits. */
const OFFSET_DIGITS = 16;
const POSITION = /^\d{16}$/;

export function positionOf(offset: number): Position {
  return String(offset).padStart(OFFSET_DIGITS, '0');
}

export function offsetOf(position: Position): number {
  if (!POSITION.test(position)) throw new Error(`"${position}" is not a position of a log in Kafka`);
  return Number(position);
}

/** What other tools see of a line. */
export interface Envelope {
  readonly key: string | null;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

export type EnvelopeOf = (line: string) => Envelope;

const MARK = Buffer.from('tributary');
const MARKS = { line: Buffer.from('l'), end: Buffer.from('e'), barrier: Buffer.from('b'), heartbeat: Buffer.from('h') };

/** The messages of one append. */
export function messagesOf({ kind, body }: LogRecord, envelopeOf: EnvelopeOf): OutgoingMessage[] {
  if (kind !== 'events') return [controlMessage(kind, body)];
  const lines = body.split('\n');
  return lines.map((line, index) => {
    const { key, headers } = envelopeOf(line);
    return {
      key: key === null ? null : Buffer.from(key),
      value: Buffer.from(line),
      headers: [[MARK, index < lines.length - 1 ? MARKS.line : MARKS.end], ...headers.map(headerBytes)],
    };
  });
}

function controlMessage(kind: Exclude<RecordKind, 'events'>, body: string): OutgoingMessage {
  const headers = [
    [MARK, MARKS[kind]] as const,
    ...[
      ['ce_specversion', '1.0'] as const,
      ['ce_id', randomUUID()] as const,
      ['ce_type', `tributary.${kind}`] as const,
      ['ce_source', '/tributary'] as const,
      ['content-type', 'application/json'] as const,
    ].map(headerBytes),
  ];
  return { key: null, value: Buffer.from(body), headers };
}

function headerBytes([name, value]: readonly [string, string]): [Buffer, Buffer] {
  return [headerName(name), Buffer.from(value)];
}

const names = new Map<string, Buffer>();

function headerName(name: string): Buffer {
  let bytes = names.get(name);
  if (bytes === undefined) {
    bytes = Buffer.from(name);
    // Names come from code, not from data; an envelope of somebody else's making may still invent them.
    if (names.size < 1_000) names.set(name, bytes);
  }
  return bytes;
}

/** A message of CloudEvents about an event, from its canonical line; of a line that is not an event, nothing but the line. */
export const eventEnvelope: EnvelopeOf = (line) => {
  const event = parsed(line);
  if (event === null) return { key: null, headers: [] };
  const key = event['userId'] ?? event['anonymousId'];
  const ts = event['ts'];
  const time = typeof ts === 'number' && Number.isFinite(ts) ? isoTime(ts) : null;
  const headers: (readonly [string, string])[] = [['ce_specversion', '1.0']];
  for (const field of ['id', 'type', 'source']) {
    const value = event[field];
    if (typeof value === 'string') headers.push([`ce_${field}`, value]);
  }
  if (time !== null) headers.push(['ce_time', time]);
  headers.push(['content-type', 'application/json']);
  return { key: typeof key === 'string' ? key : null, headers };
};

function isoTime(ts: number): string | null {
  const date = new Date(ts);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

function parsed(line: string): Record<string, unknown> | null {
  if (!line.startsWith('{')) return null;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return null;
  }
}

const LETTER = { l: 0x6c, e: 0x65, b: 0x62, h: 0x68 };
/** Both lengths as varints: 9 and 1. */
const MARK_LENGTH = 18;
const VALUE_LENGTH = 2;

export type Mark = 'line' | 'end' | 'barrier' | 'heartbeat' | 'foreign';

/** What the first header says a message is. */
export function markOf({ data, headerCount, headersAt }: MessageView): Mark {
  if (headerCount === 0 || data[headersAt] !== MARK_LENGTH) return 'foreign';
  const at = headersAt + 1;
  for (let i = 0; i < MARK.length; i++) if (data[at + i] !== MARK[i]) return 'foreign';
  const cursor = { data, at: at + MARK.length };
  if (readVarint(cursor) * 2 !== VALUE_LENGTH) return 'foreign';
  switch (data[cursor.at]) {
    case LETTER.l:
      return 'line';
    case LETTER.e:
      return 'end';
    case LETTER.b:
      return 'barrier';
    case LETTER.h:
      return 'heartbeat';
    default:
      return 'foreign';
  }
}
