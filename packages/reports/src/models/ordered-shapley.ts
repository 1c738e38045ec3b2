import { distribute } from '@tributary/attribution/distribute';
import type { Integer } from '@tributary/model/integer';
import type { Selection } from '@tributary/serving/merge';
import type { Snapshot } from '@tributary/serving/snapshot';
import { credit } from '@tributary/views/credit/fold';
import { addRow, type Rows } from '@tributary/views/deltas';
import { positions } from '@tributary/views/positions/fold';
import { NONE } from '@tributary/views/timeline';
import { namedRows, type Rename, rekeyed } from '../row-keys.ts';
import type { CountedModel } from './counted-model.ts';

export const orderedShapley: CountedModel = {
  family: 'dataDriven',
  rule: "Shapley value of the sum game by position: a channel's part of a conversion shared equally by its touches",
  effect: 'φ, in conversions',
  parameters: ['position'],
  views: [positions],
  rows: orderedRows,
};

/** The view has no campaigns: a channel's credit in a cell goes to its campaigns there by their linear credit. */
function orderedRows(snapshot: Pick<Snapshot, 'project'>, { days, by, equal }: Selection, rename: Rename | null): Rows {
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
