/** Which rows a query asks for, and what answers say of it. */
import type { Definitions } from '@tributary/model/definitions';
import { TributaryError } from '@tributary/model/errors';
import { DAY_MS } from '@tributary/model/time';
import { type InstantRange, wholeDays } from '@tributary/reports/window';
import type { AskedLayers, Days, Layers, Selection, Wanted } from '@tributary/serving/merge';

const WIDENED = 'rows are filed by UTC day: the range was widened to whole days, see `range`';

/** `filters`: the parameters that choose among the rows, each by the dimension of its name. Throws `empty_range`, `invalid_query`. */
export function selectionOf(
  query: Readonly<Record<string, unknown>>,
  filters: readonly string[],
): Omit<Selection, 'by'> & { readonly layers: AskedLayers; readonly notes: readonly string[] } {
  const { fromDay, toDay, widened } = wholeDays(rangeOf(query));
  return {
    days: { fromDay, toDay },
    layers: layersOf(query),
    equal: Object.fromEntries(filters.flatMap((name) => (query[name] === undefined ? [] : [[name, query[name] as Wanted]]))),
    notes: widened ? [WIDENED] : [],
  };
}

/** Throws `empty_range` when nothing can lie in it. */
export function rangeOf(query: { readonly from?: number | undefined; readonly to?: number | undefined }): InstantRange {
  const from = query.from ?? null;
  const to = query.to ?? null;
  if (from !== null && to !== null && from >= to)
    throw new TributaryError(
      'empty_range',
      `from must lie before to (got from ${new Date(from).toISOString()} and to ${new Date(to).toISOString()})`,
    );
  return { from, to };
}

/** Throws `invalid_query` when both names are there. */
function layersOf({
  layer,
  view,
}: {
  readonly layer?: AskedLayers | undefined;
  readonly view?: Layers | undefined;
}): AskedLayers {
  if (layer !== undefined && view !== undefined)
    throw new TributaryError(
      'invalid_query',
      `view must be left out where layer is given, whose earlier name it is (got view=${view} and layer=${layer})`,
    );
  return layer ?? view ?? 'merged';
}

/** What every report says of the window that it is of. */
export function windowOf({ lookbackMs, version }: Definitions, days: Days) {
  return { range: days, lookbackDays: lookbackMs / DAY_MS, definitions: version };
}
