/**
 * What of a plan concerns some days, users or views: which of their rows the run may change, and why. A run has no range: it computes all
 * that is new. A row of a day depends on the events that its view's lens reaches, so these days are asked about as well; files are of a
 * day and a partition, so what is said here is an upper bound.
 */
import type { Definitions } from '@tributary/model/definitions';
import { DAY_MS, dayOf, MAX_INSTANT_MS } from '@tributary/model/time';
import { partitionOf } from '@tributary/model/user-key';
import { VIEWS, type ViewName } from '@tributary/views/registry';
import type { View } from '@tributary/views/view';
import type { GenerationManifest, StoredFile } from '../layout.ts';

export interface Within {
  /** Rows of the days from that of this instant on, epoch ms; absent: from the first. */
  readonly fromMs?: number;
  /** Up to this instant, which does not count any more; absent: to the last. */
  readonly toMs?: number;
  /** Rows to which these user keys add; absent: all. */
  readonly users?: readonly string[];
  /** Absent: all. */
  readonly views?: readonly ViewName[];
}

/**
 * Why rows may be others after the run.
 * - `new_events`: events that it reads lie where these rows look.
 * - `corrections`: so do events of days in which corrections changed.
 * - `definitions`: other definitions make other rows.
 * - `not_computed`: the published generation lacks the view.
 * - `full`: all of the archive is computed.
 */
export type StaleReason = 'new_events' | 'corrections' | 'definitions' | 'not_computed' | 'full';

export interface StaleView {
  readonly view: ViewName;
  /** Empty: its rows stay as they are. */
  readonly because: readonly StaleReason[];
  /** Events that the run reads where these rows look, at most. */
  readonly rows: number;
  /** How many more it reads again there, at most. */
  readonly reread: number;
}

export interface WithinPlan {
  /** Partitions in which events of these users are. */
  readonly partitions: number;
  readonly views: readonly StaleView[];
}

type DatedFile = StoredFile & { readonly date: string };

export interface ReadByRun {
  readonly definitions: Definitions;
  readonly published: Pick<GenerationManifest, 'views'> | null;
  /** All rows are computed, whatever came. */
  readonly isWhole: boolean;
  readonly otherRows: boolean;
  /** By partition. */
  readonly arrivals: readonly (readonly DatedFile[])[];
  readonly reread: readonly (readonly DatedFile[])[];
}

export function planWithin(within: Within, run: ReadByRun): WithinPlan {
  const { users, views } = within;
  const { arrivals, reread, definitions } = run;
  const isJoined = definitions.joinedMs !== null;
  // A link moves events from key to key, of any day: then neither bounds anything.
  const partitions =
    users === undefined || isJoined
      ? arrivals.map((_, partition) => partition)
      : [...new Set(users.map((user) => partitionOf(user, arrivals.length)))];
  const chosen = (files: ReadByRun['arrivals']) => partitions.flatMap((partition) => files[partition] ?? []);
  const [read, again] = [chosen(arrivals), chosen(reread)];
  const asked = VIEWS.filter(({ name }) => views === undefined || views.includes(name as ViewName));
  return {
    partitions: partitions.length,
    views: asked.map((view) => {
      const isNear = isJoined ? () => true : nearDays(view, within, definitions);
      const rowsOf = (files: readonly DatedFile[]) => files.reduce((sum, { date, rows }) => sum + (isNear(date) ? rows : 0), 0);
      const amounts = { rows: rowsOf(read), reread: rowsOf(again) };
      return { view: view.name as ViewName, because: reasons(view, amounts, run), ...amounts };
    }),
  };
}

function reasons(
  { name }: View,
  { rows, reread }: Pick<StaleView, 'rows' | 'reread'>,
  { published, isWhole, otherRows }: ReadByRun,
): StaleReason[] {
  const found: [StaleReason, boolean][] = [
    ['not_computed', published === null || !(name in published.views)],
    ['full', isWhole],
    ['definitions', otherRows],
    ['corrections', reread > 0],
    ['new_events', rows > 0],
  ];
  return found.flatMap(([reason, is]) => (is ? [reason] : []));
}

/** Whether a file of this date (a day, month or year) may have events that rows of the asked days look at. */
function nearDays({ lens }: View, { fromMs, toMs }: Within, definitions: Definitions): (date: string) => boolean {
  const first = fromMs === undefined ? '' : dayOf(Math.max(0, startOfDay(fromMs) - lens.reachMs(definitions)));
  const end = toMs === undefined ? MAX_INSTANT_MS : startOfDay(toMs - 1) + DAY_MS + lens.revisableMs(definitions);
  const last = dayOf(Math.min(MAX_INSTANT_MS, end - 1));
  // The text of a month or a year sorts before that of each day in it.
  return (date) => date <= last && `${date}~` > first;
}

function startOfDay(ms: number): number {
  return ms - (((ms % DAY_MS) + DAY_MS) % DAY_MS);
}
