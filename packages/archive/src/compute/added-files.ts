/**
 * The rows of a view lie in several files, which add up: most runs change a small part of them, and write that part alone. Files that
 * are read with every generation stay few and small: the largest has at least two thirds of all rows.
 */
import type { StoredFile } from '../layout.ts';

/** Files of a view, at most. */
const MOST_FILES = 4;

export interface AddedLimits {
  /** A file of fewer rows is written again as fast as another one beside it. */
  readonly fewRows: number;
  /** What is added to the largest file, as a part of its rows. */
  readonly mostShare: number;
}

const ADDED: AddedLimits = { fewRows: 2_000, mostShare: 0.5 };

/** Files of the base that stay as they are, and those whose rows are summed with what the run changes. */
export interface AddedFiles {
  readonly stay: readonly StoredFile[];
  readonly summed: readonly StoredFile[];
}

/** `held`: the files of the base. `changed`: rows that the run adds to them. `most`: rows that may be kept; null: any number. */
export function addedFiles(
  held: readonly StoredFile[],
  changed: number,
  most: number | null,
  { fewRows, mostShare } = ADDED,
): AddedFiles {
  const [largest, ...others] = [...held].sort((a, b) => b.rows - a.rows);
  const added = others.reduce((sum, { rows }) => sum + rows, changed);
  const isMuch = largest === undefined || largest.rows < fewRows || added > mostShare * largest.rows;
  if (isMuch || (most !== null && largest.rows + added > most)) return { stay: [], summed: held };
  return held.length < MOST_FILES ? { stay: held, summed: [] } : { stay: [largest], summed: others };
}
