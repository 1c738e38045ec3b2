/** What the collector takes and answers, as JSON Schema. Events are described by the model's own rows; unknown fields of Segment's and PostHog's calls are taken. */
import { ERRORS } from '@tributary/model/errors';
import { FIELDS, type FieldRow } from '@tributary/model/event-fields';
import { SENT_FIELDS } from '@tributary/model/reading/native-event';
import { SEGMENT_TYPES } from '../formats/segment.ts';

export type Json = Readonly<Record<string, unknown>>;

export const ref = (name: string): Json => ({ $ref: `#/components/schemas/${name}` });
const text = (description?: string): Json => ({ type: 'string', ...(description !== undefined && { description }) });
const object = (properties: Json, required: readonly string[] = []): Json => ({
  type: 'object',
  properties,
  ...(required.length > 0 && { required }),
});
const listOf = (items: Json): Json => ({ type: 'array', items });
const USER = ['userId', 'anonymousId'].map((field) => ({ properties: { [field]: {} }, required: [field] }));
const WRITE_KEY = text('In place of the authorization header.');

const INSTANT: Json = {
  anyOf: [{ type: 'integer' }, { type: 'string' }],
  description: 'Epoch seconds (10 digits), milliseconds (13) or microseconds (16), or ISO 8601.',
};

/** By its row in the table of fields. */
function fieldSchema(row: FieldRow): Json {
  switch (row.type) {
    case 'instant':
      return INSTANT;
    case 'text':
      return {
        type: 'string',
        minLength: 1,
        maxLength: row.maxLength,
        ...(row.ascii && { description: 'Printable ASCII without quote and backslash.' }),
        ...(row.reserved && { not: { enum: row.reserved } }),
      };
    case 'amount':
      return { type: 'integer', minimum: row.min, maximum: row.max, description: `In ${row.unit}.` };
    case 'currency':
      return { type: 'string', pattern: '^[A-Z]{3}$', description: 'A code of ISO 4217.' };
    case 'flag':
      return { type: 'boolean' };
    case 'object':
      return { type: 'object' };
  }
}

const NATIVE: Json = {
  ...object(
    {
      ...Object.fromEntries(SENT_FIELDS.map((field) => [field, fieldSchema(FIELDS[field as keyof typeof FIELDS])])),
      writeKey: WRITE_KEY,
    },
    ['type'],
  ),
  anyOf: USER,
  additionalProperties: false,
};

const CALL: Json = {
  ...object({
    type: { type: 'string', enum: SEGMENT_TYPES, description: 'In a batch; else the path says it.' },
    event: text('Track calls only: the name of what happened.'),
    userId: text(),
    anonymousId: text(),
    messageId: text('The duplicate key, together with the user.'),
    timestamp: INSTANT,
    sentAt: INSTANT,
    properties: { type: 'object' },
    traits: { type: 'object' },
    context: { type: 'object' },
    writeKey: WRITE_KEY,
  }),
  anyOf: USER,
};

const REJECTION = object(
  {
    index: { type: 'integer', description: 'Where it stood in the request.' },
    messageId: { type: ['string', 'null'] },
    code: text(),
    message: text(),
  },
  ['index', 'messageId', 'code', 'message'],
);

const SEEN_REJECTION = object(
  {
    reason: text(),
    keyId: { type: ['string', 'null'], description: 'The public half of the key; null: none was verified.' },
    count: { type: 'integer' },
    firstAt: { type: 'string', format: 'date-time' },
    lastAt: { type: 'string', format: 'date-time' },
    message: text(),
    origin: { type: ['string', 'null'], description: 'The page that sent the last one; null: it was not a page.' },
    sample: { description: 'The form of the last event, without its values; null where the request was refused whole.' },
  },
  ['reason', 'keyId', 'count', 'firstAt', 'lastAt', 'message', 'origin', 'sample'],
);

export const SCHEMAS: Json = {
  NativeEvent: NATIVE,
  NativeBody: {
    oneOf: [
      ref('NativeEvent'),
      listOf(ref('NativeEvent')),
      object({ batch: listOf(ref('NativeEvent')), writeKey: WRITE_KEY }, ['batch']),
    ],
  },
  CloudEvent: {
    ...object(
      {
        specversion: { const: '1.0' },
        id: text(),
        source: text('With `id` it is the duplicate key.'),
        type: text(),
        time: { type: 'string', format: 'date-time' },
        userid: text(),
        anonymousid: text(),
        partitionkey: text('Names the user where no other attribute does.'),
        data: { description: 'The properties of the event.' },
      },
      ['specversion', 'id', 'source', 'type'],
    ),
  },
  CloudEvents: listOf(ref('CloudEvent')),
  SegmentCall: CALL,
  SegmentBatch: object({ batch: listOf(ref('SegmentCall')), sentAt: INSTANT, context: { type: 'object' }, writeKey: WRITE_KEY }, [
    'batch',
  ]),
  PosthogEvent: object(
    {
      event: text(),
      distinct_id: text('The user; it may stand in `properties` instead.'),
      uuid: text('The duplicate key, together with the user.'),
      timestamp: INSTANT,
      properties: { type: 'object', description: '`token` is the write key where no other is given.' },
      api_key: WRITE_KEY,
    },
    ['event'],
  ),
  PosthogBody: {
    anyOf: [
      ref('PosthogEvent'),
      listOf(ref('PosthogEvent')),
      object({ api_key: WRITE_KEY, batch: listOf(ref('PosthogEvent')) }, ['batch']),
    ],
  },
  Rejection: REJECTION,
  Accepted: object(
    {
      success: { type: 'boolean' },
      accepted: { type: 'integer', minimum: 0, description: 'On the disk of the log.' },
      rejected: { ...listOf(ref('Rejection')), maxItems: 100 },
      rejectedMore: { type: 'integer', description: 'How many more were rejected.' },
      warnings: listOf(object({ code: text(), message: text() }, ['code', 'message'])),
    },
    ['success', 'accepted', 'rejected'],
  ),
  SeenRejections: object({ since: { type: 'string', format: 'date-time' }, rejections: listOf(SEEN_REJECTION) }, [
    'since',
    'rejections',
  ]),
  Problem: object(
    {
      type: text(),
      title: text(),
      status: { type: 'integer' },
      code: { type: 'string', enum: Object.keys(ERRORS) },
      detail: text(),
      message: text('As `detail`, for libraries that look for it.'),
      fix: text('What to do about it.'),
      success: { type: 'boolean', description: 'In strict mode: false.' },
      accepted: { type: 'integer', description: 'In strict mode: 0.' },
      rejected: { ...listOf(ref('Rejection')), description: 'In strict mode.' },
    },
    ['type', 'title', 'status', 'code', 'detail', 'message', 'fix'],
  ),
  Settings: { type: 'object', description: 'As the library expects it.' },
};
