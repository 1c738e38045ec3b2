/** One item of a request: read, checked, encoded. It stands and falls alone. */
import { encodeDraft } from '@tributary/model/draft';
import type { ErrorCode } from '@tributary/model/errors';
import { isObject, type Outcome } from '@tributary/model/json';
import { userKeyOf } from '@tributary/model/user-key';
import { describe, type Invalid, invalid, validateProperties } from '@tributary/model/validate-event';
import { MalformedLine } from './parse-body.ts';
import type { Envelope, ReadItem } from './read-item.ts';

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
}

export interface ItemRules {
  readonly read: ReadItem;
  readonly envelope: Envelope;
  /** The key that authorised the request. */
  readonly writeKey: string;
  /** The body held bytes that are no UTF-8. */
  readonly damaged: boolean;
}

export function checkItem(item: unknown, { read, envelope, writeKey, damaged }: ItemRules): Outcome<CheckedItem> {
  if (item instanceof MalformedLine) return invalid('invalid_json', `the line is not JSON: ${item.message}`);
  if (!isObject(item)) return invalid('invalid_json', `an event is a JSON object, got ${describe(item)}`);
  // Depth −1: the item's own level does not count, so that properties may nest as deep as the model allows.
  const bad = validateProperties(item, 'event', -1);
  if (bad !== undefined) return bad;
  if (damaged && JSON.stringify(item).includes('\ufffd'))
    return invalid('invalid_json', 'the event holds bytes that are not UTF-8');
  if (item['writeKey'] !== undefined && item['writeKey'] !== null && item['writeKey'] !== writeKey)
    return invalid('invalid_write_key', 'the writeKey of the event is not the key of the request');
  const encoded = encodeDraft(read(item, envelope));
  if (!encoded.ok) return encoded;
  const { event, line, bytes } = encoded;
  return { ok: true, value: { userKey: userKeyOf(event), line, bytes } };
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
