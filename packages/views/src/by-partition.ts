/**
 * Views whose rows a generation keeps by partition as well: a partition is a group of users, and how sure a model is follows from what
 * it says without each group. Real time keeps all rows by partition. Intervals are of whole channels: rows of groups have no campaign.
 */
import type { RowKey } from './deltas.ts';
import { VIEWS } from './registry.ts';
import type { View } from './view.ts';

export const GROUPED_VIEWS: readonly View[] = VIEWS.filter(({ keptByPartition }) => keptByPartition !== undefined);

/** What only rules read: kept by partition only up to `MOST_GROUPED_ROWS`, for their days, models and paths may be many (decision 33). */
function isBounded({ keptByPartition }: View): boolean {
  return keptByPartition === 'bounded';
}

/** Rows by partition of a bounded view that a generation keeps: the API holds them in memory, some 200 bytes each. */
export const MOST_GROUPED_ROWS = 500_000;

/** Names and columns of rows by partition. */
export interface GroupedView extends Pick<View, 'name' | 'dimensions' | 'measures'> {
  /** The most rows that are kept; null: however many there are. */
  readonly mostRows: number | null;
}

/** The columns of such rows: the partition comes last, in digits. Summed over it they are the view's own, without campaigns. */
export function byPartition(view: View): GroupedView {
  return {
    name: `${view.name}ByPartition`,
    dimensions: [...withoutCampaign(view).dimensions, 'partition'],
    measures: view.measures,
    mostRows: isBounded(view) ? MOST_GROUPED_ROWS : null,
  };
}

/** The views among them that are kept by partition. */
export function groupedOf(views: readonly View[]): GroupedView[] {
  return views.filter((view) => GROUPED_VIEWS.includes(view)).map(byPartition);
}

/** Whether its own rows are sums of those that its SQL gives by partition. */
export function sumsPartitions(view: View): boolean {
  return GROUPED_VIEWS.includes(view) && !namesCampaigns(view);
}

/**
 * Which rows of the view's SQL are its own, and which those by partition, as a WHERE clause. With a campaign, rows by both would be many: so
 * there are rows of either kind, without a partition and without a campaign. Else rows are by partition, and their sums the view's own.
 */
export function whereRows(view: View, kind: 'own' | 'byPartition'): string {
  if (!GROUPED_VIEWS.includes(view) || !namesCampaigns(view)) return '';
  return kind === 'own' ? 'WHERE partition IS NULL' : 'WHERE partition IS NOT NULL';
}

export function namesCampaigns({ dimensions }: Pick<View, 'dimensions'>): boolean {
  return dimensions.includes(CAMPAIGN);
}

/** The view as rows of one partition have it. */
export function withoutCampaign<V extends Pick<View, 'dimensions'>>(view: V): V {
  return { ...view, dimensions: view.dimensions.filter((dimension) => dimension !== CAMPAIGN) };
}

/** The key of a row of the view as rows of one partition have it. */
export function keyOfGroup({ dimensions }: Pick<View, 'dimensions'>, key: RowKey): RowKey {
  const at = dimensions.indexOf(CAMPAIGN);
  return at < 0 ? key : key.split('\t').toSpliced(at, 1).join('\t');
}

const CAMPAIGN = 'campaign';
