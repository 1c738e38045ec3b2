/** The rows of each model in one report, all keyed alike: `[creditMicros, valueMinor]` by the dimensions asked for. */
import { distribute } from '@tributary/attribution/distribute';
import { type Integer, multiply } from '@tributary/model/integer';
import { CREDIT_UNIT_MICROS } from '@tributary/model/money';
import type { Selection } from '@tributary/serving/merge';
import type { Snapshot } from '@tributary/serving/snapshot';
import { assists } from '@tributary/views/assists/fold';
import { credit } from '@tributary/views/credit/fold';
import { addRow, type Rows } from '@tributary/views/deltas';
import { positions } from '@tributary/views/positions/fold';
import { NONE } from '@tributary/views/timeline';
import type { View } from '@tributary/views/view';
import type { ModelName, SharedModel } from '../models/catalogue.ts';
import type { Rename } from '../models/channel-names.ts';
import { rekeyed, renamedRows } from './row-keys.ts';

/** Rows of a view, channels under the names of the report. */
export function namedRows(
  snapshot: Pick<Snapshot, 'project'>,
  view: View,
  { days, by, equal }: Selection,
  rename: Rename | null,
): Rows {
  if (rename === null) return snapshot.project(view, { days, by, equal });
  const { channel, ...others } = equal;
  const dimensions = by.filter((dimension) => dimension !== 'channel');
  const rows = renamedRows(snapshot.project(view, { days, by: ['channel', ...dimensions], equal: others }), rename);
  return rekeyed(rows, ['channel', ...dimensions], by, channel === undefined ? {} : { channel });
}

/** What a view counts already, model by model. */
export function countedRows(
  snapshot: Pick<Snapshot, 'project'>,
  model: Exclude<ModelName, SharedModel>,
  selection: Selection,
  rename: Rename | null,
): Rows {
  switch (model) {
    case 'orderedShapley':
      return orderedShapleyRows(snapshot, selection, rename);
    case 'participation':
      return placeRows(snapshot, selection, rename, [2, 3]);
    case 'assisted':
      return placeRows(snapshot, selection, rename, [0, 1]);
    default:
      return namedRows(snapshot, credit, { ...selection, equal: { ...selection.equal, model } }, rename);
  }
}

/** A conversion counts once for a channel, and once for each of its campaigns: the view has rows for both. */
function placeRows(
  snapshot: Pick<Snapshot, 'project'>,
  { days, by, equal }: Selection,
  rename: Rename | null,
  measures: readonly [number, number],
): Rows {
  const byCampaign = by.includes('campaign') || equal['campaign'] !== undefined;
  const dimensions = byCampaign ? [...by.filter((dimension) => dimension !== 'campaign'), 'campaign'] : by;
  const selection = { days, by: dimensions, equal: byCampaign ? equal : { ...equal, campaign: '' } };
  const counted = namedRows(snapshot, assists, selection, rename);
  const rows: Rows = new Map();
  const at = dimensions.indexOf('campaign');
  const kept = by.map((dimension) => dimensions.indexOf(dimension));
  for (const [key, row] of counted) {
    const parts = key.split('\t');
    if (byCampaign && parts[at] === '') continue;
    const [count = 0, value = 0] = measures.map((measure) => row[measure]);
    addRow(rows, kept.map((i) => parts[i]).join('\t'), [multiply(count, CREDIT_UNIT_MICROS), value]);
  }
  return rows;
}

/** The view has no campaigns: a channel's credit in a cell goes to its campaigns there by their linear credit. */
function orderedShapleyRows(snapshot: Pick<Snapshot, 'project'>, { days, by, equal }: Selection, rename: Rename | null): Rows {
  const { campaign, ...others } = equal;
  if (campaign === undefined && !by.includes('campaign'))
    return namedRows(snapshot, positions, { days, by, equal: others }, rename);

  const cell = [
    'channel',
    ...by.filter((dimension) => dimension !== 'channel' && dimension !== 'campaign' && dimension !== 'position'),
  ];
  const placed = by.includes('position') ? [...cell, 'position'] : cell;
  const counted = namedRows(snapshot, positions, { days, by: placed, equal: others }, rename);
  const linear = namedRows(snapshot, credit, { days, by: [...cell, 'campaign'], equal: { ...others, model: 'linear' } }, rename);
  const campaigns = new Map<string, { campaign: string; creditMicros: number }[]>();
  for (const key of [...linear.keys()].sort()) {
    const [creditMicros = 0] = linear.get(key) ?? [];
    const end = key.lastIndexOf('\t');
    const found = { campaign: key.slice(end + 1), creditMicros: Number(creditMicros) };
    const list = campaigns.get(key.slice(0, end));
    if (creditMicros <= 0) continue;
    if (list === undefined) campaigns.set(key.slice(0, end), [found]);
    else list.push(found);
  }
  const rows: Rows = new Map();
  for (const [key, [micros = 0, value = 0]] of counted) {
    const within = key.split('\t').slice(0, cell.length).join('\t');
    const places = campaigns.get(within) ?? [{ campaign: NONE, creditMicros: 1 }];
    const weights = places.map(({ creditMicros }) => creditMicros);
    const credits = distribute(micros, weights);
    const values = distribute(value, weights);
    places.forEach((place, i) => {
      addRow(rows, `${key}\t${place.campaign}`, [credits[i] as Integer, values[i] as Integer]);
    });
  }
  return rekeyed(rows, [...placed, 'campaign'], by, campaign === undefined ? {} : { campaign });
}
