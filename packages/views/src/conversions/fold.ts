import { dayOf } from '@tributary/model/time';
import type { TimelineEvent } from '../timeline.ts';
import type { View } from '../view.ts';

/** Conversions and their value: the totals that every model's credit must reach (law 4). */
export const conversions: View = {
  name: 'conversions',
  dimensions: ['day', 'type', 'currency'],
  measures: ['conversions', 'valueMinor'],
  reachMs: () => 0,
  revisableMs: () => 0,
  influences: () => false,
  fold(timeline, at, _definitions, emit) {
    const { ts, kind, type, currency, valueMinor } = timeline[at] as TimelineEvent;
    if (kind !== 'conversion') return;
    emit(`${dayOf(ts)}\t${type}\t${currency}`, [1, valueMinor]);
  },
};
