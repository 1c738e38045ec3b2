import { dayOf } from '@tributary/model/time';
import { coalitionOf } from '../journeys/channels.ts';
import { CONVERTING_PATH, type ConvertingPath } from '../journeys/lenses.ts';
import type { View } from '../view.ts';

/** Conversions and their value by the set of channels on their path: what Shapley values are computed from. */
export const coalitions = {
  name: 'coalitions',
  dimensions: ['day', 'type', 'channels', 'currency'],
  measures: ['conversions', 'valueMinor'],
  lens: CONVERTING_PATH,
  looksAtParts: true,
  rows({ conversion: { ts, type, currency, valueMinor }, channels }, _definitions, emit) {
    emit(`${dayOf(ts)}\t${type}\t${coalitionOf(channels)}\t${currency}`, [1, valueMinor]);
  },
} as const satisfies View<ConvertingPath>;
