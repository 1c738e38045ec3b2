/** The names that mean something beforehand: to the definitions, or to our own grouping of channels. */
import { CHANNELS } from '@tributary/model/channels/channel';
import type { Definitions } from '@tributary/model/definitions';
import { pageOf } from '@tributary/model/web-page-name';
import type { KnownNames } from './names.ts';

/** The first are those that count for pages, where they count pages. */
export function knownNames(...definitions: readonly Definitions[]): KnownNames {
  const counting = definitions.find(({ web }) => web !== undefined);
  return {
    type: new Set(definitions.flatMap(({ touches, conversions }) => [...Object.keys(touches), ...conversions])),
    channel: new Set([...CHANNELS, ...definitions.flatMap(channelsOf)]),
    page: (address) => pageOf(address, { web: counting?.web }),
  };
}

function channelsOf({ touches, attribution }: Definitions): string[] {
  return [...Object.values(touches).flatMap(({ defaultChannel }) => defaultChannel ?? []), ...(attribution.channels ?? [])];
}
