/** One item of a request: read, checked, encoded. It stands and falls alone. */
import { isCurrency, noCurrency } from '@tributary/model/amounts/currency';
import type { ErrorCode } from '@tributary/model/errors';
import type { Event } from '@tributary/model/event';
import { MERGING_TYPES, WITHOUT_MERGE } from '@tributary/model/identity/links-of';
import { RESERVED_PREFIX } from '@tributary/model/identity/message-line';
import { encodeDraft } from '@tributary/model/reading/draft';
import { isObject, type JsonObject, type Outcome } from '@tributary/model/reading/json';
import { validateProperties } from '@tributary/model/reading/validate-event';
import { describe, type Invalid, invalid } from '@tributary/model/refusal';
import { DAY_MS, HOUR_MS } from '@tributary/model/time';
import { userKeyOf } from '@tributary/model/user-key';
import { MalformedLine } from '../bodies/parse-body.ts';
import type { Envelope, ReadItem } from '../formats/read-item.ts';
import { claimedSource, type Grant, refusalOfEvent } from '../keys/grant.ts';
import type { Claim, Dimension } from '../names/names.ts';
import { hiddenControl } from './hidden-controls.ts';
import { mayHoldKey, withoutKeys } from './keys-in-events.ts';

export interface Rejection {
  readonly index: number;
  readonly messageId: string | null;
  readonly code: ErrorCode;
  readonly message: string;
}

export interface CheckedItem {
  readonly userKey: string;
  readonly line: string;
  /** UTF-8 bytes of the line. */
  readonly bytes: number;
  /** Its names that read `(other)`. */
  readonly folded: readonly Dimension[];
}

export interface ItemRules {
  readonly read: ReadItem;
  readonly envelope: Envelope;
  /** The key that authorised the request, and what it grants. */
  readonly writeKey: string;
  /** The key that an item names. */
  readonly keyOf: (item: JsonObject) => unknown;
  readonly grant: Grant;
  /** The format names the source of an event. */
  readonly formatHasSource: boolean;
  readonly names: Claim;
  /** How long before their receipt live events may have happened. */
  readonly maxAgeMs: number;
  /** Takes away what may not be written; undefined: nothing is taken. */
  readonly minimise?: ((event: Event) => Event) | undefined;
  /** The body held bytes that are not UTF-8: in what its items share, or elsewhere. */
  readonly damaged: 'shared' | 'some' | null;
}

export function checkItem(item: unknown, rules: ItemRules): Outcome<CheckedItem> {
  const { read, envelope, writeKey, grant, damaged } = rules;
  if (item instanceof MalformedLine) return invalid('invalid_json', { field: 'each line', must: 'be JSON', got: item.message });
  if (!isObject(item)) return invalid('invalid_json', { field: 'an event', must: 'be a JSON object', got: describe(item) });
  // Depth −1: the item's own level does not count, so that properties may nest as deep as the model allows.
  const bad = validateProperties(item, 'event', -1);
  if (bad !== undefined) return bad;
  if (damaged === 'shared' || (damaged === 'some' && isDamaged(item)))
    return invalid('invalid_json', { field: 'an event', must: 'be UTF-8', got: 'other bytes' });
  const named = rules.keyOf(item);
  if (named !== undefined && named !== writeKey)
    return invalid('invalid_write_key', { field: 'writeKey of an event', must: 'be the key of its request', got: 'another' });
  const drafted = encodeDraft(read(item, envelope));
  if (!drafted.ok) return drafted;
  const keyless = mayHoldKey(drafted.line) ? encodeDraft(withoutKeys(drafted.event)) : drafted;
  if (!keyless.ok) return keyless;
  const minimised = rules.minimise === undefined ? keyless : encodeDraft(rules.minimise(keyless.event));
  if (!minimised.ok) return minimised;
  const encoded =
    grant.mayStandInUrl && MERGING_TYPES.has(minimised.event.type) ? encodeDraft(withoutMerge(minimised.event)) : minimised;
  if (!encoded.ok) return encoded;
  const { event, line, bytes } = encoded;
  // All of them take more bytes than characters.
  const hidden = bytes === line.length ? undefined : hiddenControl(event, line);
  if (hidden !== undefined) return hidden;
  if (event.type.startsWith(RESERVED_PREFIX)) return reservedType(event.type);
  if (event.currency !== undefined && !isCurrency(event.currency)) return unknownCurrency(event.currency);
  const refusal = refusalOfEvent(grant, event, claimedSource(item, rules.formatHasSource));
  if (refusal !== undefined) return refusal;
  const beyond = beyondDays(event, rules);
  if (beyond !== undefined) return beyond;
  const folded = rules.names.fold(event);
  const written = folded === undefined ? encoded : encodeDraft(folded.event);
  if (!written.ok) return written;
  const dimensions = folded?.dimensions ?? [];
  rules.names.add(event, folded);
  return { ok: true, value: { userKey: userKeyOf(event), line: written.line, bytes: written.bytes, folded: dimensions } };
}

/** Whether a value of a body that held bytes that are not UTF-8 has some: they became U+FFFD. */
export function isDamaged(value: unknown): boolean {
  return JSON.stringify(value ?? null).includes('\ufffd');
}

/** Each day that events happened on is a file of the archive in every partition, and rows of every view. */
function beyondDays({ ts, receivedAt, historical }: Event, { names, maxAgeMs, grant }: ItemRules): Invalid | undefined {
  if (historical === true)
    return names.takesDay(ts)
      ? undefined
      : invalid('too_many_days', {
          field: 'history',
          must: `fall on at most ${names.importDays} different days per UTC day of receipt`,
          got: 'one more',
          fix: 'Send the rest tomorrow, or raise maxImportDays',
        });
  if (ts >= receivedAt - maxAgeMs) return undefined;
  const most = maxAgeMs % DAY_MS === 0 ? `${maxAgeMs / DAY_MS} days` : `${maxAgeMs / HOUR_MS} hours`;
  const sender = grant.isPublic ? 'from a browser key' : 'with this key';
  return invalid('ts_too_old', {
    field: `ts of a live event ${sender}`,
    must: `lie at most ${most} before its receipt`,
    got: new Date(ts).toISOString(),
  });
}

/** Anybody may have a key that stands in pages, as those from before there were browser keys do: its aliases join anonymous keys, and never two users. */
function withoutMerge(event: Event): Event {
  return { ...event, properties: { ...event.properties, [WITHOUT_MERGE]: true } };
}

/** What partitions say to each other lies in the log as events of such types. */
function reservedType(type: string): Invalid {
  const must = `not begin with "${RESERVED_PREFIX}", as the platform writes such events itself`;
  return invalid('invalid_field', { field: 'type', must, got: describe(type), fix: 'Choose another name' });
}

function unknownCurrency(currency: string): Invalid {
  const fix = 'Send the code of a currency, such as "EUR"; points and tokens belong in properties';
  return invalid('invalid_field', { ...noCurrency(currency), fix });
}

const SHOWN_ID_LENGTH = 128;
const SHOWN_MESSAGE_LENGTH = 300;

export function rejectionOf(index: number, item: unknown, { code, message }: Invalid): Rejection {
  const id = isObject(item) ? (item['messageId'] ?? item['id'] ?? item['uuid']) : undefined;
  return {
    index,
    messageId: typeof id === 'string' ? id.slice(0, SHOWN_ID_LENGTH) : null,
    code,
    message: message.slice(0, SHOWN_MESSAGE_LENGTH),
  };
}
