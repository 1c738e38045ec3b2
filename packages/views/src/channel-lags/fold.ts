import { DAY_MS, dayOf } from '@tributary/model/time';
import { CONVERTING_PATH, type ConvertingPath } from '../journeys/lenses.ts';
import type { View } from '../view.ts';

/**
 * Conversions that a channel took part in, and their value, by the whole days from its first touch on the path to the conversion.
 * A conversion counts once for each channel of its path; what nothing led to counts nowhere.
 */
export const channelLags = {
  name: 'channelLags',
  counts: 'conversions and their value by channel of the path, and by the whole days from its first touch to the conversion',
  dimensions: ['day', 'type', 'channel', 'lagDays', 'currency'],
  measures: ['conversions', 'valueMinor'],
  lens: CONVERTING_PATH,
  looksAtOwn: true,
  rows({ conversion: { ts, type, currency, valueMinor }, path, channels }, _definitions, emit) {
    const filed = `${dayOf(ts)}\t${type}`;
    const met = new Set<string>();
    for (const [i, channel] of channels.entries()) {
      if (met.has(channel)) continue;
      met.add(channel);
      const lagDays = Math.floor((ts - (path[i]?.ts ?? ts)) / DAY_MS);
      emit(`${filed}\t${channel}\t${lagDays}\t${currency}`, [1, valueMinor]);
    }
  },
} as const satisfies View<ConvertingPath>;
