/**
 * The line in place of a message of another producer that is not an event. It holds what the reader of such messages looks at, so that a
 * later version, or one with the right clock, can read the message again; what is too long for that is cut, and not read again.
 */
import { isUtf8 } from 'node:buffer';
import { isObject } from '@tributary/model/reading/json';
import { USER_HEADERS } from '@tributary/model/reading/users-named';
import type { Invalid } from '@tributary/model/refusal';
import { MAX_INSTANT_MS } from '@tributary/model/time';

export interface ForeignMessage {
  readonly key: string | null;
  readonly value: Buffer | null;
  readonly offset: number;
  /** When the producer, or the broker, stamped it: the receipt of the event. */
  readonly timestampMs: number;
  readonly headers: ReadonlyMap<string, string>;
}

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** What is shown of a value. */
const SHOWN_BYTES = 64 * 1024;
/** What is shown of a key, and of all headers: more than a dead letter keeps, so what is cut here is cut there. */
const SHOWN_CHARACTERS = 8 * 1024;

/** One line, which no reader takes for an event: those begin with `{"ts":`. */
export function undecodableLine(
  { key, value, offset, timestampMs, headers }: ForeignMessage,
  { topic, partition }: TopicPartition,
  { code, message }: Invalid,
): string {
  const shown = value?.subarray(0, SHOWN_BYTES) ?? null;
  const isText = shown === null || isUtf8(shown);
  return JSON.stringify({
    undecodable: code,
    message: message.toWellFormed(),
    at: `${topic}-${partition}-${offset}`,
    bytes: value?.length ?? 0,
    timestampMs,
    ...(key !== null && { key: key.slice(0, SHOWN_CHARACTERS) }),
    headers: shownHeaders(headers),
    ...(isText ? { value: shown?.toString() ?? null } : { base64: shown.toString('base64') }),
  });
}

/** Those that say what the value is; where they are cut, whose it is comes first. */
function shownHeaders(headers: ReadonlyMap<string, string>): unknown {
  const own = [...headers].filter(([name]) => name === 'content-type' || name.startsWith('ce_'));
  if (JSON.stringify(Object.fromEntries(own)).length <= SHOWN_CHARACTERS) return Object.fromEntries(own);
  const users = own.filter(([name]) => USER_HEADERS.includes(name));
  return JSON.stringify(Object.fromEntries([...users, ...own])).slice(0, SHOWN_CHARACTERS);
}

/** The line of the messages from `offset` to `lastOffset`, whose batch cannot be read. */
export function unreadableLine(
  { offset, lastOffset, packed }: { readonly offset: number; readonly lastOffset: number; readonly packed: Buffer },
  { topic, partition }: TopicPartition,
  why: string,
): string {
  return JSON.stringify({
    undecodable: 'undecodable_record',
    message: `the batch with offsets ${offset} to ${lastOffset} cannot be read: ${why.toWellFormed()}`,
    at: `${topic}-${partition}-${offset}`,
    bytes: packed.length,
    base64: packed.toString('base64', 0, SHOWN_BYTES),
  });
}

/** A message as such a line has it. */
export interface KeptMessage extends Pick<ForeignMessage, 'key' | 'value'> {
  /** `<topic>-<partition>-<offset>`. */
  readonly at: string;
  /** null: the line is of a version that did not keep them. */
  readonly headers: ReadonlyMap<string, string> | null;
  /** Epoch ms; null as above. */
  readonly timestampMs: number | null;
}

/** The message of such a line; null: it is another line, or does not hold the message, whose bytes were not text. */
export function messageIn(line: string): KeptMessage | null {
  if (!line.startsWith('{"undecodable":')) return null;
  let kept: unknown;
  try {
    kept = JSON.parse(line);
  } catch {
    return null;
  }
  if (!isObject(kept)) return null;
  const { at, key, headers, timestampMs, value } = kept;
  if (typeof at !== 'string' || (typeof value !== 'string' && value !== null)) return null;
  return {
    at,
    key: typeof key === 'string' ? key : null,
    value: value === null ? null : Buffer.from(value),
    headers: isObject(headers) ? new Map(Object.entries(headers).map(([name, text]) => [name, String(text)])) : null,
    timestampMs: typeof timestampMs === 'number' ? Math.min(Math.max(0, timestampMs), MAX_INSTANT_MS) : null,
  };
}
