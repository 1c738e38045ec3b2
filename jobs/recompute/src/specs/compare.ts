/** What readers saw just before a generation against what it computed: question and answer of the comparing child. */
import type { StoredFile } from '@tributary/archive/layout';
import type { Integer } from '@tributary/model/integer';

export interface CompareSpec {
  readonly dataDir: string;
  /** A folder of this comparison alone, for what does not fit into memory. */
  readonly tempDir: string;
  readonly views: readonly ComparedView[];
  /** Rows listed for each view, the largest differences first. */
  readonly listedRows: number;
  /** Up to how many rows, before, after and deltas together, a view is compared in memory. */
  readonly fewRows?: number;
  readonly limits: { readonly memoryMb: number; readonly threads: number };
}

export interface ComparedView {
  readonly name: string;
  readonly dimensions: readonly string[];
  readonly measures: readonly string[];
  /** The view that readers took before; null: there was none. */
  readonly before: StoredFile | null;
  /** What was added to it. */
  readonly deltas: ComparedDeltas | null;
  readonly after: StoredFile;
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
  readonly rowsBefore: number;
  readonly rowsAfter: number;
  readonly rowsDiffering: number;
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
}

export interface DifferingRow {
  readonly key: Readonly<Record<string, string>>;
  readonly measures: Readonly<Record<string, BeforeAfter>>;
}
