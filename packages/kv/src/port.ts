/**
 * SpeedStore: where the speed layer keeps its state, one atomic commit per partition and batch.
 *
 * Invariants (contract suite in the test kit):
 *  1. A commit applies whole or not at all, and only if the stored position equals `expected` (the fence, law 3).
 *  2. State and position travel together: whatever the store lost, it lost the position that covers it as well.
 *  3. A commit that was applied and is sent again answers `already`; nothing is written twice.
 *  4. A writer that fell behind is `fenced`; a store that fell behind the writer (lost writes) answers `rewound`.
 *     After `fenced` or `rewound` the writer drops all caches and reloads state and position.
 */
import type { RowsByView } from '@tributary/views/deltas';

/** What is stored about one partition beside its users and deltas. */
export interface PartitionState {
  /** Position of the last log entry whose effects are in the store; null: nothing read yet. */
  readonly position: string | null;
  /** The identity of the log that `position` belongs to. */
  readonly logIdentity: string;
  /** The largest `receivedAt` seen, epoch ms. */
  readonly logTimeMs: number;
  /** Deltas are being added under this generation; 0 before the first barrier. */
  readonly generation: number;
  /** Canonical JSON of the definitions in force. */
  readonly definitions: string;
}

export interface DeadLetter {
  /** `position.index` of the record in its partition. */
  readonly at: string;
  readonly code: string;
  readonly message: string;
  readonly raw: string;
}

export interface Commit {
  readonly partition: number;
  readonly expected: string | null;
  readonly id: string;
  readonly next: PartitionState & { readonly position: string };
  /** Lines (each ending in "\n") to append to users' records. */
  readonly appends: ReadonlyMap<string, string>;
  /** Whole records to put in place of what is there: trimmed ones. */
  readonly rewrites: ReadonlyMap<string, string>;
  /** Added under `deltasGeneration`. */
  readonly deltas: RowsByView;
  readonly deltasGeneration: number;
  /** Late events since the cut whose effect on frozen rows waits for the next generation. */
  readonly pending: number;
  /** Users whose timelines outgrew their bound: their rows are exact again after the next generation. */
  readonly overflowed: number;
  /** Conversion id → user key: where to find a conversion's path. */
  readonly conversions: ReadonlyMap<string, string>;
  /** Present when the batch ends with the barrier of a generation. */
  readonly barrier?: { readonly generation: number };
  readonly parked: readonly DeadLetter[];
}

export type CommitOutcome = 'committed' | 'already' | 'fenced' | 'rewound';

export interface SpeedStore {
  loadState(partition: number): Promise<PartitionState | null>;
  /** The users' records (lines, each ending in "\n", in arrival order), null where there is none. */
  loadRecords(partition: number, userKeys: readonly string[]): Promise<(string | null)[]>;
  /** Rejects with `store_unavailable` when the outcome is unknown: sending the same commit again is safe. */
  commit(commit: Commit): Promise<CommitOutcome>;
}
