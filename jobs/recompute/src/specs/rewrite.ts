/** What the child is asked to write again: plain JSON over a pipe. */
import type { RewritePlan } from '@tributary/archive/rewrite/plan';

export interface RewriteSpec extends RewritePlan {
  readonly dataDir: string;
  readonly generation: number;
  readonly attempt: string;
  readonly nowMs: number;
  readonly limits: { readonly memoryMb: number; readonly threads: number };
}
