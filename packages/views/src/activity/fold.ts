import { dayOf } from '@tributary/model/time';
import type { TimelineEvent } from '../timeline.ts';
import type { View } from '../view.ts';

const ONE = [1];

/** How many distinct events of each type happened each day: what "counts once" is checked against. */
export const activity: View = {
  name: 'activity',
  dimensions: ['day', 'type'],
  measures: ['events'],
  reachMs: () => 0,
  revisableMs: () => 0,
  influences: () => false,
  fold(timeline, at, _definitions, emit) {
    const event = timeline[at] as TimelineEvent;
    emit(`${dayOf(event.ts)}\t${event.type}`, ONE);
  },
};
