import { dayOf } from '@tributary/model/time';
import { coalitionOf } from '../journeys/channels.ts';
import { type ConvertingPath, REPEATED_PATH } from '../journeys/lenses.ts';
import type { View } from '../view.ts';

/** Beside `coalitions`, whose conversions they are a part of: rows of groups of users do not show how often single users convert. */
export const repeats = {
  name: 'repeats',
  counts: 'conversions of users who converted by the same type within the lookback before, by the set of channels on their path',
  dimensions: ['day', 'type', 'channels', 'currency'],
  measures: ['conversions'],
  lens: REPEATED_PATH,
  keptByPartition: 'all',
  looksAtParts: true,
  onlyForIntervals: true,
  rows({ conversion: { ts, type, currency }, channels }, _definitions, emit) {
    emit(`${dayOf(ts)}\t${type}\t${coalitionOf(channels)}\t${currency}`, [1]);
  },
} as const satisfies View<ConvertingPath>;
