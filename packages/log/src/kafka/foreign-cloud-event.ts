/**
 * A CloudEvent in Kafka's binary mode: attributes in headers `ce_…`, the value is its data. `source` and `id` together are
 * the duplicate key, so both go into the id, as at the collector's front door.
 */
import { createHash } from 'node:crypto';
import { describe, invalid } from '@tributary/model/validate-event';
import { type Draft, isObject } from './foreign-event.ts';
import { readInstant } from './foreign-instant.ts';

const TEXTS = ['channel', 'campaign', 'creative', 'currency', 'page', 'element'] as const;
/** A header has no types. */
const INTEGERS = ['cost', 'value'] as const;
const INTEGER = /^-?\d{1,15}$/;

/** `data`: checked already, as deep as properties may nest. */
export function cloudEventDraft(
  headers: ReadonlyMap<string, string>,
  key: string | null,
  data: unknown,
  receivedAt: number,
): Draft {
  const attribute = (name: string): string | undefined => headers.get(`ce_${name}`) || undefined;
  if (attribute('specversion') !== '1.0')
    return invalid('invalid_field', `ce_specversion is "1.0" (CloudEvents), got ${describe(attribute('specversion'))}`);
  const id = attribute('id');
  const source = attribute('source');
  if (id === undefined || source === undefined)
    return invalid('missing_field', 'a CloudEvent needs ce_id and ce_source: together they name it');
  const time = attribute('time');
  const ts = time === undefined ? { ok: true as const, value: receivedAt } : readInstant(time, 'ce_time');
  if (!ts.ok) return ts;
  const anonymousId = attribute('anonymousid');
  const event: Record<string, unknown> = {
    ts: ts.value,
    type: attribute('type'),
    id: identityOf(source, id),
    // The message key is the attribute "partitionkey" of the Kafka binding.
    userId: attribute('userid') ?? (anonymousId === undefined ? (attribute('partitionkey') ?? key ?? undefined) : undefined),
    anonymousId,
    receivedAt,
    source,
    properties: data === null ? undefined : isObject(data) ? data : { data },
    historical: attribute('historical') === 'true' ? true : undefined,
  };
  for (const name of TEXTS) event[name] = attribute(name);
  for (const name of INTEGERS) {
    const text = attribute(name);
    event[name] = text !== undefined && INTEGER.test(text) ? Number(text) : text;
  }
  return { ok: true, event };
}

const READABLE_LENGTH = 128;
/** A URI reference holds no "|", so the first one ends the source. */
const READABLE_SOURCE = /^[!-{}~]+$/;
const READABLE_ID = /^[ -~]+$/;

/** `source|id` where that is a valid id, else a hash of both. */
function identityOf(source: string, id: string): string {
  const readable = `${source}|${id}`;
  if (readable.length <= READABLE_LENGTH && READABLE_SOURCE.test(source) && READABLE_ID.test(id)) return readable;
  return `ce|${createHash('sha256')
    .update(JSON.stringify([source, id]))
    .digest('hex')}`;
}
