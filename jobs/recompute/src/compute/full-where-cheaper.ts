/** Corrections that concern many journeys are computed by a full run, where that is cheaper (packages/archive/src/compute/weigh.ts). */
import { planCompute } from '@tributary/archive/compute/compute-plan';
import type { ComputeSpec } from '@tributary/archive/compute/spec';
import type { GenerationManifest } from '@tributary/archive/layout';
import { isFullCheaper, mayBeFull } from '@tributary/archive/plan/base';
import { retiredBefore } from '@tributary/archive/retention/retired';
import type { RunPorts } from '../ports.ts';

interface Planned {
  readonly manifest: GenerationManifest;
  readonly spec: ComputeSpec;
}

/** What it would compute, or the same from all of the archive. A retried run asks the same partitions, and decides alike. */
export async function orFull(
  planned: Planned,
  demand: Omit<Parameters<typeof planCompute>[1], 'manifest'>,
  ports: RunPorts,
  signal: AbortSignal,
): Promise<Planned> {
  const { manifest, spec } = planned;
  const { base } = spec;
  if (base === null || !spec.reuseRows || !mayBeFull(spec.reread, base, ports.limits.weighFromRows)) return planned;
  const near = await nearChanged(planned, ports, signal);
  // A full run would lose what the base keeps of retired events.
  if (near === null || !isFullCheaper(near) || (await retiredBefore(ports.dataDir)) !== null) return planned;
  const { generation } = manifest;
  ports.note(
    'more than 30 % of the touches and conversions lie near events that corrections change: all of the archive is computed',
    {
      generation,
      near,
    },
  );
  const full = { ...manifest, mode: 'full', base: null } as const;
  return { manifest: full, spec: await planCompute(ports.dataDir, { ...demand, manifest: full }) };
}

/** null: it is not known. What is wrong with the archive, the computing says. */
async function nearChanged({ manifest, spec }: Planned, ports: RunPorts, signal: AbortSignal): Promise<number | null> {
  try {
    return await ports.weigh(spec, { timeoutMs: ports.limits.computeTimeoutMs, signal });
  } catch (error) {
    signal.throwIfAborted();
    ports.note('how much corrections concern is not known', { generation: manifest.generation, error: String(error) });
    return null;
  }
}
