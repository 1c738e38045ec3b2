import { dayOf } from '@tributary/model/time';
import { statesOf } from '../journeys/channels.ts';
import { NULL_PATH, type NullPath } from '../journeys/lenses.ts';
import type { View } from '../view.ts';

export const nullTransitions = {
  name: 'nullTransitions',
  counts: 'how often journeys without a conversion pass from one state to the next, "" being the start or the end',
  dimensions: ['day', 'from', 'to'],
  measures: ['nulls'],
  lens: NULL_PATH,
  keptByPartition: 'all',
  looksAtEdges: true,
  rows({ ts, channels }, { attribution }, emit) {
    const day = dayOf(ts);
    let from = '';
    for (const to of statesOf(channels, attribution.transitionOrder)) {
      emit(`${day}\t${from}\t${to}`, ONE);
      from = to;
    }
    emit(`${day}\t${from}\t`, ONE);
  },
} as const satisfies View<NullPath>;

const ONE = [1];
