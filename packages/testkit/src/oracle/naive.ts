/**
 * The oracle: what every answer must equal. A short, slow loop that shares nothing with the real computation but the
 * shape of events and definitions and the names of views, so that no mistake can be made twice. Credit is exact rational
 * arithmetic in BigInt.
 *
 * Read it as the specification: events count once (first arrival in log order), as corrections leave them, sort by ts, touches before conversions, then id, and a conversion
 * credits the touches of its user before it.
 */
import { type Definitions, RULE_BASED_MODELS } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import type { RowsByView } from '@tributary/views/deltas';
import { VIEWS } from '@tributary/views/registry';
import { naiveCorrected } from './naive-corrections.ts';
import { naiveCountRows } from './naive-counts.ts';
import {
  type Add,
  clicksOnly,
  covers,
  distinctChannels,
  type NaiveTouch,
  naiveConversionRows,
  naiveNullPaths,
  naiveNullRows,
  setText,
  trackedChannels,
} from './naive-journeys.ts';
import { NEWEST_TOUCHES } from './naive-newest-touches.ts';
import { naiveSegmentDayRows } from './naive-segment-days.ts';
import { naiveSessionRows } from './naive-sessions.ts';
import { naiveWebRows } from './naive-web.ts';

export interface NaiveConversion {
  readonly conversion: Event;
  /** Eligible touches in order; empty: unattributed. */
  readonly path: readonly NaiveTouch[];
}

/** The whole conversion, in micro-credits. */
const CREDIT = 1_000_000n;

/**
 * All rows of all views over `events`, given in log order (of each user's partition). `anchoredAfter`: only rows not frozen at this
 * line; null paths, which later events revise, freeze a lookback later, sessions two days.
 */
export function naive(events: readonly Event[], definitions: Definitions, anchoredAfter = Number.NEGATIVE_INFINITY): RowsByView {
  const result = new Map(VIEWS.map(({ name }) => [name, new Map<string, bigint[]>()]));
  const add = (view: string, dimensions: readonly string[], measures: readonly bigint[]) => {
    const rows = result.get(view) as Map<string, bigint[]>;
    const key = dimensions.join('\t');
    const sums = rows.get(key);
    if (sums === undefined) {
      if (measures.some((measure) => measure !== 0n)) rows.set(key, [...measures]);
      return;
    }
    for (const [i, measure] of measures.entries()) sums[i] = (sums[i] as bigint) + measure;
    if (sums.every((sum) => sum === 0n)) rows.delete(key);
  };
  for (const timeline of naiveTimelines(events, definitions)) {
    for (const event of timeline) {
      if (event.ts <= anchoredAfter) continue;
      const day = new Date(event.ts).toISOString().slice(0, 10);
      const currency = event.currency ?? '(none)';
      add('activity', [day, event.type], [1n]);
      naiveWebRows(event, definitions, add);
      naiveCountRows(event, definitions, add);
      const channel = touchChannel(event, definitions);
      if (channel !== null)
        add('touches', [day, channel, event.campaign ?? '(none)', event.type, currency], [1n, BigInt(event.cost ?? 0)]);
      if (!naiveCounts(timeline, event, definitions)) continue;
      add('conversions', [day, event.type, currency], [1n, BigInt(event.value ?? 0)]);
      const { path } = naivePath(timeline, event, definitions);
      for (const model of RULE_BASED_MODELS) {
        for (const part of naiveCredit(model, event, path, definitions))
          add('credit', [day, model, event.type, part.channel, part.campaign, currency], [part.creditMicros, part.valueMinor]);
      }
      naiveConversionRows(event, path, definitions, add);
      naiveOrderNumbers(timeline, event, path, definitions, add);
    }
    naiveSessionRows(timeline, definitions, anchoredAfter - 2 * 86_400_000, add, (event) =>
      naiveCounts(timeline, event, definitions),
    );
    naiveSegmentDayRows(timeline, definitions, anchoredAfter, add);
    for (const { ts, path } of naiveNullPaths(naiveMembers(timeline, definitions), definitions))
      if (ts > anchoredAfter - definitions.lookbackMs) naiveNullRows(ts, path, definitions, add);
  }
  return new Map([...result].map(([view, rows]) => [view, new Map([...rows].map(([key, sums]) => [key, sums.map(asRead)]))]));
}

