import { DAY_MS, dayOf } from '@tributary/model/time';
import { CONVERTING_PATH, type ConvertingPath } from '../journeys/lenses.ts';
import type { View } from '../view.ts';

const MOST_TOUCHES = 50;

export const pathShapes = {
  name: 'pathShapes',
  counts: 'conversions and their value by the length of their path, and by the whole days from its first touch',
  dimensions: ['day', 'type', 'touches', 'lagDays', 'currency'],
  measures: ['conversions', 'valueMinor'],
  lens: CONVERTING_PATH,
  rows({ conversion: { ts, type, currency, valueMinor }, path }, _definitions, emit) {
    const touches = path.length < MOST_TOUCHES ? path.length : `${MOST_TOUCHES}+`;
    const lagDays = Math.floor((ts - (path[0]?.ts ?? ts)) / DAY_MS);
    emit(`${dayOf(ts)}\t${type}\t${touches}\t${lagDays}\t${currency}`, [1, valueMinor]);
  },
} as const satisfies View<ConvertingPath>;
