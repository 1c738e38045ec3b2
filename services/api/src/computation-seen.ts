/** How far a computation is, by what it said last and what waits for it. Pure. */
import type { Registration } from '@tributary/archive/computations';
import type { ComputationSeen } from '@tributary/contract/shapes/computation';
import type { Progress } from '@tributary/queue/computation-progress';

type Own = Pick<Registration, 'name' | 'version' | 'mostLagMs' | 'at'>;

/** `said`: the last report, of any version; undefined: none. `lagMs`: how long the oldest line beyond it has waited; null: not known. */
export function seenOf(own: Own, said: Progress | undefined, lagMs: number | null, nowMs: number): ComputationSeen {
  const { name, version } = own;
  // What another version said says nothing of this one.
  const reported = said?.version === version ? said : null;
  return {
    name,
    version,
    state: stateOf(own, reported, lagMs, nowMs),
    lagMs: reported === null ? null : lagMs,
    reportedAt: reported?.at ?? null,
  };
}

function stateOf(
  { mostLagMs, at }: Own,
  reported: Progress | null,
  lagMs: number | null,
  nowMs: number,
): ComputationSeen['state'] {
  const isSilent = nowMs - (reported?.at ?? at) > mostLagMs;
  if (isSilent) return 'STANDS_STILL';
  if (reported === null) return 'NOT_STARTED';
  return lagMs !== null && lagMs > mostLagMs ? 'BEHIND' : 'RUNNING';
}
