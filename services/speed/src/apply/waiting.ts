/** What was begun and waits to be applied: in which order, as far as the work of one iteration goes. Pure. */

interface Waiting<Run> {
  readonly run: Run;
}

/** One batch of each partition in one iteration, and none once its work is spent, but for the first. */
export function mayApply<Run>(applied: ReadonlyMap<Run, unknown>, run: Run, workLeft: number): boolean {
  return !applied.has(run) && (applied.size === 0 || workLeft > 0);
}

/** What is left, and the rests of batches that were cut short: these go behind the other partitions, in order within their own. */
export function reordered<P extends Waiting<unknown>>(left: readonly P[], rests: readonly P[]): P[] {
  const cut = new Set(rests.map(({ run }) => run));
  return [...left.filter(({ run }) => !cut.has(run)), ...rests, ...left.filter(({ run }) => cut.has(run))];
}
