import { dayOf } from '@tributary/model/time';
import type { TimelineEvent } from '../timeline.ts';
import { ITSELF, type View } from '../view.ts';

export const touches = {
  name: 'touches',
  counts: 'touches and what they cost, by channel and campaign',
  dimensions: ['day', 'channel', 'campaign', 'type', 'currency'],
  measures: ['touches', 'costMinor'],
  lens: ITSELF,
  rows({ ts, kind, place, type, currency, costMinor }, _definitions, emit) {
    if (kind !== 'touch') return;
    emit(`${dayOf(ts)}\t${place}\t${type}\t${currency}`, [1, costMinor]);
  },
} as const satisfies View<TimelineEvent>;
