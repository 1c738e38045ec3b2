import { dayOf } from '@tributary/model/time';
import type { TimelineEvent } from '../timeline.ts';
import { ITSELF, type View } from '../view.ts';

const ONE = [1];

/** How many distinct events of each type happened each day: what "counts once" is checked against. */
export const activity = {
  name: 'activity',
  dimensions: ['day', 'type'],
  measures: ['events'],
  lens: ITSELF,
  countsSignals: true,
  rows({ ts, type }, _definitions, emit) {
    emit(`${dayOf(ts)}\t${type}`, ONE);
  },
} as const satisfies View<TimelineEvent>;
