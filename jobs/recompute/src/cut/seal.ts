/** The cut: one barrier in every partition, and the wait until the archive is closed exactly there. */
import type { GenerationManifest, SegmentManifest } from '@tributary/archive/layout';
import { archivedUpTo, readSegment } from '@tributary/archive/segments';
import { TributaryError } from '@tributary/model/errors';
import { type Barrier, MAX_GENERATIONS_AHEAD, stepsTo } from '@tributary/model/partition-record';
import { span } from '@tributary/model/span';
import { highestGeneration } from '../highest-numbers.ts';
import type { RunPorts } from '../ports.ts';

const POLL_MS = 50;
/** How far a folder that somebody named may lie above all that archive, speed layer and pointer know: no barriers led there. */
const MAX_STRANGE_STEPS = 1_000;
/** Each ends a segment: as many as an archiver writes within the time for which a run waits. */
const STEPS_AT_ONCE = 100;

/**
 * Appends the barrier where the archive is not sealed yet. The first one in a partition counts, so a retry may append again.
 * Where barriers that somebody wrote lay so far ahead in one partition that this one would be parked in others, barriers of numbers
 * that no generation has lead there, `stepsAtOnce` before the archive is waited for: however many there are, a run comes nearer.
 */
export async function raiseBarriers(
  manifest: GenerationManifest,
  ports: RunPorts,
  signal: AbortSignal,
  stepsAtOnce = STEPS_AT_ONCE,
): Promise<void> {
  const known = await highestGeneration(ports);
  if (manifest.generation - known > MAX_STRANGE_STEPS * MAX_GENERATIONS_AHEAD)
    throw new TributaryError(
      'history_mismatch',
      `generation ${manifest.generation} is out of reach: archive, speed layer and pointer know of none above ${known}. Remove the folder of the generation before it, which no run has written`,
    );
  await Promise.all(partitionsOf(ports).map((partition) => raiseIn(partition, manifest, ports, signal, stepsAtOnce)));
}

async function raiseIn(
  partition: number,
  { generation, definitions }: GenerationManifest,
  ports: RunPorts,
  signal: AbortSignal,
  stepsAtOnce: number,
): Promise<void> {
  const { sealed } = await archivedUpTo(ports.dataDir, partition);
  let raised = 0;
  for (const step of stepsTo(generation, sealed)) {
    const barrier: Barrier = { generation: step, definitions };
    await ports.log.append(partition, { kind: 'barrier', body: JSON.stringify(barrier) });
    if (++raised % stepsAtOnce === 0 && step !== generation) await untilSealed(partition, step, ports, signal);
  }
}

async function untilSealed(partition: number, generation: number, ports: RunPorts, signal: AbortSignal): Promise<void> {
  const deadlineMs = ports.now() + ports.limits.sealTimeoutMs;
  while ((await archivedUpTo(ports.dataDir, partition)).sealed < generation) {
    if (ports.now() >= deadlineMs) throw notSealed([partition], generation, ports);
    await ports.sleep(POLL_MS, signal);
  }
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
    if (ports.now() >= deadlineMs) throw notSealed(missing, manifest.generation, ports);
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

function notSealed(partitions: readonly number[], generation: number, { limits }: RunPorts): TributaryError {
  const [first, last] = [partitions[0] as number, partitions.at(-1) as number];
  const isRun = partitions.length > 2 && last - first === partitions.length - 1;
  const missing = `partition${last > first ? 's' : ''} ${isRun ? `${first} to ${last}` : partitions.join(', ')}`;
  const waited = `within ${span(limits.sealTimeoutMs)}`;
  return new TributaryError(
    'generation_timeout',
    `the archiver must seal the archive for generation ${generation} ${waited} (not sealed: ${missing}). See whether it runs: tributary status`,
  );
}

function partitionsOf(ports: RunPorts): number[] {
  return Array.from({ length: ports.log.partitions }, (_, partition) => partition);
}
