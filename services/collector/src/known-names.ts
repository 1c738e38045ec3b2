/** The names that mean something beforehand: to the definitions, or to our own grouping of channels. */
import { CHANNELS } from '@tributary/model/channel';
import type { Definitions } from '@tributary/model/definitions';
import type { KnownNames } from './names.ts';

export function knownNames({ touches, conversions, attribution }: Definitions): KnownNames {
  const defaults = Object.values(touches).flatMap(({ defaultChannel }) => defaultChannel ?? []);
  return {
    type: new Set([...Object.keys(touches), ...conversions]),
    channel: new Set([...CHANNELS, ...defaults, ...(attribution.channels ?? [])]),
  };
}
