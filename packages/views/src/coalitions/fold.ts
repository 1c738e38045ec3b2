import { dayOf } from '@tributary/model/time';
import { coalitionOf } from '../journeys/channels.ts';
import { CONVERTING_PATH, type ConvertingPath } from '../journeys/lenses.ts';
import type { View } from '../view.ts';

export const coalitions = {
  name: 'coalitions',
  counts: 'conversions and their value by the set of channels on their path, for Shapley values',
  dimensions: ['day', 'type', 'channels', 'currency'],
  measures: ['conversions', 'valueMinor'],
  lens: CONVERTING_PATH,
  keptByPartition: 'all',
  looksAtParts: true,
  rows({ conversion: { ts, type, currency, valueMinor }, channels }, _definitions, emit) {
    emit(`${dayOf(ts)}\t${type}\t${coalitionOf(channels)}\t${currency}`, [1, valueMinor]);
  },
} as const satisfies View<ConvertingPath>;
