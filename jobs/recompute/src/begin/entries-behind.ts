/** What came after the cut of a generation: in the archive, and in the log after the archive. Each answers where it came to, or null for news. */
import { findGeneration } from '@tributary/archive/generations';
import type { GenerationManifest, SegmentManifest } from '@tributary/archive/layout';
import { archivedUpTo, readSegment } from '@tributary/archive/segments';
import type { LogEntry } from '@tributary/log/port';
import { decodeHeartbeat } from '@tributary/model/partition-record';
import type { RunPorts } from '../ports.ts';

/** Entries that are looked at, at most: as many heartbeats as 16 partitions get in a day. With more, a run computes. */
const MOST_ENTRIES = 50_000;
const READ = { maxEntries: 1_000, maxBytes: 8 * 1024 * 1024, waitMs: 200 } as const;

type Ports = Pick<RunPorts, 'dataDir' | 'log'>;

/** How far each partition holds nothing new: the end of its archive, or of what an earlier look saw (`from`, by partition). null: there is news. */
export async function behindArchive(
  manifest: GenerationManifest,
  from: readonly string[],
  ports: Ports,
): Promise<string[] | null> {
  const upTo: string[] = [];
  for (let partition = 0; partition < ports.log.partitions; partition++) {
    const cut = manifest.cut[partition];
    if (cut === undefined) return null;
    const end = await behindCut(manifest, partition, later(from[partition] ?? '', cut), ports);
    if (end === null) return null;
    upTo.push(end);
  }
  return upTo;
}

/** Back from the newest segment, as far as they were not looked at before. */
async function behindCut(manifest: GenerationManifest, partition: number, seen: string, ports: Ports): Promise<string | null> {
  const { last } = await archivedUpTo(ports.dataDir, partition);
  const sealed = manifest.lastSegment[partition] ?? -1;
  if (last === null || last.logIdentity !== ports.log.identity || last.number < sealed) return null;
  for (let segment = last; segment.number > sealed && segment.upTo > seen; ) {
    if (!(await isEmpty(segment, manifest, ports))) return null;
    segment = await readSegment(ports.dataDir, partition, segment.number - 1);
  }
  return later(last.upTo, seen);
}

/** Positions compare as text. */
function later(a: string, b: string): string {
  return [a, b].sort()[1] as string;
}

async function isEmpty(segment: SegmentManifest, { definitions }: GenerationManifest, { dataDir }: Ports): Promise<boolean> {
  if (segment.rows > 0 || segment.deadRows > 0) return false;
  if (segment.seals === null) return true;
  return (await findGeneration(dataDir, segment.seals))?.definitions === definitions;
}

/** Up to where the log ends now. null: there is news, or so much that it is not looked at. */
export async function behindLog(
  manifest: GenerationManifest,
  archived: readonly string[],
  { log }: Ports,
  signal: AbortSignal,
): Promise<string[] | null> {
  const ends = await log.ends();
  const upTo = [...archived];
  // An end before what was seen: the log lost its newest entries.
  if (ends.some((end, partition) => (end ?? '') < (archived[partition] ?? ''))) return null;
  for (let passed = 0; passed <= MOST_ENTRIES; ) {
    const open = upTo.flatMap((at, partition) => (at < (ends[partition] ?? '') ? [[partition, at] as const] : []));
    if (open.length === 0) return upTo;
    const entries = await log.read(new Map(open), { ...READ, signal });
    // It has entries and does not give them: of Kafka these may be marks of transactions, behind which nothing follows yet.
    if (entries.length === 0 || !entries.every((entry) => saysNothing(entry, manifest))) return null;
    for (const { partition, position } of entries) upTo[partition] = position;
    passed += entries.length;
  }
  return null;
}

/** A heartbeat; or a barrier under the same definitions, of a run that was given up. */
function saysNothing({ kind, body }: LogEntry, { definitions }: GenerationManifest): boolean {
  if (kind === 'heartbeat') return decodeHeartbeat(body).ok;
  return kind === 'barrier' && definitionsIn(body) === definitions;
}

function definitionsIn(body: string): unknown {
  try {
    return (JSON.parse(body) as { readonly definitions?: unknown } | null)?.definitions;
  } catch {
    return undefined;
  }
}
