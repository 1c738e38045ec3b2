/** Old generations lose their files, and the deltas that came after them go. */
import { retireGenerations } from '@tributary/archive/retire';
import type { RunPorts } from '../ports.ts';

export async function retire(ports: RunPorts): Promise<void> {
  const { retired, oldestKept, freedBytes } = await retireGenerations(ports.dataDir, ports.limits.keepGenerations);
  if (oldestKept > 0) await ports.serving.retireDeltas(oldestKept);
  if (retired.length > 0) ports.note('retired old generations', { retired, oldestKept, freedBytes });
}
