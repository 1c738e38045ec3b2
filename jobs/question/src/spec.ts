/** What the child is asked to compute, and what it answers: plain JSON over a pipe. */
import type { SetResult } from '@tributary/archive/asked/training-sets';
import type { ComputeSpec } from '@tributary/archive/compute/spec';
import type { GenerationManifest } from '@tributary/archive/layout';

/** The views of a base's events under other definitions. Its files lie in `folder`, relative to the data folder. */
export interface QuestionSpec extends ComputeSpec {
  readonly folder: string;
}

export type QuestionViews = Pick<GenerationManifest, 'views' | 'leftOut'> & {
  /** To how many events each correction applies; absent: there are none. */
  readonly corrected?: Readonly<Record<string, number>>;
  /** Events of the base that count otherwise. */
  readonly recounted: number;
};

/** A training set: its rows are read from the data folder. */
export interface SetSpec {
  readonly dataDir: string;
  readonly id: string;
  readonly attempt: string;
  /** Relative to the data folder. */
  readonly staging: string;
  /** Memory of DuckDB, MiB. */
  readonly memoryMb: number;
}

export type SetMade = Omit<SetResult, 'tookMs' | 'at' | 'failure'>;
