/** Old generations lose their files, and the deltas that came after them go. */
import { retireGenerations } from '@tributary/archive/retire';
import { highestSequence } from '../numbers.ts';
import type { RunPorts } from '../ports.ts';

export async function retire(ports: Pick<RunPorts, 'dataDir' | 'limits' | 'serving' | 'note'>): Promise<void> {
  // The pointer before the files, as publications beside it.
  const above = await highestSequence(ports);
  const { retired, oldestKept, freedBytes } = await retireGenerations(ports.dataDir, ports.limits.keepGenerations, above);
  if (oldestKept > 0) await ports.serving.retireDeltas(oldestKept);
  if (retired.length > 0) ports.note('retired old generations', { retired, oldestKept, freedBytes });
}
