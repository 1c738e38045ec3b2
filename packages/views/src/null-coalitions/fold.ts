import { dayOf } from '@tributary/model/time';
import { coalitionOf } from '../journeys/channels.ts';
import { NULL_PATH, type NullPath } from '../journeys/lenses.ts';
import type { View } from '../view.ts';

export const nullCoalitions = {
  name: 'nullCoalitions',
  counts: 'journeys without a conversion, open ones included, by the set of channels on their path',
  dimensions: ['day', 'channels'],
  measures: ['nulls'],
  lens: NULL_PATH,
  keptByPartition: 'all',
  looksAtParts: true,
  rows({ ts, channels }, _definitions, emit) {
    emit(`${dayOf(ts)}\t${coalitionOf(channels)}`, [1]);
  },
} as const satisfies View<NullPath>;
