/** The cut: one barrier in every partition, and the wait until the archive is closed exactly there. */
import type { GenerationManifest, SegmentManifest } from '@tributary/archive/layout';
import { archivedUpTo, readSegment } from '@tributary/archive/segments';
import { TributaryError } from '@tributary/model/errors';
import { type Barrier, MAX_GENERATIONS_AHEAD, stepsTo } from '@tributary/model/partition-record';
import type { RunPorts } from './ports.ts';

const POLL_MS = 50;
/** Each takes a barrier that somebody wrote to the log, or a folder that somebody named. */
const MAX_STEPS = 1_000;

/**
 * Appends the barrier where the archive is not sealed yet. The first one in a partition counts, so a retry may append again.
 * Where somebody's barrier lay so far ahead in one partition that this one would be parked in others, barriers of numbers
 * that no generation has lead there.
 */
export async function raiseBarriers(manifest: GenerationManifest, ports: RunPorts): Promise<void> {
  await Promise.all(
    partitionsOf(ports).map(async (partition) => {
      const { sealed } = await archivedUpTo(ports.dataDir, partition);
      if (manifest.generation - sealed > MAX_STEPS * MAX_GENERATIONS_AHEAD)
        throw new TributaryError(
          'history_mismatch',
          `generation ${manifest.generation} is out of reach of partition ${partition}, which is sealed for generation ${sealed}`,
        );
      for (const generation of stepsTo(manifest.generation, sealed)) {
        const barrier: Barrier = { generation, definitions: manifest.definitions };
        await ports.log.append(partition, { kind: 'barrier', body: JSON.stringify(barrier) });
      }
    }),
  );
}

/** The segments that end at the barrier, by partition. Rejects with `generation_timeout`, or `conflict` when overtaken. */
export async function waitUntilSealed(
  manifest: GenerationManifest,
  ports: RunPorts,
  signal: AbortSignal,
): Promise<SegmentManifest[]> {
  const seals = new Map<number, SegmentManifest>();
  const deadlineMs = ports.now() + ports.limits.sealTimeoutMs;
  for (;;) {
    for (const partition of partitionsOf(ports)) {
      if (seals.has(partition)) continue;
      const seal = await sealOf(ports.dataDir, partition, manifest.generation);
      if (seal !== null) seals.set(partition, seal);
    }
    const missing = partitionsOf(ports).filter((partition) => !seals.has(partition));
    if (missing.length === 0) return partitionsOf(ports).map((partition) => seals.get(partition) as SegmentManifest);
    if (ports.now() >= deadlineMs)
      throw new TributaryError(
        'generation_timeout',
        `after ${ports.limits.sealTimeoutMs} ms the archive of partition ${missing.join(', ')} is not sealed for generation ${manifest.generation}`,
      );
    await ports.sleep(POLL_MS, signal);
  }
}

/** The segment that the barrier of this generation closed; null while there is none. */
async function sealOf(dataDir: string, partition: number, generation: number): Promise<SegmentManifest | null> {
  const { last, sealed } = await archivedUpTo(dataDir, partition);
  if (last === null || sealed < generation) return null;
  for (let segment = last; ; segment = await readSegment(dataDir, partition, segment.number - 1)) {
    if (segment.seals === generation) return segment;
    if (segment.number === 0 || (segment.seals !== null && segment.seals < generation)) break;
  }
  throw new TributaryError(
    'conflict',
    `partition ${partition} was sealed for generation ${sealed} before the barrier of generation ${generation} came: it is superseded`,
  );
}

function partitionsOf(ports: RunPorts): number[] {
  return Array.from({ length: ports.log.partitions }, (_, partition) => partition);
}
