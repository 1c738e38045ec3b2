/**
 * The Segment format, as the Segment and RudderStack libraries send it. `context` is read, not stored; traits and
 * properties are stored whole. docs/ingestion.md has the table of the mapping.
 */
import { isCurrency } from '@tributary/model/amounts/currency';
import { type ChannelClues, channelGroup } from '@tributary/model/channels/channel';
import { FIELDS } from '@tributary/model/event-fields';
import type { Draft } from '@tributary/model/reading/draft';
import { isObject, type JsonObject, type Outcome, objectOf, present, textOf } from '@tributary/model/reading/json';
import { readInstant } from '@tributary/model/reading/read-instant';
import { describe, type Invalid, invalid } from '@tributary/model/refusal';
import { moneyForbidden } from '../keys/grant.ts';
import { toMinorUnits } from './minor-units.ts';
import type { Envelope, ReadItem } from './read-item.ts';

export const SEGMENT_TYPES = ['track', 'page', 'screen', 'identify', 'group', 'alias'] as const;
export type SegmentType = (typeof SEGMENT_TYPES)[number];

/** A reader of single calls (`/v1/track`), or, without a type, of batches whose items name theirs. */
export function segmentReader(route: SegmentType | undefined): ReadItem {
  const channelOfClues = withLast(channelGroup);
  return (item, envelope) => {
    const type = typeOf(item, route);
    if (!type.ok) return type;
    const name = type.value === 'track' ? present(item['event']) : type.value;
    if (name === undefined)
      return invalid('missing_field', { field: 'event', must: 'say what a track call tracks', got: 'nothing' });
    const time = timeOf(item, envelope);
    if (!time.ok) return time;
    const properties = propertiesOf(item, type.value, time.value);
    const context = contextOf(item, envelope);
    const given = objectOf(properties) ?? {};
    const carries = carriesMarketing(type.value);
    const money = carries ? moneyOf(name, given, envelope) : {};
    if ('ok' in money) return money;
    const marketing = carries ? marketingOf(type.value, given, context, channelOfClues) : {};
    const library = textOf(objectOf(context('library'))?.['name']);
    return {
      ts: time.value.ts,
      type: name,
      id: present(item['messageId']) ?? envelope.newId(),
      userId: keyOf(item['userId']),
      anonymousId: keyOf(item['anonymousId']),
      receivedAt: envelope.receivedAt,
      source: library === undefined ? 'segment' : `segment:${library}`,
      ...marketing,
      ...money,
      properties,
      historical: envelope.historical ? true : undefined,
      keyId: envelope.keyId,
    };
  };
}

function typeOf(item: JsonObject, route: SegmentType | undefined): Outcome<SegmentType> {
  const said = present(item['type']);
  const type = said ?? route;
  const known = SEGMENT_TYPES.find((candidate) => candidate === type);
  if (known === undefined)
    return invalid('invalid_field', { field: 'type', must: `be one of ${SEGMENT_TYPES.join(', ')}`, got: describe(said) });
  if (route !== undefined && known !== route)
    return invalid('invalid_field', { field: 'type', must: `be ${route}, which this route takes`, got: describe(said) });
  return { ok: true, value: known };
}

/** Absent ids come as null, and from some libraries as "". */
function keyOf(value: unknown): unknown {
  return value === null || value === '' ? undefined : value;
}

interface EventTime {
  /** The time the event is filed under, epoch ms. */
  readonly ts: number;
  /** What the client's clock said, where it was not simply believed; epoch ms. */
  readonly client?: { readonly sentAt: number; readonly original: number };
}

/**
 * A client's clock may be wrong, but it is equally wrong when the event happens and when it is sent: the event time is
 * `receivedAt − (sentAt − original)`. History keeps its timestamps: its clock is not the sender's.
 */
function timeOf(item: JsonObject, { receivedAt, sentAt: batchSentAt, historical }: Envelope): Outcome<EventTime> {
  const saidOriginal = present(item['originalTimestamp']) ?? present(item['timestamp']);
  if (saidOriginal === undefined)
    return historical
      ? invalid('missing_field', { field: 'timestamp', must: 'say when an imported event happened', got: 'nothing' })
      : { ok: true, value: { ts: receivedAt } };
  const original = readInstant(saidOriginal, 'timestamp');
  if (!original.ok) return original;
  const saidSentAt = present(item['sentAt']) ?? present(batchSentAt);
  if (historical || saidSentAt === undefined) return { ok: true, value: { ts: original.value } };
  const sentAt = readInstant(saidSentAt, 'sentAt');
  if (!sentAt.ok) return sentAt;
  const ts = receivedAt - (sentAt.value - original.value);
  return { ok: true, value: { ts, client: { sentAt: sentAt.value, original: original.value } } };
}

/** Properties or traits, with what else of the call is worth keeping: names, ids, and the client's two clocks. */
function propertiesOf(item: JsonObject, type: SegmentType, { client }: EventTime): unknown {
  const given = present(givenIn(item, type));
  if (given !== undefined && !isObject(given)) return given; // refused by the check of the event
  const added: Record<string, unknown> = {};
  for (const field of ['name', 'category', 'groupId', 'previousId']) {
    const value = present(item[field]);
    if (value !== undefined && given?.[field] === undefined) added[field] = value;
  }
  if (client !== undefined) {
    added['$sentAt'] = client.sentAt;
    added['$originalTimestamp'] = client.original;
  }
  if (Object.keys(added).length === 0) return given;
  return { ...given, ...added };
}

