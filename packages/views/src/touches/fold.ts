import { dayOf } from '@tributary/model/time';
import type { TimelineEvent } from '../timeline.ts';
import type { View } from '../view.ts';

/** Touches and what they cost, by channel and campaign. */
export const touches: View = {
  name: 'touches',
  dimensions: ['day', 'channel', 'campaign', 'type', 'currency'],
  measures: ['touches', 'costMinor'],
  reachMs: () => 0,
  revisableMs: () => 0,
  influences: () => false,
  fold(timeline, at, _definitions, emit) {
    const { ts, kind, place, type, currency, costMinor } = timeline[at] as TimelineEvent;
    if (kind !== 'touch') return;
    emit(`${dayOf(ts)}\t${place}\t${type}\t${currency}`, [1, costMinor]);
  },
};
