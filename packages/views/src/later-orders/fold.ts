import { againOf } from '@tributary/attribution/uncertainty/orders-of-channels';
import { dayOf } from '@tributary/model/time';
import { coalitionOf } from '../journeys/channels.ts';
import { REPEATED_PATH, type RepeatedPath } from '../journeys/lenses.ts';
import { nthOver } from '../journeys/repeat.ts';
import type { TimelineEvent } from '../timeline.ts';
import type { View } from '../view.ts';

/**
 * Beside `coalitions`, whose conversions they are a part of: rows of groups of users do not show how often single users order. A row has the
 * set of channels on the path, and one of these; `nth` 1 is what is in no row. `users`: how many reach that number of orders by these.
 */
export const laterOrders = {
  name: 'laterOrders',
  counts:
    "conversions that are not a user's first order over a channel of their path within the lookback, by that channel, by which order they are (2, 3, 4, 6, 8, 12 and up to the next; 0: refunds), and how many users reach that number",
  dimensions: ['day', 'type', 'channels', 'channel', 'nth', 'currency'],
  measures: ['conversions', 'users'],
  lens: REPEATED_PATH,
  keptByPartition: 'all',
  looksAtParts: true,
  onlyForIntervals: true,
  rows({ conversion, path, channels, orders }, definitions, emit) {
    const { ts, type, currency } = conversion;
    const filed = `${dayOf(ts)}\t${type}\t${coalitionOf(channels)}`;
    const met = new Set<string>();
    for (const [i, channel] of channels.entries()) {
      if (met.has(channel)) continue;
      met.add(channel);
      const order = nthOver(path[i] as TimelineEvent, conversion, orders, definitions);
      if (order === 1) continue;
      const { nth, conversions, users } = againOf(order);
      emit(`${filed}\t${channel}\t${nth}\t${currency}`, [conversions, users]);
    }
  },
} as const satisfies View<RepeatedPath>;
