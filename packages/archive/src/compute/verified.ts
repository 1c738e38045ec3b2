/**
 * Computes while the files it reads are verified: hashing costs one core as long as starting the child does. A result counts only
 * if every file was what its manifest says (law 7); a damaged one ends the child, and is what the run fails with. So a child that fails does
 * not end the verifying, while `signal` ends both.
 */

import type { ChildOptions } from '../child/run-child.ts';
import type { StoredFile } from '../layout.ts';
import { verifyFiles } from '../verify.ts';
import type { ComputeResult, ComputeSpec } from './spec.ts';

export interface ComputePorts {
  readonly compute: (spec: ComputeSpec, options: ChildOptions) => Promise<ComputeResult>;
  readonly limits: { readonly computeTimeoutMs: number };
}

export function computeVerified(spec: ComputeSpec, ports: ComputePorts, signal: AbortSignal): Promise<ComputeResult> {
  const compute = (abort: AbortSignal) => ports.compute(spec, { timeoutMs: ports.limits.computeTimeoutMs, signal: abort });
  return whileVerifying(spec.dataDir, filesRead(spec), signal, compute);
}

export async function whileVerifying<T>(
  dataDir: string,
  files: readonly StoredFile[],
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const damaged = new AbortController();
  const verifying = verifyFiles(dataDir, files, signal).catch((error: unknown) => {
    damaged.abort(error);
    throw error;
  });
  const [verified, worked] = await Promise.allSettled([verifying, work(AbortSignal.any([signal, damaged.signal]))]);
  if (verified.status === 'rejected') throw verified.reason;
  if (worked.status === 'rejected') throw worked.reason;
  return worked.value;
}

/** The parts of a merge are left out: they were verified when they were gathered. */
export function filesRead({ arrivals, reread, base, reuseRows, parts }: ComputeSpec): StoredFile[] {
  const arrived = parts === undefined ? [...arrivals, ...(reread?.files ?? [])].flat() : [];
  if (base === null) return arrived;
  const rows = reuseRows ? [...Object.values(base.views).flat(), ...base.conversions] : [];
  return [...arrived, ...base.events, ...rows];
}
