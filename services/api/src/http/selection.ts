/** Which rows a query asks for, and what answers say of it. */
import type { Definitions } from '@tributary/model/definitions';
import { DAY_MS } from '@tributary/model/time';
import { wholeDays } from '@tributary/reports/window';
import type { Days, Selection } from '@tributary/serving/merge';
import { rangeOf } from './schemas.ts';

const WIDENED = 'rows are filed by UTC day: the range was widened to whole days, see `range`';

/** `filters`: the parameters that choose among the rows, each by the dimension of its name. Throws `empty_range`. */
export function selectionOf(
  query: Readonly<Record<string, unknown>>,
  filters: readonly string[],
): Omit<Selection, 'by'> & { readonly notes: readonly string[] } {
  const { fromDay, toDay, widened } = wholeDays(rangeOf(query));
  return {
    days: { fromDay, toDay },
    equal: Object.fromEntries(filters.flatMap((name) => (typeof query[name] === 'string' ? [[name, query[name]] as const] : []))),
    notes: widened ? [WIDENED] : [],
  };
}

/** What every report says of the window that it is of. */
export function windowOf({ lookbackMs, version }: Definitions, days: Days) {
  return { range: days, lookbackDays: lookbackMs / DAY_MS, definitions: version };
}
