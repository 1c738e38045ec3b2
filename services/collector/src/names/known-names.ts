/** The names that mean something beforehand: to the definitions, or to our own grouping of channels. */
import { CHANNELS } from '@tributary/model/channels/channel';
import type { Definitions } from '@tributary/model/definitions';
import type { KnownNames } from './names.ts';

export function knownNames(...definitions: readonly Definitions[]): KnownNames {
  return {
    type: new Set(definitions.flatMap(({ touches, conversions }) => [...Object.keys(touches), ...conversions])),
    channel: new Set([...CHANNELS, ...definitions.flatMap(channelsOf)]),
  };
}

function channelsOf({ touches, attribution }: Definitions): string[] {
  return [...Object.values(touches).flatMap(({ defaultChannel }) => defaultChannel ?? []), ...(attribution.channels ?? [])];
}
