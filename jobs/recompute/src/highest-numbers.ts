/**
 * Numbers that were given are never given again, also after `generations/` was lost or replaced by an older copy: what the archive, the
 * speed layer and the pointer still say of a number would be taken for the new one's. So new numbers start above all of them.
 */
import { archivedUpTo } from '@tributary/archive/segments';
import type { RunPorts } from './ports.ts';

/** The highest generation that a seal of the archive, a partition of the speed layer or the pointer names; 0 for none. */
export async function highestGeneration(ports: Pick<RunPorts, 'dataDir' | 'log' | 'serving'>): Promise<number> {
  const partitions = Array.from({ length: ports.log.partitions }, (_, partition) => partition);
  const seals = await Promise.all(partitions.map((partition) => archivedUpTo(ports.dataDir, partition)));
  const states = await ports.serving.states();
  const pointer = await ports.serving.pointer();
  return Math.max(
    0,
    pointer?.generation ?? 0,
    ...seals.map(({ sealed }) => sealed),
    ...states.map((state) => state?.generation ?? 0),
  );
}

/** The sequence that readers may have followed already: they would not follow a publication numbered below it. */
export async function highestSequence(ports: Pick<RunPorts, 'serving'>): Promise<number> {
  return (await ports.serving.pointer())?.sequence ?? 0;
}
