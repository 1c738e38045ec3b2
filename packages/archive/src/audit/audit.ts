/**
 * Everything that the manifests of a data folder say, against what is there. Reads only, also while the platform writes.
 *
 *   partitions: manifests in order ─▶ their files ─▶ files without a manifest      generations: their files, their cuts
 */
import { readdir } from 'node:fs/promises';
import { DATA_PATHS, dataPath } from '@tributary/runtime/data-folder/paths';
import { eventLogNote } from '@tributary/runtime/event-log/note';
import { archiveIdentity } from '@tributary/runtime/event-log/own-archive';
import { errorCode } from '../durable.ts';
import { createFaultList, type Fault, type FaultClass, type FaultList, isDamage } from './faults.ts';
import { auditGenerations, type GenerationSummary } from './generations.ts';
import { findOrphans } from './orphans.ts';
import { auditPartition, type PartitionSummary } from './partition.ts';
import type { Depth } from './stored-file.ts';

export interface AuditPorts {
  readonly dataDir: string;
  readonly nowMs: number;
  readonly depth: Depth;
  readonly onFile?: (path: string) => void;
}

export interface Audit {
  /** Nothing is damaged; there may be orphans. */
  readonly ok: boolean;
  /** The log that the folder says it belongs to; null: it says nothing. */
  readonly logIdentity: string | null;
  readonly partitions: readonly PartitionSummary[];
  readonly generations: readonly GenerationSummary[];
  /** The first 1 000. */
  readonly faults: readonly Fault[];
  /** How many faults there are of each class, beyond those that are listed. */
  readonly counts: Readonly<Record<FaultClass, number>>;
  /** Files without a manifest that are younger than an hour: they may be about to get one. */
  readonly unfinished: number;
}

/** Names of files that are held at a time, to find those without a manifest. */
const MOST_NAMES = 200_000;

/** Aborted, it throws the reason. */
export async function auditDataFolder({ dataDir, nowMs, depth, onFile = () => {} }: AuditPorts): Promise<Audit> {
  const faults = createFaultList();
  const logIdentity = await identities(dataDir, faults);
  const numbers = await partitionsOf(dataDir);
  const known = new Set(numbers);
  const partitions: PartitionSummary[] = [];
  let named = new Map<number, ReadonlySet<string>>();
  let held = 0;
  let unfinished = 0;
  let isFirst = true;
  const orphans = async () => {
    // What belongs to no partition is looked for once.
    const isKnown = isFirst ? (partition: number) => known.has(partition) : null;
    unfinished += await findOrphans(named, { isKnown, dataDir, nowMs, faults, ...signalOf(depth) });
    [named, held, isFirst] = [new Map(), 0, false];
  };
  for (const partition of numbers) {
    const audit = await auditPartition(partition, { dataDir, logIdentity, depth, faults, onFile });
    partitions.push(audit.summary);
    named.set(partition, audit.named);
    held += audit.named.size;
    if (held > MOST_NAMES) await orphans();
  }
  if (isFirst || named.size > 0) await orphans();
  const generations = await auditGenerations({ dataDir, nowMs, partitions, depth, faults, onFile });
  const ok = Object.entries(faults.counts).every(([name, count]) => count === 0 || !isDamage({ class: name as FaultClass }));
  return { ok, logIdentity, partitions, generations, faults: faults.faults, counts: faults.counts, unfinished };
}

function signalOf({ signal }: Depth): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

/** Both identities that the folder bears: that of its log is returned. */
async function identities(dataDir: string, faults: FaultList): Promise<string | null> {
  try {
    await archiveIdentity(dataDir);
  } catch (error) {
    faults.add({ class: 'manifest', path: DATA_PATHS.archiveIdentity, detail: (error as Error).message });
  }
  try {
    return eventLogNote(dataDir, '', '').known;
  } catch (error) {
    faults.add({ class: 'manifest', path: DATA_PATHS.eventLogNote, detail: (error as Error).message });
    return null;
  }
}

/** Ascending. */
export async function partitionsOf(dataDir: string): Promise<number[]> {
  try {
    const names = await readdir(dataPath(dataDir, 'segments'));
    return names.flatMap((name) => (/^p\d{2,4}$/.test(name) ? [Number(name.slice(1))] : [])).sort((a, b) => a - b);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}
