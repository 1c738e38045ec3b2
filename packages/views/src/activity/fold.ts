import { dayOf } from '@tributary/model/time';
import type { TimelineEvent } from '../timeline.ts';
import { ITSELF, type View } from '../view.ts';

const ONE = [1];

export const activity = {
  name: 'activity',
  counts: 'distinct events of each type and day, which "counts once" is checked against',
  dimensions: ['day', 'type'],
  measures: ['events'],
  lens: ITSELF,
  countsSignals: true,
  rows({ ts, type }, _definitions, emit) {
    emit(`${dayOf(ts)}\t${type}`, ONE);
  },
} as const satisfies View<TimelineEvent>;
