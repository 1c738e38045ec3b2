/**
 * From a body to lines by partition, without an effect but the rate and the names that are counted:
 * bytes → inflate → text → key → rate by bytes → JSON → items → rate by events → read → check → line → group by partition
 * (With the key in a header the rate comes first.)
 *
 * Nothing is parsed for who has no key or has used up its rate, and no more events than allowed. Whatever is refused after
 * that was work, and is charged.
 */

import type { ErrorCode } from '@tributary/model/errors';
import type { Event } from '@tributary/model/event';
import type { JsonObject, Outcome } from '@tributary/model/reading/json';
import { type Invalid, invalid } from '@tributary/model/refusal';
import { partitionOf } from '@tributary/model/user-key';
import { decodeText, inflate, ofForm } from './bodies/decode-body.ts';
import { parseBody } from './bodies/parse-body.ts';
import { checkItem, isDamaged, type Rejection, rejectionOf } from './checks/check-item.ts';
import type { Rejected } from './checks/rejections.ts';
import { ruleText } from './checks/sample.ts';
import { contextTooWide, type Items, itemsOf } from './formats/items.ts';
import type { History, Route } from './formats/routes.ts';
import { type Grant, refusalOfPage, refusalOfRequest } from './keys/grant.ts';
import { BURST_S, eventsWorth, type Rates } from './keys/rates.ts';
import { type Authorise, grantOfText, isRefusal, NO_KEY } from './keys/write-key.ts';
import type { Claim, Dimension, Names } from './names/names.ts';

/** A key that was verified, and what it grants. */
export interface Sender {
  readonly key: string;
  readonly grant: Grant;
}

/** One request, its body read. */
export interface Delivery {
  readonly bytes: Buffer;
  readonly route: Route;
  /** The sender that the authorization header names; undefined when the request has none (`navigator.sendBeacon`). */
  readonly sender: Sender | undefined;
  /** The page that sends, as its browser says; undefined outside browsers. */
  readonly origin: string | undefined;
  readonly isCloudEvent: boolean;
  /** The clock of the client, where its URL says it: epoch ms. */
  readonly sentAt?: number | undefined;
  /** Attributes of a CloudEvent in binary mode: the body is its data. */
  readonly attributes: JsonObject | undefined;
}

export interface Limits {
  /** Bytes of a body, as sent and inflated. */
  readonly bodyBytes: number;
  /** The same with a key that anybody may have: the libraries of browsers stop at 500 KB. */
  readonly publicBodyBytes: number;
  /** Until the last byte of a body, from its header on. */
  readonly bodyMs: number;
  /** The same two for a body whose key stands in it. */
  readonly keylessBodyBytes: number;
  readonly keylessBodyMs: number;
  readonly batchEvents: number;
  /** How long before its receipt a live event may have happened. */
  readonly eventAgeMs: number;
  /** The same with a key that anybody may have: names are bounded by the day, so days are bounded too. */
  readonly publicEventAgeMs: number;
}

export interface Surroundings {
  readonly limits: Limits;
  readonly partitions: number;
  readonly now: () => number;
  readonly newId: () => string;
  readonly authorise: Authorise;
  readonly names: Names;
  readonly rates: Rates;
  /** Takes away what may not be written; absent: nothing is taken. */
  readonly minimise?: ((event: Event) => Event) | undefined;
}

/** Rules of one request that have an entry each; the others share one by code. */
const MAX_REASONS = 16;
const OTHER_RULES = 'other messages';

export interface Prepared {
  /** To be kept once all is written, else given back. */
  readonly claim: Claim;
  /** Bodies of log entries by partition, in the order of arrival. */
  readonly entries: readonly { readonly partition: number; readonly body: string }[];
  readonly accepted: number;
  readonly rejected: readonly Rejection[];
  /** The last event of each reason and rule. */
  readonly reasons: Iterable<Rejected & { readonly code: ErrorCode }>;
  /** The key that vouches for all. */
  readonly keyId: string;
  /** UTF-8 bytes of all entries. */
  readonly bytes: number;
  /** How many events have a name that reads `(other)`. */
  readonly folded: ReadonlyMap<Dimension, number>;
  /** Events whose amounts stay properties, as their key may send no money. */
  readonly amountsLeft: number;
}

