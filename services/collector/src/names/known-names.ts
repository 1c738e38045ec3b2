/** The names that mean something beforehand: to the definitions, or to our own grouping of channels. */
import { CHANNELS, NONE, OTHER } from '@tributary/model/channels/channel';
import { MOST_VALUE } from '@tributary/model/counts';
import type { Definitions } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { rowName } from '@tributary/model/row-name';
import { pageOf } from '@tributary/model/web-page-name';
import { countsOf, isCounted } from '@tributary/signals/definitions/counts';
import type { CountedValue, KnownNames } from './names.ts';

/** The first are those that count for pages, where they count pages. */
export function knownNames(...definitions: readonly Definitions[]): KnownNames {
  const counting = definitions.find(({ web }) => web !== undefined);
  return {
    type: new Set(definitions.flatMap(({ touches, conversions }) => [...Object.keys(touches), ...conversions])),
    channel: new Set([...CHANNELS, ...definitions.flatMap(channelsOf)]),
    page: (address) => pageOf(address, { web: counting?.web }),
    counted: (event) => definitions.flatMap((one) => countedOf(event, one)),
  };
}

/** Bounded by dimensions of their own; currencies by the list of them. */
const BOUNDED: readonly string[] = ['type', 'channel', 'campaign', 'currency'];

function countedOf(event: Event, definitions: Definitions): CountedValue[] {
  return countsOf(definitions).all.flatMap((one) => {
    const { name, by, readValue } = one;
    if ((BOUNDED.includes(by.name) && by.steps === undefined) || !isCounted(one, event)) return [];
    const value = rowName(readValue(event), MOST_VALUE);
    return value === NONE || value === OTHER ? [] : [{ count: name, value }];
  });
}

function channelsOf({ touches, attribution }: Definitions): string[] {
  return [...Object.values(touches).flatMap(({ defaultChannel }) => defaultChannel ?? []), ...(attribution.channels ?? [])];
}