/** As rows are read: a number where a number has all digits. */
function asRead(sum: bigint): number | bigint {
  return sum > -(2n ** 53n) && sum < 2n ** 53n ? Number(sum) : sum;
}

/** Every user's events, each once, as corrections leave them, in order. */
export function naiveTimelines(events: readonly Event[], definitions: Definitions): Event[][] {
  const users = new Map<string, Map<string, Event>>();
  for (const event of events) {
    const user = (event.userId ?? event.anonymousId) as string;
    if (!users.has(user)) users.set(user, new Map());
    const seen = users.get(user) as Map<string, Event>;
    if (!seen.has(event.id)) seen.set(event.id, event);
  }
  return [...users.values()].map((seen) =>
    [...seen.values()]
      .flatMap((event) => naiveCorrected(event, definitions) ?? [])
      .sort((a, b) => (sortsBefore(a, b, definitions) ? -1 : 1)),
  );
}

/** The conversion and its eligible touches. */
export function naivePath(timeline: readonly Event[], conversion: Event, definitions: Definitions): NaiveConversion {
  const earlier = timeline.filter((event) => sortsBefore(event, conversion, definitions));
  const previous = earlier.filter((event) => naiveCounts(timeline, event, definitions)).at(-1);
  const path: NaiveTouch[] = [];
  for (const { event, channel } of naiveMembers(earlier, definitions).filter(isTouch).slice(-NEWEST_TOUCHES)) {
    if (!covers(event, conversion.ts, definitions)) continue;
    if (definitions.attribution.resetOnConversion && previous !== undefined && !sortsBefore(previous, event, definitions))
      continue;
    path.push({ event, channel });
  }
  return { conversion, path: clicksOnly(path, definitions) };
}

function isTouch(member: { event: Event; channel: string | null }): member is NaiveTouch {
  return member.channel !== null;
}

/** Touches, and conversions with no channel, in order. */
function naiveMembers(timeline: readonly Event[], definitions: Definitions): { event: Event; channel: string | null }[] {
  return timeline.flatMap((event) => {
    const channel = touchChannel(event, definitions);
    return channel !== null || naiveCounts(timeline, event, definitions) ? [{ event, channel }] : [];
  });
}

/** Whether an event is a conversion: of its type, and none of its key before it within the days that the definitions name. */
function naiveCounts(timeline: readonly Event[], event: Event, definitions: Definitions): boolean {
  if (!definitions.conversions.includes(event.type)) return false;
  const once = definitions.once[event.type];
  if (once === undefined) return true;
  const key = naiveKey(event, once.by);
  const since = event.ts - Math.round(once.withinDays * 86_400_000);
  const isSame = (other: Event) => other.type === event.type && naiveKey(other, once.by) === key;
  return key === null || !timeline.some((other) => other.ts >= since && sortsBefore(other, event, definitions) && isSame(other));
}

function naiveKey(event: Event, path: string): string | null {
  let value: unknown = event;
  for (const name of path.split('.')) {
    const isObject = value !== null && typeof value === 'object' && !Array.isArray(value);
    value = isObject && Object.hasOwn(value as object, name) ? (value as Record<string, unknown>)[name] : undefined;
  }
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value.toString();
  return typeof value === 'string' && value.length > 0 ? value : null;
}

