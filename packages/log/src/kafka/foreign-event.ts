/**
 * The line of a message that another producer wrote: a plain JSON event, or a CloudEvent in binary or structured mode. A pure
 * function of the message, so that every reader, now and later, gets the same bytes. What cannot be made a valid event becomes
 * one line that no reader can decode (undecodable-line.ts): it is parked with the reason, and the partition moves on.
 * Source of the modes: CloudEvents 1.0, Kafka protocol binding, §3.
 */
import { EVENT_FIELDS } from '@tributary/model/event';
import { binaryAttributes, cloudEventReader } from '@tributary/model/reading/cloud-event';
import { type Draft, type Encoded, encodeDraft, type ReadEvent, type Receipt } from '@tributary/model/reading/draft';
import { isObject, type JsonObject, type Outcome, present } from '@tributary/model/reading/json';
import { nativeReader } from '@tributary/model/reading/native-event';
import { validateProperties } from '@tributary/model/reading/validate-event';
import { describe, type Invalid, invalid } from '@tributary/model/refusal';
import { MAX_INSTANT_MS } from '@tributary/model/time';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { type ForeignMessage, type TopicPartition, undecodableLine } from './undecodable-line.ts';

export function canonicalLine(message: ForeignMessage, at: TopicPartition): string {
  const receivedAt = Math.min(Math.max(0, message.timestampMs), MAX_INSTANT_MS);
  const newId = () => `${at.topic}-${at.partition}-${message.offset}`;
  const read = readMessage(message, { receivedAt, newId });
  return read.ok ? read.line : undecodableLine(message, at, read);
}

/** What says which event it is. */
type Content = Pick<ForeignMessage, 'key' | 'value' | 'headers'>;

/** The event that a message holds, or why it holds none. */
export function readMessage(message: Content, receipt: Receipt): Encoded | Invalid {
  const found = itemOf(message);
  return found.ok ? encodeDraft(draftOf(found.value, receipt)) : found;
}

interface Item {
  readonly json: unknown;
  readonly read: ReadEvent;
}

function draftOf({ json, read }: Item, receipt: Receipt): Draft | Invalid {
  // Depth −1: the item's own level does not count, so that properties may nest as deep as the model allows.
  const bad = validateProperties(json, 'event', -1);
  if (bad !== undefined) return bad;
  return isObject(json)
    ? read(json, receipt)
    : invalid('invalid_json', { field: 'the value', must: 'be a JSON object', got: describe(json) });
}

const readStructured = cloudEventReader(sha256Hex);
const readBinary = cloudEventReader(sha256Hex, 'ce_');
/**
 * Takes `receivedAt` and `keyId`, which a line of ours still holds when its header got lost, and puts in their place that of the
 * message, and none: anybody could have written it.
 */
const readPlain = nativeReader({ accepted: new Set(EVENT_FIELDS), source: 'kafka' });

const CLOUD_EVENT = /^\s*application\/cloudevents/i;

/** The JSON of the event, with the reader of its format. The content type goes first: structured events may carry the headers too. */
function itemOf({ key, value, headers }: Content): Outcome<Item> {
  const isStructured = CLOUD_EVENT.test(headers.get('content-type') ?? '');
  const isBinary = !isStructured && headers.has('ce_specversion');
  // Binary mode without data is a message without a value.
  const parsed = isBinary && !value?.length ? { ok: true as const, value: undefined } : parse(value);
  if (!parsed.ok) return parsed;
  const json = parsed.value;
  if (isBinary && !isOurs(headers, json)) {
    // A header without a value is an absent attribute.
    const attributes = binaryAttributes(headers, 'ce_', (text) => text || undefined);
    return { ok: true, value: { json: keyedBy(key, { ...attributes, data: json }), read: readBinary } };
  }
  if (isObject(json) && (isStructured || json['specversion'] !== undefined))
    return { ok: true, value: { json: keyedBy(key, json), read: readStructured } };
  return { ok: true, value: { json, read: readPlain } };
}

/** An event of ours whose own header got lost on its way through another tool is still one: its data is all of it. */
function isOurs(headers: ReadonlyMap<string, string>, data: unknown): boolean {
  return isObject(data) && data['id'] === headers.get('ce_id') && data['type'] === headers.get('ce_type');
}

/** The message key is what the attribute `partitionkey` is mapped to. */
function keyedBy(key: string | null, item: JsonObject): JsonObject {
  return key === null || present(item['partitionkey']) !== undefined ? item : { ...item, partitionkey: key };
}

const decoder = new TextDecoder('utf-8', { fatal: true });

function parse(value: Buffer | null): Outcome<unknown> {
  if (value === null) return invalid('invalid_json', { field: 'the message', must: 'have a value', got: 'none' });
  let text: string;
  try {
    text = decoder.decode(value);
  } catch {
    return invalid('invalid_json', { field: 'the value', must: 'be UTF-8', got: 'other bytes' });
  }
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch (cause) {
    const got = `what its parser refuses: ${(cause as Error).message}`;
    return invalid('invalid_json', { field: 'the value', must: 'be JSON', got });
  }
}
