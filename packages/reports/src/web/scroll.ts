/** How far pages are read: a row of `scrollReach` and one of `scrollBands` are twenty rows of the answer, one for each twentieth of a page. */
import type { Integer } from '@tributary/model/integer';
import { type Collection, isWanted, plus, type Selection } from '@tributary/serving/merge';
import type { Snapshot } from '@tributary/serving/snapshot';
import type { Rows } from '@tributary/views/deltas';
import { scrollBands } from '@tributary/views/scroll-bands/fold';
import { scrollReach } from '@tributary/views/scroll-reach/fold';

/** Those of both views. */
const dimensions: readonly string[] = scrollBands.dimensions;

/** Rows under the selection, which may name the dimension `band` (0 to 19) beside those of the views: how many views came there, and ms. */
export function rowsByBand({ collect }: Pick<Snapshot, 'collect'>, selection: Selection): Rows {
  const views = collect(
    scrollReach,
    byBand(selection, (n) => [n, 0]),
  );
  return plus(
    collect(
      scrollBands,
      byBand(selection, (ms) => [0, ms]),
    ),
    views,
  );
}

function byBand({ days, equal, by }: Selection, measured: (n: Integer) => readonly Integer[]): Collection {
  const { band: bands, page } = equal;
  const chosen = dimensions.map((name) => equal[name]);
  const kept = by.map((name) => (name === 'band' ? null : dimensions.indexOf(name)));
  return {
    key: JSON.stringify(['by band', equal, by]),
    days,
    ...(typeof page === 'string' && { part: page }),
    map(parts, measures, emit) {
      if (!chosen.every((wanted, at) => isWanted(wanted, parts[at]))) return;
      for (const [i, n] of measures.entries()) {
        const band = String(i);
        if (n !== 0 && isWanted(bands, band)) emit(kept.map((at) => (at === null ? band : parts[at])).join('\t'), measured(n));
      }
    },
  };
}
