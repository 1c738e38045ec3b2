/** From parsed JSON to the items of a request, with what holds for all of them. */

import { isObject, type JsonObject, type Outcome, objectOf, present } from '@tributary/model/reading/json';
import { validateProperties } from '@tributary/model/reading/validate-event';
import { describe, type Invalid, invalid } from '@tributary/model/refusal';
import { isKey } from '@tributary/runtime/keys/ring';
import { readCloudEvent } from './cloud-events.ts';
import { readNative } from './native.ts';
import { readPosthog } from './posthog.ts';
import type { ReadItem } from './read-item.ts';
import type { Route } from './routes.ts';
import { segmentReader } from './segment.ts';
import { readWeb } from './web.ts';

export interface Items {
  readonly items: readonly unknown[];
  readonly read: ReadItem;
  /** The write key that the body names; undefined when it names none. */
  readonly bodyKey: unknown;
  readonly sentAt: unknown;
  readonly context: JsonObject | undefined;
  /** The write key that an item names. */
  readonly keyOf: (item: JsonObject) => unknown;
}

/** Characters of JSON: a batch's context reaches every item, so it is as small as one. */
const CONTEXT_LIMIT = 32 * 1024;

/** `sentAtOfUrl`: the clock of the client, where its URL says it. */
export function itemsOf(body: unknown, route: Route, isCloudEvent: boolean, sentAtOfUrl?: number): Outcome<Items> {
  switch (route.format) {
    case 'native':
      return nativeItems(body, isCloudEvent);
    case 'segment':
      return route.type === undefined ? batchItems(body, segmentReader(undefined)) : singleItem(body, segmentReader(route.type));
    case 'posthog':
      return posthogItems(body, sentAtOfUrl);
    case 'web':
      return batchItems(body, readWeb);
  }
}

/** A batch with its key on top, or what the browser library sends: an event, or an array of them, each with its key. */
function posthogItems(body: unknown, sentAtOfUrl: number | undefined): Outcome<Items> {
  if (isObject(body) && Array.isArray(body['batch'])) return batchItems(body, readPosthog);
  const given = Array.isArray(body) ? arrayItems(body, readPosthog) : singleItem(body, readPosthog);
  if (!given.ok) return given;
  const first = given.value.items.find(isObject);
  const bodyKey = first === undefined ? undefined : posthogKeyOf(first);
  return { ok: true, value: { ...given.value, bodyKey, keyOf: posthogKeyOf, sentAt: sentAtOfUrl } };
}

function posthogKeyOf(item: JsonObject): unknown {
  return bodyKeyOf(item) ?? keyIn(item['token']) ?? keyIn(objectOf(item['properties'])?.['token']);
}

/** A token may be of anything, such as a device: a key has its form. */
function keyIn(token: unknown): unknown {
  return typeof token === 'string' && isKey(token) ? token : undefined;
}

function arrayItems(items: readonly unknown[], read: ReadItem): Outcome<Items> {
  return { ok: true, value: { items, read, bodyKey: undefined, sentAt: undefined, context: undefined, keyOf: writeKeyOf } };
}

function writeKeyOf(item: JsonObject): unknown {
  return present(item['writeKey']);
}

function nativeItems(body: unknown, isCloudEvent: boolean): Outcome<Items> {
  const read: ReadItem = isCloudEvent
    ? readCloudEvent
    : (item, envelope) => (item['specversion'] === undefined ? readNative(item, envelope) : readCloudEvent(item, envelope));
  if (Array.isArray(body)) return arrayItems(body, read);
  return isObject(body) && body['batch'] !== undefined ? batchItems(body, read) : singleItem(body, read);
}

function singleItem(body: unknown, read: ReadItem): Outcome<Items> {
  if (!isObject(body)) return invalid('invalid_json', { field: 'the body', must: 'be one JSON object', got: describe(body) });
  return {
    ok: true,
    value: { items: [body], read, bodyKey: bodyKeyOf(body), sentAt: undefined, context: undefined, keyOf: writeKeyOf },
  };
}

function batchItems(body: unknown, read: ReadItem): Outcome<Items> {
  if (!isObject(body))
    return invalid('invalid_json', { field: 'the body', must: 'be a JSON object with a batch', got: describe(body) });
  const { batch, context } = body;
  if (!Array.isArray(batch))
    return invalid('missing_field', { field: 'batch', must: 'be an array of events', got: describe(batch) });
  const bad = contextProblem(context);
  if (bad !== undefined) return bad;
  const sentAt = present(body['sentAt']) ?? present(body['sent_at']);
  return {
    ok: true,
    value: { items: batch, read, bodyKey: bodyKeyOf(body), sentAt, context: objectOf(context), keyOf: writeKeyOf },
  };
}

function contextProblem(context: unknown) {
  const bad = validateProperties(context, 'context');
  if (bad !== undefined) return bad;
  const characters = isObject(context) ? JSON.stringify(context).length : 0;
  return characters > CONTEXT_LIMIT
    ? invalid('invalid_field', {
        field: 'the context of the batch',
        must: `have at most ${CONTEXT_LIMIT} characters`,
        got: String(characters),
      })
    : undefined;
}

/**
 * Why this number of events may not share this context; undefined when they may. Page and campaign are read for each event that
 * changes a part of them, so they count once an event, as if each had brought its own.
 */
export function contextTooWide(context: JsonObject | undefined, events: number, limitBytes: number): Invalid | undefined {
  const shared = JSON.stringify([context?.['page'], context?.['campaign']]).length;
  if (context === undefined || events * shared <= limitBytes) return undefined;
  return invalid('body_too_large', {
    field: 'the context of the batch',
    must: `have at most ${limitBytes} characters of page and campaign, counted for each event`,
    got: `${shared} for each of ${events} events`,
  });
}

function bodyKeyOf(body: JsonObject): unknown {
  return present(body['writeKey']) ?? present(body['api_key']);
}
