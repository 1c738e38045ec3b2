import { dayOf } from '@tributary/model/time';
import { statesOf } from '../journeys/channels.ts';
import { CONVERTING_PATH, type ConvertingPath } from '../journeys/lenses.ts';
import type { View } from '../view.ts';

/**
 * How often the paths of conversions pass from one state to the next; the value lies on the edge into the conversion. From "" is
 * the start, to "" the conversion: Markov models are computed from these and from the transitions of null paths.
 */
export const transitions = {
  name: 'transitions',
  counts:
    'how often the paths of conversions pass from one state to the next, "" being the start or the conversion, for Markov models',
  dimensions: ['day', 'type', 'from', 'to', 'currency'],
  measures: ['conversions', 'valueMinor'],
  lens: CONVERTING_PATH,
  keptByPartition: 'all',
  looksAtEdges: true,
  rows({ conversion: { ts, type, currency, valueMinor }, channels }, { attribution }, emit) {
    if (channels.length === 0) return;
    const filed = `${dayOf(ts)}\t${type}\t`;
    let from = '';
    for (const to of statesOf(channels, attribution.transitionOrder)) {
      emit(`${filed}${from}\t${to}\t${currency}`, [1, 0]);
      from = to;
    }
    emit(`${filed}${from}\t\t${currency}`, [1, valueMinor]);
  },
} as const satisfies View<ConvertingPath>;
