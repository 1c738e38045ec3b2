import { positions } from '@tributary/views/positions/fold';
import { namedRows } from '../row-keys.ts';
import { withCampaigns } from './campaigns.ts';
import type { CountedModel } from './counted-model.ts';

export const orderedShapley: CountedModel = {
  views: () => [positions],
  rows: (snapshot, selection, rename) =>
    withCampaigns(
      snapshot,
      selection,
      rename,
      (by, equal) => namedRows(snapshot, positions, { days: selection.days, by, equal }, rename),
      ['position'],
    ),
};
