/**
 * Adversarial logs from a seed: few users, so that things collide; equal instants, disorder, duplicates, gaps, instants
 * at the exact edges of windows and of lateness, refunds, foreign scripts. The same seed gives the same log.
 */
import type { Definitions } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { HOUR_MS, MINUTE_MS } from '@tributary/model/time';
import { userKeyOf } from '@tributary/model/user-key';
import { asWebEvent } from './generate-web.ts';
import type { Random } from './random.ts';

/** 2026-03-01T21:00Z: three hours before a day ends, so that logs cross midnight. */
export const LOG_BEGINS_MS = Date.UTC(2026, 2, 1, 21);

export interface LogShape {
  readonly events: number;
  /** Distinct user keys, at most 6. */
  readonly users: number;
  /** 0: every event is in time whatever the arrival order; else the probability of an event beyond lateness. */
  readonly lateChance: number;
  readonly duplicateChance: number;
  /** Whether ids are used again for another instant; by default where no event is late. */
  readonly restamps?: boolean;
}

const USERS = ['ana', 'Björk', '用户', 'a:{b} c', '😀', 'zoë@example.org'];
const TYPES = ['click', 'click', 'view', 'mail', 'page', 'buy', 'buy', 'Order Completed', 'scroll', 'constructor'];
const CHANNELS = [undefined, undefined, 'direct', 'search', 'social', 'referral', 'Kanal Ä'];
const VALUES = [undefined, 0, 1, 999, 1_000_003, -5, -1_234_567, 999_999_999_999];

/** Events in arrival order, `receivedAt` rising but for skewed clocks. */
export function generateEvents(random: Random, shape: LogShape, definitions: Definitions): Event[] {
  const events: Event[] = [];
  const keep: number = definitions.latenessMs;
  let now = LOG_BEGINS_MS;
  // Log time can never pass this line in a log without late events, so all of it stays in time under any order.
  const horizon = shape.lateChance === 0 ? LOG_BEGINS_MS + Math.floor(keep / 2) : Number.POSITIVE_INFINITY;
  for (let i = 0; i < shape.events; i++) {
    now = Math.min(horizon, now + advance(random, definitions));
    const earlier = events.length > 0 ? random.pick(events) : undefined;
    if (earlier !== undefined && random.chance(shape.duplicateChance)) events.push(duplicate(random, earlier, now, shape));
    else events.push(event(random, i, now, instant(random, now, earlier, shape, definitions), shape));
  }
  return events;
}

/** How far log time moves until the next event: mostly little, at times past a whole lookback. */
function advance(random: Random, definitions: Definitions): number {
  return random.pick([
    0,
    0,
    1,
    MINUTE_MS,
    random.below(HOUR_MS),
    random.below(20 * MINUTE_MS),
    random.chance(0.05) ? definitions.lookbackMs + 1 : 0,
    random.chance(0.2) ? definitions.latenessMs : 0,
  ]);
}

function instant(random: Random, now: number, earlier: Event | undefined, shape: LogShape, definitions: Definitions): number {
  const { latenessMs, lookbackMs } = definitions;
  const window = random.pick([...definitions.touchWindowMs.values()]);
  const edge = random.pick([-1, 0, 1]);
  if (random.chance(shape.lateChance))
    return now - random.pick([latenessMs, latenessMs + 1, latenessMs + random.below(lookbackMs), latenessMs + 2 * lookbackMs]);
  const wanted = random.pick([
    now,
    now,
    now - random.below(latenessMs),
    Math.floor(now / HOUR_MS) * HOUR_MS,
    now + random.below(2 * HOUR_MS),
    earlier?.ts ?? now,
    (earlier?.ts ?? now) + window + edge,
    (earlier?.ts ?? now) - window + edge,
    now - latenessMs + 1,
  ]);
  const earliest = shape.lateChance === 0 ? LOG_BEGINS_MS + Math.floor(latenessMs / 2) - latenessMs + 1 : now - latenessMs + 1;
  return Math.max(earliest, Math.min(wanted, now + 20 * HOUR_MS));
}

function event(random: Random, number: number, now: number, ts: number, shape: LogShape): Event {
  const user = random.below(Math.min(shape.users, USERS.length));
  const name = USERS[user] as string;
  const optional = {
    channel: random.pick(CHANNELS),
    campaign: random.pick([undefined, 'spring', 'été']),
    cost: random.pick([undefined, 0, 12]),
    value: random.pick(VALUES),
    currency: random.pick([undefined, 'EUR', 'JPY']),
    properties: random.chance(0.1) ? { nested: { list: [1, 'zwei', null] } } : undefined,
  };
  const made: Event = {
    ts,
    type: random.pick(TYPES),
    // The order of ids is not the order of arrival; users share ids, and so do events that are not copies of each other.
    id: `${random.pick(['z', 'm', 'a', 'Z', '~'])}${(shape.restamps ?? shape.lateChance === 0) && random.chance(0.1) ? number % 7 : number}`,
    ...(user % 2 === 0 ? { userId: name } : { anonymousId: name }),
    ...(user === 0 && random.chance(0.5) ? { anonymousId: 'cookie' } : {}),
    receivedAt: random.chance(0.1) ? Math.max(now - random.below(5 * MINUTE_MS), ts - 20 * HOUR_MS) : now,
    source: 'generated',
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
  };
  // Without a draw, so that seeds keep their runs.
  const properties = {
    ...made.properties,
    order_id: ORDERS[number % ORDERS.length],
    cart: { id: number % 2 },
    ...unnamedOf(number),
  };
  return asWebEvent({ ...made, properties }, number);
}

/** As a collector marks values beyond its bound; what no collector writes. */
function unnamedOf(number: number): object {
  return number % 7 === 3 ? { $counts: ['orders,campaigns', 'orders', 'nothing,,x', 7, ['orders']][number % 5] } : {};
}

/** What conversions may be counted once by: few, so that they meet; a number and a text that are one key, and values that are not keys. */
const ORDERS = ['o1', 7, 'o1', '', '7', null, ['o1']];

/** The same id and user again: resent as it was, or by a client that sets another time. The first arrival counts. */
function duplicate(random: Random, original: Event, now: number, shape: LogShape): Event {
  const again = { ...original, receivedAt: Math.max(now, original.ts - 20 * HOUR_MS) };
  // Another instant only where the first arrival is held for sure: bounded state cannot know what it let go (docs/laws.md, law 3).
  if (!(shape.restamps ?? shape.lateChance === 0) || random.chance(0.6)) return again;
  return { ...again, ts: original.ts + random.below(MINUTE_MS), value: 77 };
}

/** Arrival order of the same events, shuffled within each user's partition or anywhere: all are in time, so nothing may change but which duplicate is first. */
export function firstArrivals(events: readonly Event[]): Event[] {
  const seen = new Set<string>();
  return events.filter((arrived) => {
    const key = `${userKeyOf(arrived)}\n${arrived.id}`;
    return seen.has(key) ? false : seen.add(key);
  });
}
