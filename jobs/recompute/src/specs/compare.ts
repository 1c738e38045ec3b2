/** What readers saw just before a generation against what it computed: question and answer of the comparing child. */
import type { StoredFile } from '@tributary/archive/layout';
import type { Integer } from '@tributary/model/integer';
import type { Cause, ChangedConversion } from './causes.ts';

export interface CompareSpec {
  readonly dataDir: string;
  /** A folder of this comparison alone, for what does not fit into memory. */
  readonly tempDir: string;
  readonly views: readonly ComparedView[];
  /** Rows listed for each view, the largest differences first. */
  readonly listedRows: number;
  /** Rows that are there before and not after are counted, and none is listed: names in their keys may be of users who were erased. Absent: they are listed. */
  readonly hidesGone?: boolean;
  /** Up to how many rows, before, after and deltas together, a view is compared in memory. */
  readonly fewRows?: number;
  readonly limits: { readonly memoryMb: number; readonly threads: number };
  /** The class of what no cause explains; absent: an engine defect. */
  readonly remainder?: Remainder;
  /** Where causes are looked for; absent: what differs is all of the remainder's class. */
  readonly examine?: ExamineSpec;
}

/**
 * What no cause explains has one class in a run: the first of these that applies. Only where none of the others does is a defect sure.
 *
 *   behind        the speed layer had not read up to the cut, or both layers were cut at different places
 *   definitions   they changed, or the program that computes rows
 *   correction    corrections changed, and no other rule
 *   identity      keys of one person are joined: causes are not looked for there
 *   erasure       users were erased, or lifted: rows of theirs were frozen in real time
 *   overflow      the speed layer said that timelines, or the work on them, outgrew their bounds
 *   unexamined    there was more to examine than a reconciliation does, or the archive does not say what real time took for late
 */
export const REMAINDERS = [
  'behind',
  'definitions',
  'correction',
  'identity',
  'erasure',
  'overflow',
  'unexamined',
  'engineDefect',
] as const;
export type Remainder = (typeof REMAINDERS)[number];
export type DifferenceClass = Cause | Remainder;

/** What arrived between two cuts, and what came before. */
export interface ExamineSpec {
  /** Canonical JSON of the definitions that readers had. */
  readonly definitions: string;
  /** By partition the last segment before the first cut, -1: none; and before the second. */
  readonly cutAfter: readonly number[];
  readonly lastSegment: readonly number[];
  /** The deduplicated events of the first cut. */
  readonly events: readonly StoredFile[];
  /** The same, or none where nothing that arrived since is a copy of any of them. */
  readonly known: readonly StoredFile[];
  /** Digests of users who are erased at either cut: nothing of theirs counts, so nothing of them is a cause. */
  readonly erased: readonly string[];
  readonly limits: ExamineLimits;
}

export interface ExamineLimits {
  readonly users: number;
  /** Archived events of all of them. */
  readonly events: number;
  /** How many of them are held in memory at a time, but for users who have more. */
  readonly heldEvents: number;
  /** Archived events among which theirs are looked for. */
  readonly rows: number;
  /** Conversions that are listed. */
  readonly conversions: number;
  /** How far heartbeats, and clocks of collectors, may be ahead of the log time that events show. */
  readonly clockSlackMs: number;
}

export interface Lateness {
  /** Each event since the cut before in the first that holds it; ms, null: all that came later. */
  readonly within: readonly { readonly ms: number | null; readonly events: number }[];
  /** Late ones by the day on which they happened (UTC), newest first, bounded. */
  readonly days: readonly { readonly date: string; readonly late: number }[];
  /** Those of all older days. */
  readonly olderLate: number;
  /** Late ones that were sent as history. Absent: an earlier version did not count them. */
  readonly lateHistory?: number;
}

/** What the comparing child says. */
export interface Reconciled {
  readonly views: CompareResult;
  readonly remainder: Remainder;
  /** Absent: causes were not looked for. */
  readonly causes?: CausesFound;
}

export interface CausesFound {
  /** Events since the cut before that real time did not count as the batch does, those that change no row included. */
  readonly events: Readonly<Record<Cause, number>>;
  /** Users who were not examined, because there are too many of them or of their events: at least this number. */
  readonly unexamined: number;
  /** Events so near the line that the archive does not say whether real time took them for late. */
  readonly doubted: number;
  /** How long after it happened an event came, by log time. Absent: there was too much to read. */
  readonly lateness?: Lateness;
  /** Conversions that came too late or twice, or have touches that did, with their paths; the newest, bounded. */
  readonly conversions: readonly ChangedConversion[];
  /** How many more there are. Absent: an earlier version did not count them. */
  readonly moreConversions?: number;
}

export interface ComparedView {
  readonly name: string;
  readonly dimensions: readonly string[];
  readonly measures: readonly string[];
  /** The files of the view that readers took before, which add up; null: there was none. */
  readonly before: readonly StoredFile[] | null;
  /** What was added to it. */
  readonly deltas: ComparedDeltas | null;
  readonly after: readonly StoredFile[];
}

export interface ComparedDeltas {
  /** Absolute path of NDJSON of {"d": dimensions, "m": measures as text}. */
  readonly path: string;
  readonly rows: number;
}

/** Amounts of different currencies are never added up. */
export function isAmount(measure: string): boolean {
  return measure.toLowerCase().endsWith('minor');
}

/** By view name. */
export type CompareResult = Readonly<Record<string, ViewComparison>>;

export interface ViewComparison {
  /** What keys of its rows have, also where none is listed. */
  readonly dimensions: readonly string[];
  readonly rowsBefore: number;
  readonly rowsAfter: number;
  readonly rowsDiffering: number;
  /** Rows that either has. */
  readonly rowsCompared: number;
  /** Parts of all differences that add up to them, row by row and so in every sum. */
  readonly classes: Readonly<Partial<Record<DifferenceClass, ClassPart>>>;
  /** Over all rows, exact, by measure; amounts that would add several currencies are left out. */
  readonly totals: Readonly<Record<string, Total>>;
  /** Amounts by currency, then by measure; empty where a view has none. */
  readonly amounts: Readonly<Record<string, Readonly<Record<string, Total>>>>;
  /** The rows with the largest differences. */
  readonly rows: readonly DifferingRow[];
}

export interface BeforeAfter {
  readonly before: Integer;
  readonly after: Integer;
  readonly difference: Integer;
}

export interface Total extends BeforeAfter {
  /** Σ |difference| over the rows: what went from one row to another is in it, though not in the difference of the sums. */
  readonly moved: Integer;
  /** Σ |before| + |after| over the rows: what moved is measured by it. */
  readonly magnitude: Integer;
}

/** What one class has of the differences. */
export interface ClassPart {
  readonly rows: number;
  readonly totals: Readonly<Record<string, Part>>;
  readonly amounts: Readonly<Record<string, Readonly<Record<string, Part>>>>;
}

export interface Part {
  readonly difference: Integer;
  /** Σ |part| over the rows. */
  readonly moved: Integer;
}

export interface DifferingRow {
  readonly key: Readonly<Record<string, string>>;
  readonly measures: Readonly<Record<string, BeforeAfter>>;
  /** By class what it has of the difference, measure by measure. */
  readonly classes: Readonly<Partial<Record<DifferenceClass, Readonly<Record<string, Integer>>>>>;
}