/** A refusal names the key that was verified by then, wherever it stood. */
interface Refused extends Invalid {
  readonly keyId?: string;
  readonly beyondRate?: true;
}

export type Preparation = { readonly ok: true; readonly value: Prepared } | Refused;

export function prepare(delivery: Delivery, surroundings: Surroundings): Preparation {
  const { limits, partitions, now, newId, authorise, names, rates } = surroundings;
  const { route, sender, attributes } = delivery;
  const receivedAt = now();
  const holder = sender?.grant;
  if (holder !== undefined && !rates.hasLeft(holder)) return beyondRate(holder);
  const most = holder === undefined ? strangersBytes(delivery.bytes.length, limits) : bodyBytesOf(holder, limits);
  const inflated = inflate(delivery.bytes, most);
  const charged = eventsWorth(inflated.ok ? inflated.value.length : most);
  if (holder !== undefined) rates.charge(holder, charged);
  if (!inflated.ok) return inflated;
  const { text, damaged } = decodeText(route.format === 'posthog' ? ofForm(inflated.value) : inflated.value);

  const found = holder ?? grantOfText(text, authorise);
  if (isRefusal(found)) return found;
  if (holder === undefined) {
    if (!rates.hasLeft(found)) return beyondRate(found);
    rates.charge(found, charged);
  }
  const parsed =
    attributes !== undefined && text === '' ? { ok: true as const, value: undefined } : parseBody(text, limits.batchEvents);
  if (!parsed.ok) return parsed;
  const body = attributes === undefined ? parsed.value : { ...attributes, data: parsed.value };
  const given = itemsOf(body, route, delivery.isCloudEvent || attributes !== undefined, delivery.sentAt);
  if (!given.ok) return given;
  const { items, read, bodyKey, sentAt, context, keyOf } = given.value;
  const key = writeKeyOf(sender?.key, bodyKey);
  if (!key.ok) return key;
  const grant = holder ?? authorise(key.value);
  if (isRefusal(grant)) return grant;
  // The text may hold several keys, of which another than the first counts.
  const isCharged = grant.keyId === found.keyId;
  if (!isCharged && !rates.hasLeft(grant)) return beyondRate(grant);
  const events = Math.max(charged, Math.min(items.length, limits.batchEvents));
  rates.charge(grant, isCharged ? events - charged : events);
  const historical = route.format === 'segment' && isHistory(route.historical, grant);
  const { keyId, money } = grant;
  const unfit =
    (route.format === 'web' ? refusalOfPage(grant) : undefined) ??
    refusalOfRequest(grant, historical, delivery.origin) ??
    refusalOfItems(given.value, grant, limits);
  if (unfit !== undefined) return { ...unfit, keyId };

  let amountsLeft = 0;
  const leaveAmount = () => {
    amountsLeft++;
  };
  const envelope = { receivedAt, keyId, sentAt, context, historical, newId: idsInOrder(newId), money, leaveAmount };
  const formatHasSource = route.format === 'native';
  const claim = names.claim(grant.isPublic ? keyId : undefined);
  const rules = {
    read,
    envelope,
    writeKey: key.value,
    keyOf,
    grant,
    formatHasSource,
    damaged: damaged ? (isDamaged(context) ? ('shared' as const) : ('some' as const)) : null,
    minimise: surroundings.minimise,
    names: claim,
    maxAgeMs: grant.isPublic ? Math.min(limits.publicEventAgeMs, limits.eventAgeMs) : limits.eventAgeMs,
  };
  const rejected: Rejection[] = [];
  const reasons = new Map<string, Rejected & { readonly code: ErrorCode }>();
  const lines = new Map<number, string[]>();
  const folded = new Map<Dimension, number>();
  let accepted = 0;
  let bytes = 0;
  items.forEach((item, index) => {
    const checked = checkItem(item, rules);
    if (!checked.ok) {
      rejected.push(rejectionOf(index, item, checked));
      const { code } = checked;
      const rule = ruleText(checked);
      const said = `${code} ${rule}`;
      const isNamed = reasons.has(said) || reasons.size < MAX_REASONS;
      const reason = isNamed ? said : code;
      const count = (reasons.get(reason)?.count ?? 0) + 1;
      reasons.set(reason, { code, count, rule: isNamed ? rule : OTHER_RULES, item });
      return;
    }
    const partition = partitionOf(checked.value.userKey, partitions);
    const group = lines.get(partition);
    if (group === undefined) lines.set(partition, [checked.value.line]);
    else group.push(checked.value.line);
    accepted++;
    for (const dimension of checked.value.folded) folded.set(dimension, (folded.get(dimension) ?? 0) + 1);
    bytes += checked.value.bytes + 1;
  });
  return {
    ok: true,
    value: { claim, entries: entriesOf(lines), accepted, rejected, reasons: reasons.values(), keyId, bytes, folded, amountsLeft },
  };
}

