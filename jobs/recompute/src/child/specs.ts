/** What the child is given for its smaller tasks. */
import type { Block } from '@tributary/archive/blocks';
import type { GenerationManifest } from '@tributary/archive/layout';

export interface LoadSpec {
  readonly dataDir: string;
  readonly attempt: string;
  readonly manifest: Pick<GenerationManifest, 'generation' | 'views'>;
  readonly memoryMb: number;
}

export interface MergeSpec {
  readonly dataDir: string;
  readonly generation: number;
  readonly attempt: string;
  readonly blocks: readonly Block[];
  readonly limits: { readonly memoryMb: number; readonly threads: number };
}
