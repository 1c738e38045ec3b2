/**
 * What was refunded of one order. Models know nothing of it: a refund is a conversion of its own, credited by its own path
 * (decision 23). It belongs to the order that it names. Pure.
 */
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
