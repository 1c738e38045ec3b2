/** What the child is asked to merge: plain JSON over a pipe. */
import type { Block } from '@tributary/archive/blocks';

export interface MergeSpec {
  readonly dataDir: string;
  readonly generation: number;
  readonly attempt: string;
  readonly blocks: readonly Block[];
  /** Partitions with segments that blocks have replaced. */
  readonly sweep: readonly number[];
  readonly nowMs: number;
  readonly limits: { readonly memoryMb: number; readonly threads: number };
}
