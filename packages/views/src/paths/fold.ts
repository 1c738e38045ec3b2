import { dayOf } from '@tributary/model/time';
import { stepsOf } from '../journeys/channels.ts';
import { CONVERTING_PATH, type ConvertingPath } from '../journeys/lenses.ts';
import type { View } from '../view.ts';

export const paths = {
  name: 'paths',
  counts: 'conversions and their value by the steps of their path, up to a bound of steps',
  dimensions: ['day', 'type', 'path', 'currency'],
  measures: ['conversions', 'valueMinor'],
  lens: CONVERTING_PATH,
  keptByPartition: 'bounded',
  rows({ conversion: { ts, type, currency, valueMinor }, channels }, { attribution }, emit) {
    const steps = stepsOf(channels, attribution.pathSteps);
    emit(`${dayOf(ts)}\t${type}\t${steps}\t${currency}`, [1, valueMinor]);
  },
} as const satisfies View<ConvertingPath>;