/** Ids that sort as the events of a request stand in it: those of one instant, as the ones without a time are, keep their order. */
function idsInOrder(newId: () => string): () => string {
  let first: string | undefined;
  let count = 0;
  return () => {
    first ??= newId();
    return count++ === 0 ? first : `${first}-${String(count).padStart(6, '0')}`;
  };
}

/** Why this number of events, or such a context, may not come in one request; undefined when they may. */
function refusalOfItems({ items, context }: Items, grant: Grant, limits: Limits): Invalid | undefined {
  if (items.length === 0) return invalid('empty_batch', { field: 'a request', must: 'have an event', got: 'none' });
  if (items.length > limits.batchEvents)
    return invalid('body_too_large', {
      field: 'the request',
      must: `have at most ${limits.batchEvents} events`,
      got: String(items.length),
    });
  return contextTooWide(context, items.length, bodyBytesOf(grant, limits));
}

function isHistory(history: History, { imports, live }: Grant): boolean {
  return history === 'always' || (history === 'by key' && imports && !live);
}

/** `holder`: of the key in the header; undefined without one. */
export function bodyBytesOf(holder: Grant | undefined, limits: Limits): number {
  if (holder === undefined) return limits.keylessBodyBytes;
  return holder.isPublic ? limits.publicBodyBytes : limits.bodyBytes;
}

/**
 * A body of somebody unknown is looked through for its key: what it inflates to is bounded by what it took to send. Batches of events inflate to 10 to 40
 * times their size, and PostHog's library for pages has its key in each. To inflate 256 KB takes 0.4 ms, three times what a request takes in any case.
 */
const STRANGERS_INFLATION = 40;
const STRANGERS_BYTES = 256 * 1024;

function strangersBytes(sentBytes: number, { keylessBodyBytes }: Limits): number {
  return Math.min(keylessBodyBytes, Math.max(STRANGERS_BYTES, STRANGERS_INFLATION * sentBytes));
}

function beyondRate({ keyId, eventsPerSecond }: Grant): Refused {
  const atOnce = BURST_S * (eventsPerSecond ?? 0);
  const refusal = invalid('overloaded', {
    field: 'the key',
    must: `send at most ${eventsPerSecond} events a second, ${atOnce} at once after a pause, checks of /v1/validate included`,
    got: 'more',
  });
  return { ...refusal, keyId, beyondRate: true };
}

/** The header's key counts; a body that names another is a mistake that would file events under the wrong owner. */
function writeKeyOf(headerKey: string | undefined, bodyKey: unknown): Outcome<string> {
  if (headerKey !== undefined) {
    if (bodyKey === undefined || bodyKey === headerKey) return { ok: true, value: headerKey };
    return invalid('invalid_write_key', {
      field: 'writeKey of the body',
      must: 'be the key of the authorization header',
      got: 'another',
    });
  }
  return typeof bodyKey === 'string' ? { ok: true, value: bodyKey } : NO_KEY;
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