/** RudderStack's browser library has the traits of an `identify` in its context alone. What is not an object there is left out, as all context is. */
function givenIn(item: JsonObject, type: SegmentType): unknown {
  if (type === 'identify') return item['traits'] ?? objectOf(objectOf(item['context'])?.['traits']);
  return type === 'group' ? item['traits'] : (item['properties'] ?? item['traits']);
}

type Context = (field: string) => unknown;

/** Looks a field up in the item's context, then in the batch's: merged without copying. */
function contextOf(item: JsonObject, envelope: Envelope): Context {
  const own = objectOf(item['context']);
  return (field) => present(own?.[field]) ?? present(envelope.context?.[field]);
}

function carriesMarketing(type: SegmentType): boolean {
  return type === 'track' || type === 'page' || type === 'screen';
}

type ChannelOfClues = typeof channelGroup;

/** The last answer again for the same clues: events that share a context mostly differ in nothing that a channel depends on. */
function withLast(group: ChannelOfClues): ChannelOfClues {
  let last: { readonly clues: ChannelClues; readonly channel: string | undefined } | undefined;
  return (clues) => {
    if (last === undefined || CLUES.some((name) => last?.clues[name] !== clues[name])) last = { clues, channel: group(clues) };
    return last.channel;
  };
}

const CLUES = ['page', 'query', 'utmSource', 'utmMedium', 'utmCampaign', 'referrer'] as const;

function marketingOf(type: SegmentType, properties: JsonObject, context: Context, group: ChannelOfClues): Draft {
  const campaign = objectOf(context('campaign')) ?? {};
  const page = objectOf(context('page')) ?? {};
  const url = textOf(page['url']) ?? (type === 'page' ? textOf(properties['url']) : undefined);
  const isVisit = type !== 'track';
  const channel = group({
    page: url,
    query: textOf(page['search']),
    utmSource: textOf(campaign['source']),
    utmMedium: textOf(campaign['medium']),
    utmCampaign: textOf(campaign['name']),
    referrer: isVisit ? (textOf(page['referrer']) ?? textOf(properties['referrer'])) : undefined,
  });
  return {
    // A visit has a channel whatever brought it; other events only when a campaign or an ad click says so.
    channel: textOf(properties['channel']) ?? (!isVisit && channel === 'direct' ? undefined : channel),
    campaign: textOf(properties['campaign']) ?? textOf(campaign['name']),
    creative: textOf(campaign['content']),
    page: shortened(url ?? textOf(page['path'])),
  };
}

/**
 * `revenue` is money by its name, and so is the `total` of an order that names no other amount (Segment's specification of `Order Completed`):
 * a bad one is refused. `value` and `cost` may mean anything: they count as money where they can be, and stay mere properties elsewhere.
 * Where the key may not send money, `revenue` is refused, and all else stays a property: pages send `total` of themselves.
 */
function moneyOf(name: unknown, properties: JsonObject, { money: allowed, leaveAmount }: Envelope): Draft | Invalid {
  const currency = textOf(properties['currency'])?.toUpperCase();
  const field = moneyField(name, properties, allowed);
  const revenue = field === undefined ? undefined : present(properties[field]);
  const mayBeMoney = allowed && (currency === undefined || isCurrency(currency));
  if (revenue === undefined && !mayBeMoney) {
    if (!allowed && looksLikeMoney(name, properties, currency)) leaveAmount?.();
    return {};
  }
  if (!allowed) return moneyForbidden(`properties.${field}`, revenue);
  const value = toMinorUnits(revenue ?? properties['value'], currency);
  if (revenue !== undefined && value === undefined)
    return invalid('invalid_field', {
      field: `properties.${field}`,
      must: 'be a decimal amount such as 19.99',
      got: describe(revenue),
    });
  const costOrCredit = toMinorUnits(properties['cost'], currency);
  const cost = costOrCredit !== undefined && costOrCredit >= 0 ? costOrCredit : undefined;
  return value === undefined && cost === undefined ? {} : { value, cost, currency };
}

/** A key that may send money would have sent some. */
function looksLikeMoney(name: unknown, properties: JsonObject, currency: string | undefined): boolean {
  const { value, total } = properties;
  return toMinorUnits(value ?? (name === 'Order Completed' ? total : undefined), currency) !== undefined;
}

/** The property that is money by its name; undefined where there is none. */
function moneyField(name: unknown, properties: JsonObject, allowed: boolean): 'revenue' | 'total' | undefined {
  if (present(properties['revenue']) !== undefined) return 'revenue';
  if (!allowed || name !== 'Order Completed' || present(properties['value']) !== undefined) return undefined;
  return present(properties['total']) === undefined ? undefined : 'total';
}

/** A URL beyond the bound loses its query: better a shorter page than a lost event. */
function shortened(url: string | undefined): string | undefined {
  if (url === undefined || url.length <= FIELDS.page.maxLength) return url;
  const bare = url.split(/[?#]/, 1)[0] ?? '';
  return bare.length <= FIELDS.page.maxLength ? bare : undefined;
}
