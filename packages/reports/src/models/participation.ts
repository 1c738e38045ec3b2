/** Conversions that a channel had a part in. They overlap: a conversion counts for each of its channels. */
import { CREDIT_UNIT_MICROS } from '@tributary/model/amounts/money';
import { type Integer, multiply } from '@tributary/model/integer';
import type { Selection } from '@tributary/serving/merge';
import type { Snapshot } from '@tributary/serving/snapshot';
import { assists } from '@tributary/views/assists/fold';
import { addRow, type Rows } from '@tributary/views/deltas';
import { namedRows, type Rename } from '../row-keys.ts';
import type { CountedModel } from './counted-model.ts';

export const participation: CountedModel = {
  views: () => [assists],
  rows: (snapshot, selection, rename) => placeRows(snapshot, selection, rename, ([, , count = 0, value = 0]) => [count, value]),
};

export const assisted: CountedModel = {
  views: () => [assists],
  rows: (snapshot, selection, rename) => placeRows(snapshot, selection, rename, ([count = 0, value = 0]) => [count, value]),
};

/** A conversion counts once for a channel, and once for each of its campaigns: the view has rows for both. */
function placeRows(
  snapshot: Pick<Snapshot, 'project'>,
  { days, by, equal }: Selection,
  rename: Rename | null,
  countAndValue: (measures: readonly Integer[]) => readonly [Integer, Integer],
): Rows {
  const byCampaign = by.includes('campaign') || equal['campaign'] !== undefined;
  const dimensions = byCampaign ? [...by.filter((dimension) => dimension !== 'campaign'), 'campaign'] : by;
  const selection = { days, by: dimensions, equal: byCampaign ? equal : { ...equal, campaign: '' } };
  const counted = namedRows(snapshot, assists, selection, rename);
  const rows: Rows = new Map();
  const at = dimensions.indexOf('campaign');
  const kept = by.map((dimension) => dimensions.indexOf(dimension));
  for (const [key, measures] of counted) {
    const parts = key.split('\t');
    if (byCampaign && parts[at] === '') continue;
    const [count, value] = countAndValue(measures);
    addRow(rows, kept.map((i) => parts[i]).join('\t'), [multiply(count, CREDIT_UNIT_MICROS), value]);
  }
  return rows;
}
