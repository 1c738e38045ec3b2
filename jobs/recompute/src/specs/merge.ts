/** What the child is asked to merge: plain JSON over a pipe. */
import type { Block } from '@tributary/archive/blocks';

export interface MergeSpec {
  readonly dataDir: string;
  readonly generation: number;
  readonly attempt: string;
  readonly blocks: readonly Block[];
  readonly limits: { readonly memoryMb: number; readonly threads: number };
}
