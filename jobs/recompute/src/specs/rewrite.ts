/** What the child is asked to write again: plain JSON over a pipe. */
export interface RewriteSpec {
  readonly dataDir: string;
  readonly generation: number;
  readonly attempt: string;
  readonly nowMs: number;
  /** When Redis was asked for this attempt to write its files again; absent: it was not. */
  readonly redisFilesAt?: number;
  readonly limits: { readonly memoryMb: number; readonly threads: number };
}
