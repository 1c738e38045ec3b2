/**
 * From a body to lines by partition, without an effect:
 * bytes → inflate → text → JSON → items → read → check → line → group by partition
 */

import type { JsonObject, Outcome } from '@tributary/model/json';
import { partitionOf } from '@tributary/model/user-key';
import { invalid } from '@tributary/model/validate-event';
import { checkItem, type Rejection, rejectionOf } from './check-item.ts';
import { decodeText, inflate } from './decode-body.ts';
import { itemsOf } from './items.ts';
import { parseBody } from './parse-body.ts';
import type { Route } from './routes.ts';

/** One request, its body read. */
export interface Delivery {
  readonly bytes: Buffer;
  readonly route: Route;
  /** From the authorization header, verified; undefined when the request has none (`navigator.sendBeacon`). */
  readonly headerKey: string | undefined;
  readonly isCloudEvent: boolean;
  /** Attributes of a CloudEvent in binary mode: the body is its data. */
  readonly attributes: JsonObject | undefined;
}

export interface Limits {
  /** Bytes of a body, as sent and inflated. */
  readonly bodyBytes: number;
  /** The same for a body that must be parsed before its key is known. */
  readonly keylessBodyBytes: number;
  readonly batchEvents: number;
}

export interface Surroundings {
  readonly limits: Limits;
  readonly partitions: number;
  readonly now: () => number;
  readonly newId: () => string;
  /** Why the key may not write; undefined when it may. */
  readonly refusalOf: (key: string) => string | undefined;
}

export interface Prepared {
  /** Bodies of log entries by partition, in the order of arrival. */
  readonly entries: readonly { readonly partition: number; readonly body: string }[];
  readonly accepted: number;
  readonly rejected: readonly Rejection[];
  /** UTF-8 bytes of all entries. */
  readonly bytes: number;
}

export function prepare(delivery: Delivery, { limits, partitions, now, newId, refusalOf }: Surroundings): Outcome<Prepared> {
  const { route, headerKey, attributes } = delivery;
  const receivedAt = now();
  const inflated = inflate(delivery.bytes, headerKey === undefined ? limits.keylessBodyBytes : limits.bodyBytes);
  if (!inflated.ok) return inflated;
  const { text, damaged } = decodeText(inflated.value);

  const parsed = attributes !== undefined && text === '' ? { ok: true as const, value: undefined } : parseBody(text);
  if (!parsed.ok) return parsed;
  const body = attributes === undefined ? parsed.value : { ...attributes, data: parsed.value };
  const given = itemsOf(body, route, delivery.isCloudEvent || attributes !== undefined);
  if (!given.ok) return given;
  const { items, read, bodyKey, sentAt, context } = given.value;
  const key = writeKeyOf(headerKey, bodyKey, refusalOf);
  if (!key.ok) return key;
  if (items.length === 0) return invalid('empty_batch', 'the request holds no event');
  if (items.length > limits.batchEvents)
    return invalid('body_too_large', `the request holds ${items.length} events, ${limits.batchEvents} are allowed`);

  const historical = route.format === 'segment' && route.historical;
  const envelope = { receivedAt, sentAt, context, historical, newId };
  const rules = { read, envelope, writeKey: key.value, damaged };
  const rejected: Rejection[] = [];
  const lines = new Map<number, string[]>();
  let accepted = 0;
  let bytes = 0;
  items.forEach((item, index) => {
    const checked = checkItem(item, rules);
    if (!checked.ok) {
      rejected.push(rejectionOf(index, item, checked));
      return;
    }
    const partition = partitionOf(checked.value.userKey, partitions);
    const group = lines.get(partition);
    if (group === undefined) lines.set(partition, [checked.value.line]);
    else group.push(checked.value.line);
    accepted++;
    bytes += checked.value.bytes + 1;
  });
  return { ok: true, value: { entries: entriesOf(lines), accepted, rejected, bytes } };
}

/** The header's key counts; a body that names another is a mistake that would file events under the wrong owner. */
function writeKeyOf(
  headerKey: string | undefined,
  bodyKey: unknown,
  refusalOf: (key: string) => string | undefined,
): Outcome<string> {
  if (headerKey !== undefined) {
    if (bodyKey === undefined || bodyKey === headerKey) return { ok: true, value: headerKey };
    return invalid('invalid_write_key', 'the writeKey of the body is not the key of the authorization header');
  }
  if (typeof bodyKey !== 'string')
    return invalid('invalid_write_key', 'the request has no authorization header, and its body no writeKey');
  const refusal = refusalOf(bodyKey);
  return refusal === undefined ? { ok: true, value: bodyKey } : invalid('invalid_write_key', refusal);
}

/** Readers take whole entries into memory, so one stays small. In characters. */
const ENTRY_LIMIT = 256 * 1024;

function entriesOf(lines: ReadonlyMap<number, readonly string[]>): Prepared['entries'] {
  const entries: { partition: number; body: string }[] = [];
  for (const [partition, group] of lines) {
    let start = 0;
    let size = 0;
    for (let i = 0; i < group.length; i++) {
      const length = group[i]?.length ?? 0;
      if (i > start && size + length > ENTRY_LIMIT) {
        entries.push({ partition, body: group.slice(start, i).join('\n') });
        start = i;
        size = 0;
      }
      size += length + 1;
    }
    entries.push({ partition, body: group.slice(start).join('\n') });
  }
  return entries;
}
