import { NONE } from '@tributary/model/channels/channel';
import type { Integer } from '@tributary/model/integer';
import type { Selection } from '@tributary/serving/merge';
import type { Snapshot } from '@tributary/serving/snapshot';
import { credit } from '@tributary/views/credit/fold';
import { addRow, type Rows } from '@tributary/views/deltas';
import { handDownCredit, handDownValue, type LinearPart } from '../hand-down.ts';
import { namedRows, type Rename, rekeyed } from '../row-keys.ts';

/** The finest that the view `credit` has of a channel but its campaigns: whatever is asked for is the sum of these (law 4). */
const CELL = ['channel', 'day', 'type', 'currency'];

/**
 * Rows of a view that has no campaigns, by `selection`: in each day, type and currency a channel's credit goes to its campaigns by their
 * linear credit, and its value by their linear value.
 * `countedBy`: `[creditMicros, valueMinor]` by the dimensions given, of which the channel is one; a campaign is none of them.
 * `alsoBy`: what else the view has, and rows are split by whatever is asked for.
 */
export function withCampaigns(
  snapshot: Pick<Snapshot, 'project'>,
  { days, by, equal }: Selection,
  rename: Rename | null,
  countedBy: (dimensions: readonly string[], equal: Selection['equal']) => Rows,
  alsoBy: readonly string[] = [],
): Rows {
  const { campaign, ...others } = equal;
  if (campaign === undefined && !by.includes('campaign')) return countedBy(by, others);
  const placed = [...CELL, ...alsoBy];
  const linear = namedRows(snapshot, credit, { days, by: [...CELL, 'campaign'], equal: { ...others, model: 'linear' } }, rename);
  const campaigns = campaignsByCell(linear);
  const counted = countedBy(placed, others);
  const wholes = rekeyed(counted, placed, CELL, {});
  const rows: Rows = new Map();
  for (const [key, [micros = 0, value = 0]] of counted) {
    const cell = key.split('\t').slice(0, CELL.length).join('\t');
    const places = campaigns.get(cell) ?? [{ campaign: NONE, creditMicros: 1, valueMinor: 0 }];
    const [whole = 0] = wholes.get(cell) ?? [];
    const credits = handDownCredit(micros, places);
    const values = handDownValue(value, places, whole === 0 ? 1 : Number(micros) / Number(whole));
    places.forEach((place, i) => {
      addRow(rows, `${key}\t${place.campaign}`, [credits[i] as Integer, values[i] as Integer]);
    });
  }
  return rekeyed(rows, [...placed, 'campaign'], by, campaign === undefined ? {} : { campaign });
}

interface CampaignPlace extends LinearPart {
  readonly campaign: string;
}

/** Sorted, so that equal credit is split into equal parts. */
function campaignsByCell(linear: Rows): Map<string, CampaignPlace[]> {
  const campaigns = new Map<string, CampaignPlace[]>();
  for (const key of [...linear.keys()].sort()) {
    const [creditMicros = 0, valueMinor = 0] = linear.get(key) ?? [];
    if (creditMicros <= 0) continue;
    const end = key.lastIndexOf('\t');
    const found = { campaign: key.slice(end + 1), creditMicros, valueMinor };
    const list = campaigns.get(key.slice(0, end));
    if (list === undefined) campaigns.set(key.slice(0, end), [found]);
    else list.push(found);
  }
  return campaigns;
}
