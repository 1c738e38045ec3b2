/** How long people were engaged with each twentieth of a page: a row of `scrollBands` is twenty rows of the answer. */
import { isWanted, type Selection } from '@tributary/serving/merge';
import type { Snapshot } from '@tributary/serving/snapshot';
import type { Rows } from '@tributary/views/deltas';
import { scrollBands } from '@tributary/views/scroll-bands/fold';

const dimensions: readonly string[] = scrollBands.dimensions;

/** Rows under the selection, which may name the dimension `band` (0 to 19) beside those of the view, with one measure, ms. */
export function rowsByBand({ collect }: Pick<Snapshot, 'collect'>, { days, equal, by }: Selection): Rows {
  const { band: bands, ...others } = equal;
  const chosen = Object.entries(others).map(([name, wanted]) => [placeOf(name), wanted] as const);
  const kept = by.map((name) => (name === 'band' ? null : placeOf(name)));
  return collect(scrollBands, {
    key: JSON.stringify(['by band', equal, by]),
    days,
    ...(typeof equal['page'] === 'string' && { part: equal['page'] }),
    map(parts, measures, emit) {
      if (!chosen.every(([at, wanted]) => isWanted(wanted, parts[at]))) return;
      for (const [i, ms] of measures.entries()) {
        const band = String(i);
        if (ms !== 0 && isWanted(bands, band)) emit(kept.map((at) => (at === null ? band : parts[at])).join('\t'), [ms]);
      }
    },
  });
}

function placeOf(name: string): number {
  const at = dimensions.indexOf(name);
  if (at < 0) throw new TypeError(`the view ${scrollBands.name} has no dimension ${name}`);
  return at;
}
