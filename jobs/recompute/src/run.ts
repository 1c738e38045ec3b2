/** One run of the batch layer: what was asked for, and what a retry of it remembers. */
import type { GenerationManifest, Publication, StagedPromotion } from '@tributary/archive/layout';
import type { RunProgress } from '@tributary/queue/run-records';
import type { ShardFlow } from './ports.ts';

export interface Run {
  readonly mode: 'incremental' | 'full';
  /** Goes into the manifest: `schedule`, `demand by …`. */
  readonly reason: string;
  /** A scheduled run does not publish over a rollback. */
  readonly scheduled: boolean;
  /** Canonical JSON of new definitions; null: those in force. */
  readonly definitions: string | null;
  /** When readers get what is computed; absent: at once. */
  readonly promotion?: StagedPromotion;
  /** Where an earlier attempt of this very run got to. */
  readonly begun: Begun | null;
  /** Keeps `begun` for the next attempt, durably. */
  readonly remember: (begun: Begun) => Promise<void>;
  /** Asked right before it ends, whatever it then publishes: rejects where the run was cancelled, and from then on it cannot be. Absent: it cannot be cancelled. */
  readonly end?: (how?: { readonly isIdle: boolean }) => Promise<void>;
  /** For those who watch it; never fails. */
  readonly report?: (progress: RunProgress) => void;
  /** Others who compute shards; absent: there are none. */
  readonly shards?: ShardFlow;
}

/** Asked for; more moves than it may; it was not compared; rows differ for no known reason. */
export type StagedBecause = 'asked' | 'moves_more' | 'not_compared' | 'engine_defect';

export interface Begun {
  readonly generation: number;
  /** The newest publication when the run began, 0 for none: a run that publishes meanwhile knows better. */
  readonly sequence: number;
}

export interface RunOutcome {
  /** Where the run found nothing new: the generation after which nothing came. */
  readonly generation: number;
  readonly published: 'published' | 'already' | 'held' | 'overtaken' | 'staged' | 'nothing_new';
  /** Why it waits for somebody; absent: it does not. */
  readonly stagedBecause?: StagedBecause;
  readonly counts: GenerationManifest['counts'];
  /** What readers take now. */
  readonly publication: Publication | null;
}
