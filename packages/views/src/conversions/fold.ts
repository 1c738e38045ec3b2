import { dayOf } from '@tributary/model/time';
import type { TimelineEvent } from '../timeline.ts';
import { ITSELF, type View } from '../view.ts';

export const conversions = {
  name: 'conversions',
  counts: "conversions and their value: the totals that every model's credit must reach",
  dimensions: ['day', 'type', 'currency'],
  measures: ['conversions', 'valueMinor'],
  lens: ITSELF,
  rows({ ts, kind, type, currency, valueMinor }, _definitions, emit) {
    if (kind !== 'conversion') return;
    emit(`${dayOf(ts)}\t${type}\t${currency}`, [1, valueMinor]);
  },
} as const satisfies View<TimelineEvent>;
