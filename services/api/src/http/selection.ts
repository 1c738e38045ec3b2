/** Which rows a query asks for, and what answers say of it. */
import type { Definitions } from '@tributary/model/definitions';
import { DAY_MS } from '@tributary/model/time';
import { wholeDays } from '@tributary/reports/window';
import type { Days, Layers, Selection } from '@tributary/serving/merge';
import { layersOf, rangeOf } from './schemas.ts';

const WIDENED = 'rows are filed by UTC day: the range was widened to whole days, see `range`';

/** `filters`: the parameters that choose among the rows, each by the dimension of its name. Throws `empty_range`, `invalid_query`. */
export function selectionOf(
  query: Readonly<Record<string, unknown>>,
  filters: readonly string[],
): Omit<Selection, 'by'> & { readonly layers: Layers; readonly notes: readonly string[] } {
  const { fromDay, toDay, widened } = wholeDays(rangeOf(query));
  return {
    days: { fromDay, toDay },
    layers: layersOf(query),
    equal: Object.fromEntries(filters.flatMap((name) => (typeof query[name] === 'string' ? [[name, query[name]] as const] : []))),
    notes: widened ? [WIDENED] : [],
  };
}

/** What every report says of the window that it is of. */
export function windowOf({ lookbackMs, version }: Definitions, days: Days) {
  return { range: days, lookbackDays: lookbackMs / DAY_MS, definitions: version };
}
