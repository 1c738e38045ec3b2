/** Old generations lose their files, and the deltas that came after them go. */
import { type KeptByAge, retireGenerations } from '@tributary/archive/retire';
import { highestSequence } from '../highest-numbers.ts';
import type { RunPorts } from '../ports.ts';

export async function retire(ports: Pick<RunPorts, 'dataDir' | 'limits' | 'serving' | 'note' | 'now'>): Promise<void> {
  const { dataDir, limits } = ports;
  // The pointer before the files, as publications beside it.
  const above = await highestSequence(ports);
  const { retired, oldestKept, freedBytes } = await retireGenerations(dataDir, limits.keepGenerations, above, keptByAge(ports));
  if (oldestKept > 0) await ports.serving.retireDeltas(oldestKept);
  if (retired.length > 0) ports.note('retired old generations', { retired, oldestKept, freedBytes });
}

/** Which older generations stay now; none by default. */
export function keptByAge({ limits, now }: Pick<RunPorts, 'limits' | 'now'>): KeptByAge | undefined {
  return limits.keepForMs === 0 ? undefined : { since: now() - limits.keepForMs, mostBytes: limits.keepBytes };
}
