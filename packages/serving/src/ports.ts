/** What the merge needs from outside. A `main.ts` gives it the store, the data folder and the log; tests give it fakes. */
import type { GenerationManifest, Publication } from '@tributary/archive/layout';
import type { Definitions } from '@tributary/model/definitions';
import type { ServingStore } from '@tributary/store/serving-store';
import type { Rows, RowsByView } from '@tributary/views/deltas';
import type { View } from '@tributary/views/view';

/** Generations, publications and what was computed. The fsynced files of the data folder are the truth. */
export interface GenerationSource {
  /** The newest publication; null before the first. */
  publication(): Promise<Publication | null>;
  /** Every generation, newest first. */
  manifests(): Promise<GenerationManifest[]>;
  /** null when there is no such generation, or no longer. Rejects with `manifest_corrupt`. */
  manifest(generation: number): Promise<GenerationManifest | null>;
  /** The archive may lack events that happened before this instant, epoch ms; null, or absent: it lacks none. */
  retiredBefore?(): Promise<number | null>;
  /** All view rows of a computed generation, checked against its manifest, which may lack views younger than it. Rejects with `archive_corrupt`. */
  viewRows(manifest: GenerationManifest): Promise<RowsByView>;
  /** The rows of a view that the generation keeps by partition (views/by-partition.ts). Rejects with `archive_corrupt`. */
  rowsByPartition(manifest: GenerationManifest, view: View): Promise<Rows>;
}

/** The part of the log that says how far it goes. */
export interface LogReach {
  /** Others write to the log too, and may put an event of any user into any partition. */
  readonly mayMisplace?: true;
  ends(): Promise<readonly (string | null)[]>;
  starts(): Promise<readonly (string | null)[]>;
  ageAfter(after: ReadonlyMap<number, string | null>): Promise<ReadonlyMap<number, number>>;
  /** As of the log (packages/log/src/port.ts). */
  hasDropped?(upTo: readonly string[]): Promise<boolean>;
  /** When the entry at a position was appended, epoch ms; absent where positions do not say it. */
  dateOf?(position: string): number;
}

/** Infinity: without end, and without a timer. */
export interface ServingLimits {
  /** Answers are incomplete while an entry of the log that is so old has not been applied by the speed layer. */
  readonly patienceMs: number;
  /** A report waits so long for the store before it is given what is held. */
  readonly freshMs: number;
  /** What is held is given up to this age. */
  readonly staleMs: number;
}

export const SERVING_LIMITS: ServingLimits = { patienceMs: 10_000, freshMs: 1_000, staleMs: 60_000 };

export interface ServingDeps {
  readonly partitions: number;
  readonly store: Pick<ServingStore, 'pointer' | 'states' | 'follow' | 'readWhole'>;
  readonly source: GenerationSource;
  readonly logReach: LogReach;
  /** As of `GenerationsOptions` (generations/served.ts). */
  readonly mayFallBack?: (manifest: GenerationManifest) => Promise<boolean>;
  /** Definitions from their canonical JSON. */
  readonly storedDefinitions: (json: string) => Definitions;
  /** In force before the first event and the first generation. */
  readonly defaultDefinitions: Definitions;
  readonly now: () => number;
  readonly limits: ServingLimits;
  readonly onWarning: (message: string, cause: unknown) => void;
}
