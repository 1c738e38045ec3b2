/**
 * Computes while the files it reads are verified: hashing costs one core as long as starting the child does. A result counts only
 * if every file was what its manifest says (law 7); a damaged one ends the child, and is what the run fails with.
 */
import type { StoredFile } from '@tributary/archive/layout';
import { verifyFiles } from '@tributary/archive/verify';
import type { RunPorts } from '../ports.ts';
import type { ComputeResult, ComputeSpec } from './spec.ts';

export async function computeVerified(
  spec: ComputeSpec,
  ports: Pick<RunPorts, 'compute' | 'limits'>,
  signal: AbortSignal,
): Promise<ComputeResult> {
  const damaged = new AbortController();
  const verifying = verifyFiles(spec.dataDir, filesRead(spec)).catch((error: unknown) => {
    damaged.abort(error);
    throw error;
  });
  const computing = ports.compute(spec, {
    timeoutMs: ports.limits.computeTimeoutMs,
    signal: AbortSignal.any([signal, damaged.signal]),
  });
  const [verified, computed] = await Promise.allSettled([verifying, computing]);
  if (verified.status === 'rejected') throw verified.reason;
  if (computed.status === 'rejected') throw computed.reason;
  return computed.value;
}

function filesRead({ arrivals, base, reuseRows }: ComputeSpec): StoredFile[] {
  if (base === null) return arrivals.flat();
  const rows = reuseRows ? [...Object.values(base.views), ...base.conversions] : [];
  return [...arrivals.flat(), ...base.events, ...rows];
}
