/**
 * The line of a message that another producer wrote: a plain JSON event, or a CloudEvent in binary mode. A pure function of
 * the message, so that every reader, now and later, gets the same bytes. What cannot be made a valid event becomes one
 * line that no reader can decode: it is parked with the reason, and the partition moves on.
 */
import { EVENT_FIELDS, encodeEvent } from '@tributary/model/event';
import { MAX_INSTANT_MS } from '@tributary/model/time';
import { type Invalid, invalid, validateEvent, validateProperties } from '@tributary/model/validate-event';
import { cloudEventDraft } from './foreign-cloud-event.ts';
import { readInstant } from './foreign-instant.ts';

export interface ForeignMessage {
  readonly key: string | null;
  readonly value: Buffer | null;
  readonly offset: number;
  /** When the producer, or the broker, stamped it: the receipt of the event. */
  readonly timestampMs: number;
  readonly headers: ReadonlyMap<string, string>;
}

export interface Place {
  readonly topic: string;
  readonly partition: number;
}

export type JsonObject = Readonly<Record<string, unknown>>;
export type Draft = { readonly ok: true; readonly event: JsonObject } | Invalid;

/** As the collector takes it: bytes of JSON. */
const EVENT_LIMIT_BYTES = 32 * 1024;
/** What a dead letter shows of a value. */
const SHOWN_BYTES = 64 * 1024;

export function canonicalLine(message: ForeignMessage, place: Place): string {
  const line = lineOf(message, place);
  return typeof line === 'string' ? line : undecodableLine(message, place, line);
}

function lineOf({ key, value, offset, timestampMs, headers }: ForeignMessage, { topic, partition }: Place): string | Invalid {
  const receivedAt = Math.min(Math.max(0, timestampMs), MAX_INSTANT_MS);
  const body = parse(value);
  if (!body.ok) return body;
  // Depth −1: the item's own level does not count, so that properties may nest as deep as the model allows.
  const bad = validateProperties(body.json, 'event', -1);
  if (bad !== undefined) return bad;
  const draft = isCloudEvent(headers, body.json)
    ? cloudEventDraft(headers, key, body.json, receivedAt)
    : plainDraft(body.json, receivedAt, `${topic}-${partition}-${offset}`);
  if (!draft.ok) return draft;
  const validated = validateEvent(draft.event);
  if (!validated.ok) return validated;
  const line = encodeEvent(validated.event);
  const bytes = Buffer.byteLength(line);
  return bytes > EVENT_LIMIT_BYTES
    ? invalid('event_too_large', `the event has ${bytes} bytes of JSON, ${EVENT_LIMIT_BYTES} are allowed`)
    : line;
}

/** An event of ours whose own header got lost on its way through another tool is still one: its data is all of it. */
function isCloudEvent(headers: ReadonlyMap<string, string>, data: unknown): boolean {
  if (!headers.has('ce_specversion')) return false;
  const isOurs = isObject(data) && data['id'] === headers.get('ce_id') && data['type'] === headers.get('ce_type');
  return !isOurs;
}

const decoder = new TextDecoder('utf-8', { fatal: true });

function parse(value: Buffer | null): { readonly ok: true; readonly json: unknown } | Invalid {
  if (value === null) return invalid('invalid_json', 'the message has no value');
  let text: string;
  try {
    text = decoder.decode(value);
  } catch {
    return invalid('invalid_json', 'the value holds bytes that are not UTF-8');
  }
  try {
    return { ok: true, json: JSON.parse(text) as unknown };
  } catch (cause) {
    return invalid('invalid_json', `the value is not JSON: ${(cause as Error).message}`);
  }
}

const ACCEPTED: ReadonlySet<string> = new Set(EVENT_FIELDS);

/** The fields of an event and nothing else; null is absent. A producer does not say when we received it. */
function plainDraft(json: unknown, receivedAt: number, newId: string): Draft {
  if (!isObject(json)) return invalid('invalid_json', 'the value is no JSON object');
  const event: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(json)) {
    if (!ACCEPTED.has(field))
      return invalid('invalid_field', `${JSON.stringify(field.slice(0, 60))} is no field of an event: put it into properties`);
    if (value !== null) event[field] = value;
  }
  if (event['historical'] === false) delete event['historical'];
  if (event['ts'] === undefined && event['historical'] === true)
    return invalid('missing_field', 'a historical event needs ts: when it happened');
  const ts = event['ts'] === undefined ? { ok: true as const, value: receivedAt } : readInstant(event['ts'], 'ts');
  if (!ts.ok) return ts;
  return {
    ok: true,
    event: { ...event, ts: ts.value, id: event['id'] ?? newId, receivedAt, source: event['source'] ?? 'kafka' },
  };
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** One line, which no reader takes for an event: those begin with `{"ts":`. */
function undecodableLine({ value, offset }: ForeignMessage, { topic, partition }: Place, { code, message }: Invalid): string {
  const shown = value?.subarray(0, SHOWN_BYTES) ?? null;
  const text = shown?.toString() ?? null;
  const isText = text === null || !text.includes('\ufffd');
  return JSON.stringify({
    undecodable: code,
    message: message.isWellFormed() ? message : message.toWellFormed(),
    at: `${topic}-${partition}-${offset}`,
    bytes: value?.length ?? 0,
    ...(isText ? { value: text } : { base64: shown?.toString('base64') }),
  });
}