/** Which order of its user it is over each channel of its path, where it is not the first over all of them. */
function naiveOrderNumbers(
  timeline: readonly Event[],
  conversion: Event,
  path: readonly NaiveTouch[],
  definitions: Definitions,
  add: Add,
): void {
  const refunds = (conversion.value ?? 0) < 0;
  const channels = path.map((touch) => trackedChannels(touch.channel, definitions));
  const distinct = distinctChannels(channels);
  const numbers = distinct.map((channel) => {
    const first = path[channels.indexOf(channel)] as NaiveTouch;
    const orders = timeline.filter(
      (event) =>
        event.type === conversion.type &&
        (event.value ?? 0) >= 0 &&
        naiveCounts(timeline, event, definitions) &&
        sortsBefore(event, conversion, definitions) &&
        event.ts >= conversion.ts - definitions.lookbackMs &&
        (definitions.attribution.resetOnConversion || sortsBefore(first.event, event, definitions)),
    );
    return refunds ? 0 : Math.min(13, orders.length + 1);
  });
  if (numbers.every((number) => number === 1)) return;
  const day = new Date(conversion.ts).toISOString().slice(0, 10);
  const shown = distinct.length > 20 ? String(Math.max(...numbers)) : numbers.join('\u001f');
  add('orderNumbers', [day, conversion.type, setText(channels), shown, conversion.currency ?? '(none)'], [1n]);
}

/** How one conversion's credit and value fall on its path. */
function naiveCredit(model: string, conversion: Event, path: NaiveConversion['path'], definitions: Definitions) {
  const value = BigInt(conversion.value ?? 0);
  if (path.length === 0) return [{ channel: '(unattributed)', campaign: '(none)', creditMicros: CREDIT, valueMinor: value }];
  const weights = naiveWeights(model, conversion, path, definitions).map(BigInt);
  const credits = naiveSplit(CREDIT, weights);
  const values = naiveSplit(value < 0n ? -value : value, weights);
  return path.map(({ event, channel }, i) => ({
    channel,
    campaign: event.campaign ?? '(none)',
    creditMicros: credits[i] as bigint,
    valueMinor: (values[i] as bigint) * (value < 0n ? -1n : 1n),
  }));
}

function naiveWeights(model: string, conversion: Event, path: NaiveConversion['path'], definitions: Definitions): number[] {
  const n = path.length;
  const only = (index: number) => path.map((_, i) => (i === index ? 1 : 0));
  switch (model) {
    case 'first':
      return only(0);
    case 'last':
      return only(n - 1);
    case 'lastNonDirect': {
      const index = path.findLastIndex(({ channel }) => !definitions.attribution.direct.includes(channel));
      return only(index === -1 ? n - 1 : index);
    }
    case 'linear':
      return path.map(() => 1);
    case 'positionBased': {
      const { first, last } = definitions.attribution.positionBased;
      if (n === 1) return [1];
      if (n === 2) return [first, last];
      return path.map((_, i) => (i === 0 ? first * (n - 2) : i === n - 1 ? last * (n - 2) : 100 - first - last));
    }
    case 'timeDecay':
      return path.map(({ event }) => definitions.decayWeights[Math.floor((conversion.ts - event.ts) / 3_600_000)] as number);
    default:
      throw new Error(`the oracle knows no model ${model}`);
  }
}

/** floor(T·W_i/W) − floor(T·W_{i−1}/W), for T ≥ 0; BigInt division truncates, which is the floor here. */
export function naiveSplit(total: bigint, weights: readonly bigint[]): bigint[] {
  const upTo = (count: number) => weights.slice(0, count).reduce((sum, weight) => sum + weight, 0n);
  const whole = upTo(weights.length);
  const shares = weights.map((_, i) => (total * upTo(i + 1)) / whole);
  return shares.map((share, i) => share - (shares[i - 1] ?? 0n));
}

function touchChannel(event: Event, definitions: Definitions): string | null {
  if (definitions.conversions.includes(event.type) || !Object.hasOwn(definitions.touches, event.type)) return null;
  return event.channel ?? definitions.touches[event.type]?.defaultChannel ?? null;
}

/** By the first rules, ids alone break ties. */
function sortsBefore(a: Event, b: Event, { rules, conversions }: Definitions): boolean {
  if (a.ts !== b.ts) return a.ts < b.ts;
  const [aConverts, bConverts] = [conversions.includes(a.type), conversions.includes(b.type)];
  return rules === 1 || aConverts === bConverts ? a.id < b.id : bConverts;
}
