/** What an event counts for over all users: under which counts of the definitions, and by which of its values. */
import { OTHER } from '@tributary/model/channels/channel';
import { MOST_VALUE, unnamedOf } from '@tributary/model/counts';
import type { Definitions } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { rowName } from '@tributary/model/row-name';
import { dayOf } from '@tributary/model/time';
import { countsOf, isCounted } from '@tributary/signals/definitions/counts';
import type { RowKey } from '../deltas.ts';

/**
 * The keys of its rows, one for each count; undefined: none. Conditions look at the event as it was sent, as those of corrections do; `counted` is the
 * event as corrections leave it, whose channel and campaign count.
 */
export function countedOf(sent: Event, counted: Event, definitions: Definitions): readonly RowKey[] | undefined {
  let day: string | undefined;
  let keys: RowKey[] | undefined;
  for (const one of countsOf(definitions).all) {
    if (!isCounted(one, sent)) continue;
    const { name, version, readValue } = one;
    day ??= dayOf(sent.ts);
    keys ??= [];
    const value = unnamedOf(sent).includes(name) ? OTHER : rowName(readValue(counted), MOST_VALUE);
    keys.push(`${day}\t${name}\t${version}\t${value}`);
  }
  return keys;
}
