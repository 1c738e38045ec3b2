import { SEPARATOR } from '@tributary/attribution/data-driven/counts';
import { byCodePoint } from '@tributary/model/code-points';
import { dayOf } from '@tributary/model/time';
import { MOST_CHANNELS, setOf } from '../journeys/channels.ts';
import { REPEATED_PATH, type RepeatedPath } from '../journeys/lenses.ts';
import { ordersOver } from '../journeys/repeat.ts';
import type { View } from '../view.ts';

/**
 * Beside `coalitions`, whose conversions they are a part of: rows of groups of users do not show how often single users order. A row has the
 * set of channels on the path, and which order it is over each of these; what is the first over all of them is in no row. One row a conversion,
 * however many channels: a row a channel cost the speed worker 5 to 10 % where most conversions are repeats.
 */
export const orderNumbers = {
  name: 'orderNumbers',
  counts:
    "conversions that are not a user's first order over each channel of their path within the lookback, by which order they are over each of `channels`, in their order (13: any later one; 0: a refund; of more than 20 channels the highest)",
  dimensions: ['day', 'type', 'channels', 'numbers', 'currency'],
  measures: ['conversions'],
  lens: REPEATED_PATH,
  keptByPartition: 'all',
  looksAtParts: true,
  looksAtRepeats: true,
  onlyForIntervals: true,
  rows(seen, definitions, emit) {
    const { ts, type, currency } = seen.conversion;
    const over = ordersOver(seen, seen.orders, definitions);
    const channels = [...over.keys()].sort(byCodePoint);
    const numbers = channels.map((channel) => over.get(channel) as number);
    if (numbers.every((number) => number === 1)) return;
    const shown = channels.length > MOST_CHANNELS ? Math.max(...numbers) : numbers.join(SEPARATOR);
    emit(`${dayOf(ts)}\t${type}\t${setOf(channels)}\t${shown}\t${currency}`, ONE);
  },
} as const satisfies View<RepeatedPath>;

const ONE = [1];
