/** The names that mean something beforehand: to the definitions, or to our own grouping of channels. */
import { CHANNELS, NONE, OTHER } from '@tributary/model/channels/channel';
import { MOST_VALUE } from '@tributary/model/counts';
import type { Definitions } from '@tributary/model/definitions';
import { DERIVED_TYPES } from '@tributary/model/derived-types';
import type { Event } from '@tributary/model/event';
import { SAYING_TYPES } from '@tributary/model/identity/links-of';
import { rowName } from '@tributary/model/row-name';
import { WEB_TYPES } from '@tributary/model/web';
import { pageOf } from '@tributary/model/web-page-name';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { countsOf, isCounted } from '@tributary/signals/definitions/counts';
import { signalsOf } from '@tributary/signals/definitions/file';
import type { EventSelection } from '@tributary/signals/definitions/selected';
import { typesNamed } from '@tributary/signals/expressions/types-of';
import type { CountedValue, KnownNames } from './names.ts';

/** The first are those that count for pages, where they count pages. */
export function knownNames(...definitions: readonly Definitions[]): KnownNames {
  const counting = definitions.find(({ web }) => web !== undefined);
  return {
    type: new Set([...READ_TYPES, ...definitions.flatMap(typesIn)]),
    channel: new Set([...CHANNELS, ...definitions.flatMap(channelsOf)]),
    page: (address) => pageOf(address, { web: counting?.web }),
    counted: (event) => definitions.flatMap((one) => countedOf(event, one)),
  };
}

/** What the program itself reads: links of keys, what visitors did on pages, and what was found and done. */
const READ_TYPES: readonly string[] = ['identify', ...SAYING_TYPES, ...WEB_TYPES, ...DERIVED_TYPES];

/** What attribution is made of, and what signals, sessions, segments and counts ask for. */
function typesIn(definitions: Definitions): string[] {
  const asked: readonly EventSelection[] = [
    ...[...signalsOf(definitions, sha256Hex).values()].flatMap(({ looksAt }) => looksAt),
    ...countsOf(definitions).all,
  ];
  const named = asked.flatMap(({ types, where }) => [...(types ?? []), ...(where === null ? [] : typesNamed(where))]);
  return [...Object.keys(definitions.touches), ...definitions.conversions, ...named];
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
