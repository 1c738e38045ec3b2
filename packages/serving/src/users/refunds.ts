/**
 * What was refunded of one order. Models know nothing of it: a refund is a conversion of its own, credited by its own path
 * (decision 23). It belongs to the order that it names. Pure.
 */
import { ARCHIVED } from '@tributary/archive/layout';
import { type Definitions, textAt } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import type { TimelineEvent } from '@tributary/views/timeline';

export interface Refund {
  readonly event: TimelineEvent;
  /** Whether reports count it: its type is a conversion, and it repeats none. */
  readonly counts: boolean;
}

/** Where shops name an order; Segment's events have the first. */
const ORDER_FIELDS = ['properties.order_id', 'properties.orderId'] as const;

/** The order that an event names, by the field that its type is counted once by, else where shops name it; null: none. */
export function orderOf(event: Pick<Event, 'type' | 'properties'>, { once }: Definitions): string | null {
  const by = Object.hasOwn(once, event.type) ? once[event.type]?.by : undefined;
  const fields = by === undefined ? ORDER_FIELDS : [by, ...ORDER_FIELDS];
  return fields.map((field) => textAt(event, field)).find((text) => text !== '') ?? null;
}

/** Whether it is known which order a conversion names, and what may be a refund of it: a generation keeps no properties, only what types are counted once by. */
export function knowsOrders(conversion: Event, events: readonly Event[], definitions: Definitions): boolean {
  const isKnown = (event: Event) => event.source !== ARCHIVED || orderOf(event, definitions) !== null;
  return isKnown(conversion) && events.every((event) => event.ts < conversion.ts || (event.value ?? 0) >= 0 || isKnown(event));
}

export const ORDERS_UNKNOWN =
  'the order that it names, or what was refunded of it, is not known: generations keep no properties of events, and the record of the user has lost some by its age or length';

/** Events of a value below zero that name the order, at its conversion or later. `timeline`: all of `events`, in order. */
export function refundsOf(
  order: string,
  conversion: Pick<TimelineEvent, 'id' | 'ts'>,
  events: readonly Event[],
  timeline: readonly TimelineEvent[],
  definitions: Definitions,
): Refund[] {
  const naming = new Set(events.filter((event) => orderOf(event, definitions) === order).map(({ id }) => id));
  return timeline
    .filter(({ id, ts, valueMinor }) => valueMinor < 0 && id !== conversion.id && ts >= conversion.ts && naming.has(id))
    .map((event) => ({ event, counts: event.kind === 'conversion' }));
}
