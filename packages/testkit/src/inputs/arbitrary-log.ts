/**
 * Logs for fast-check: built from small numbers, so that a failing one shrinks to a few events with plain instants.
 * Definitions of `SMALL_DEFINITIONS`' shape are assumed: windows of whole hours.
 */
import type { Event } from '@tributary/model/event';
import { HOUR_MS, MINUTE_MS } from '@tributary/model/time';
import fc from 'fast-check';
import { LOG_BEGINS_MS } from './generate.ts';

export interface LogArbitrary {
  /** Every event is in time, whatever the order of arrival; instants spread over more than a lookback. */
  readonly inTime: boolean;
  readonly maxEvents?: number;
  /** Events may be copies of earlier ones, or share an id with one. */
  readonly duplicates?: boolean;
}

const TYPES = ['click', 'view', 'mail', 'page', 'buy', 'Order Completed', 'scroll'];
const CHANNELS = [undefined, 'direct', 'search', 'Kanal Ä'];

/** Events in arrival order. */
export function arbitraryLog({ inTime, maxEvents = 24, duplicates = true }: LogArbitrary): fc.Arbitrary<Event[]> {
  const event = fc.record({
    user: fc.constantFrom('ana', 'Björk', '用户'),
    halfHours: inTime ? fc.integer({ min: -3, max: 16 }) : fc.integer({ min: -20, max: 4 }),
    edge: fc.constantFrom(0, 0, -1, 1),
    type: fc.constantFrom(...TYPES),
    channel: fc.constantFrom(...CHANNELS),
    campaign: fc.constantFrom(undefined, 'été'),
    value: fc.oneof(fc.constantFrom(0, 1, -7, 1_000_003), fc.integer({ min: -1_000_000_000_000, max: 1_000_000_000_000 })),
    cost: fc.nat(99),
    idLetter: fc.constantFrom('a', 'Z', '~'),
    order: fc.constantFrom('o1', 'o1', 7, '7', '', null),
    copyOf: duplicates ? fc.option(fc.nat(maxEvents), { freq: 5 }) : fc.constant(null),
    sameInstant: fc.boolean(),
    advance: inTime ? fc.constant(0) : fc.constantFrom(0, 0, MINUTE_MS, HOUR_MS, 2 * HOUR_MS, 9 * HOUR_MS),
  });
  return fc.array(event, { minLength: 1, maxLength: maxEvents }).map((specs) => {
    const events: Event[] = [];
    let now = LOG_BEGINS_MS;
    for (const [i, spec] of specs.entries()) {
      now += spec.advance;
      const ts = now + spec.halfHours * (HOUR_MS / 2) + spec.edge;
      const original = spec.copyOf === null ? undefined : events[spec.copyOf];
      // A copy with another instant only while everything is in time: what the timeline let go of is not recognised.
      if (original !== undefined) events.push({ ...original, receivedAt: now, ...(inTime && !spec.sameInstant ? { ts } : {}) });
      else
        events.push({
          ts,
          type: spec.type,
          id: `${spec.idLetter}${i}`,
          userId: spec.user,
          receivedAt: now,
          source: 'arbitrary',
          ...(spec.channel === undefined ? {} : { channel: spec.channel }),
          ...(spec.campaign === undefined ? {} : { campaign: spec.campaign }),
          cost: spec.cost,
          value: spec.value,
          properties: { order_id: spec.order, cart: { id: spec.order } },
        });
    }
    return events;
  });
}
