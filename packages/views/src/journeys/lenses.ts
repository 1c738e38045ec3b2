/** What the rows of attribution look at: the path of a conversion, or of a journey that ended without one. */
import type { Definitions } from '@tributary/model/definitions';
import type { Timeline, TimelineEvent } from '../timeline.ts';
import type { Lens } from '../view.ts';
import { conversionsAfter, nullPathsAround, repeatsAfter } from './affected.ts';
import { channelsOf } from './channels.ts';
import { nullPathOf, pathOf } from './path.ts';
import { isOrder, ordersBefore } from './repeat.ts';

export interface ConvertingPath {
  readonly conversion: TimelineEvent;
  /** Eligible touches in order; empty: nothing led to it. */
  readonly path: readonly TimelineEvent[];
  /** The channels of the path that are tracked, in order. */
  readonly channels: readonly string[];
}

export interface NullPath {
  /** When its last touch happened, ms. */
  readonly ts: number;
  readonly channels: readonly string[];
}

export const CONVERTING_PATH: Lens<ConvertingPath> = {
  reachMs: ({ lookbackMs, longestOnceMs }) => lookbackMs + longestOnceMs,
  // With `resetOnConversion` a conversion changes what later ones may look at, never earlier ones.
  revisableMs: () => 0,
  affected: conversionsAfter,
  look(timeline, at, definitions) {
    const conversion = timeline[at] as TimelineEvent;
    if (conversion.kind !== 'conversion') return null;
    const path = pathOf(timeline, at, definitions);
    return { conversion, path, channels: channelsOf(path, definitions) };
  },
  sizeOf: ({ path }) => path.length,
};

export interface RepeatedPath extends ConvertingPath {
  /** The user's orders of its type before, the latest first (repeat.ts). */
  readonly orders: readonly TimelineEvent[];
}

/** The path of a conversion that is not the first order of its user. */
export const REPEATED_PATH: Lens<RepeatedPath> = {
  reachMs: CONVERTING_PATH.reachMs,
  revisableMs: CONVERTING_PATH.revisableMs,
  affected: repeatsAfter,
  look(timeline, at, definitions) {
    const orders = ordersBeforeRepeat(timeline, at, definitions);
    const seen = orders && CONVERTING_PATH.look(timeline, at, definitions);
    return seen && { ...seen, orders };
  },
  beyond: {
    lens: CONVERTING_PATH,
    look(path, timeline, at, definitions) {
      const orders = ordersBeforeRepeat(timeline, at, definitions);
      return orders && { ...(path as ConvertingPath), orders };
    },
  },
  sizeOf: ({ path, orders }) => path.length + orders.length,
};

/** null: another event than a conversion, or the first order of its user. */
function ordersBeforeRepeat(timeline: Timeline, at: number, definitions: Definitions): readonly TimelineEvent[] | null {
  const conversion = timeline[at] as TimelineEvent;
  if (conversion.kind !== 'conversion') return null;
  const orders = ordersBefore(timeline, at, definitions);
  return orders.length === 0 && isOrder(conversion) ? null : orders;
}

export const NULL_PATH: Lens<NullPath> = {
  reachMs: ({ lookbackMs, longestOnceMs }) => lookbackMs + longestOnceMs,
  revisableMs: (definitions) => definitions.lookbackMs,
  affected: nullPathsAround,
  look(timeline, at, definitions) {
    const path = nullPathOf(timeline, at, definitions);
    return path === null ? null : { ts: (timeline[at] as TimelineEvent).ts, channels: channelsOf(path, definitions) };
  },
  sizeOf: ({ channels }) => channels.length,
};
