import { dayOf } from '@tributary/model/time';
import { CONVERTING_PATH, type ConvertingPath } from '../journeys/lenses.ts';
import type { TimelineEvent } from '../timeline.ts';
import type { View } from '../view.ts';

/**
 * Conversions that a channel or campaign took part in, and those that it assisted: with some other touch than the last. Campaign
 * "" is the channel as a whole, which is not the sum of its campaigns.
 */
export const assists = {
  name: 'assists',
  counts: 'conversions that a channel or campaign took part in, and those that it assisted: with some other touch than the last',
  dimensions: ['day', 'type', 'channel', 'campaign', 'currency'],
  measures: ['assisted', 'assistedValueMinor', 'participated', 'participatedValueMinor'],
  lens: CONVERTING_PATH,
  looksAtOwn: true,
  rows({ conversion: { ts, type, currency, valueMinor }, path }, _definitions, emit) {
    const assisting = new Set<string>();
    for (const touch of path.slice(0, -1)) addPlaces(assisting, touch);
    const participating = new Set(assisting);
    for (const touch of path.slice(-1)) addPlaces(participating, touch);
    for (const place of participating) {
      const isAssist = assisting.has(place);
      emit(`${dayOf(ts)}\t${type}\t${place}\t${currency}`, [isAssist ? 1 : 0, isAssist ? valueMinor : 0, 1, valueMinor]);
    }
  },
} as const satisfies View<ConvertingPath>;

function addPlaces(places: Set<string>, { channel, place }: TimelineEvent): void {
  places.add(place);
  places.add(`${channel}\t`);
}
