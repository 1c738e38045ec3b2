import { distribute } from '@tributary/attribution/distribute';
import type { Integer } from '@tributary/model/integer';
import type { Selection } from '@tributary/serving/merge';
import type { Snapshot } from '@tributary/serving/snapshot';
import { credit } from '@tributary/views/credit/fold';
import { addRow, type Rows } from '@tributary/views/deltas';
import { NONE } from '@tributary/views/timeline';
import { namedRows, type Rename, rekeyed } from '../row-keys.ts';

/**
 * Rows of a view that has no campaigns, by `selection`: a channel's credit in a cell goes to its campaigns there by their linear credit.
 * `countedBy`: `[creditMicros, valueMinor]` by the dimensions given, of which the channel is one; a campaign is none of them.
 */
export function withCampaigns(
  snapshot: Pick<Snapshot, 'project'>,
  { days, by, equal }: Selection,
  rename: Rename | null,
  countedBy: (dimensions: readonly string[], equal: Selection['equal']) => Rows,
): Rows {
  const { campaign, ...others } = equal;
  if (campaign === undefined && !by.includes('campaign')) return countedBy(by, others);
  const cell = [
    'channel',
    ...by.filter((dimension) => dimension !== 'channel' && dimension !== 'campaign' && dimension !== 'position'),
  ];
  const placed = by.includes('position') ? [...cell, 'position'] : cell;
  const linear = namedRows(snapshot, credit, { days, by: [...cell, 'campaign'], equal: { ...others, model: 'linear' } }, rename);
  const campaigns = campaignsByCell(linear);
  const rows: Rows = new Map();
  for (const [key, [micros = 0, value = 0]] of countedBy(placed, others)) {
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

/** Sorted, so that equal credit is split into equal parts. */
function campaignsByCell(linear: Rows): Map<string, { campaign: string; creditMicros: number }[]> {
  const campaigns = new Map<string, { campaign: string; creditMicros: number }[]>();
  for (const key of [...linear.keys()].sort()) {
    const [creditMicros = 0] = linear.get(key) ?? [];
    if (creditMicros <= 0) continue;
    const end = key.lastIndexOf('\t');
    const found = { campaign: key.slice(end + 1), creditMicros: Number(creditMicros) };
    const list = campaigns.get(key.slice(0, end));
    if (list === undefined) campaigns.set(key.slice(0, end), [found]);
    else list.push(found);
  }
  return campaigns;
}
