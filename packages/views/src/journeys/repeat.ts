/** The how manieth order of its user a conversion is, over each channel of its path: where only sums are kept, it shows that a few users order often. */
import { MARKS } from '@tributary/attribution/uncertainty/orders-a-user';
import type { Definitions } from '@tributary/model/definitions';
import { before, type Timeline, type TimelineEvent } from '../timeline.ts';

/** Orders before that are looked at: one more than the last mark needs, to know what is beyond it. */
const MOST_BEFORE = Math.max(...MARKS);

/** The user's orders of its type within the lookback before the conversion at `at`, the latest first, no more than tell; empty where it is none itself. */
export function ordersBefore(timeline: Timeline, at: number, { lookbackMs }: Definitions): readonly TimelineEvent[] {
  const conversion = timeline[at] as TimelineEvent;
  if (!isOrder(conversion)) return NONE;
  let found: TimelineEvent[] | undefined;
  for (let i = at - 1; i >= 0; i--) {
    const earlier = timeline[i] as TimelineEvent;
    if (earlier.ts < conversion.ts - lookbackMs) break;
    if (!isOrder(earlier) || earlier.type !== conversion.type) continue;
    found ??= [];
    if (found.push(earlier) === MOST_BEFORE) break;
  }
  return found ?? NONE;
}

const NONE: readonly TimelineEvent[] = [];

/** The later orders that look at the one at `at`, ascending. */
export function ordersAfter(timeline: Timeline, at: number, { lookbackMs }: Definitions): readonly number[] {
  const conversion = timeline[at] as TimelineEvent;
  const found: number[] = [];
  if (!isOrder(conversion)) return found;
  for (let i = at + 1; i < timeline.length; i++) {
    const later = timeline[i] as TimelineEvent;
    if (later.ts > conversion.ts + lookbackMs) break;
    if (isOrder(later) && later.type === conversion.type && found.push(i) === MOST_BEFORE) break;
  }
  return found;
}

/**
 * Which order of its user a conversion is over each channel of its path; `channels`: of each touch; `orders`: those before it, the latest first.
 * LATEST: that one or any after it.
 */
export function ordersOver(
  { conversion, path, channels }: ConversionOnPath,
  orders: readonly TimelineEvent[],
  definitions: Definitions,
): Map<string, number> {
  const found = new Map<string, number>();
  for (const [i, channel] of channels.entries())
    if (!found.has(channel)) found.set(channel, orderOver(path[i] as TimelineEvent, conversion, orders, definitions));
  return found;
}

interface ConversionOnPath {
  readonly conversion: TimelineEvent;
  readonly path: readonly TimelineEvent[];
  readonly channels: readonly string[];
}

/** The largest number that an order has. */
export const LATEST = MOST_BEFORE + 1;

/**
 * Which order it is over a channel whose first touch on the path is `first`: those count before it that this touch came before. Where conversions
 * reset paths no touch is on two of them, and all within the lookback count. 0: none, but what takes value back.
 */
function orderOver(
  first: TimelineEvent,
  conversion: TimelineEvent,
  orders: readonly TimelineEvent[],
  { attribution }: Definitions,
): number {
  if (!isOrder(conversion)) return 0;
  if (attribution.resetOnConversion) return 1 + orders.length;
  const end = orders.findIndex((order) => !before(first, order));
  return 1 + (end < 0 ? orders.length : end);
}

/** What takes value back (refunds) is none. */
export function isOrder({ kind, valueMinor }: TimelineEvent): boolean {
  return kind === 'conversion' && valueMinor >= 0;
}
