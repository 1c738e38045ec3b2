/** Generations that are computed, their files, and whether the archive reaches up to their cut. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TributaryError } from '@tributary/model/errors';
import { HOUR_MS } from '@tributary/model/time';
import { namesIn } from '../durable.ts';
import { filesOfGeneration, findGeneration, generationFolder, listGenerations } from '../generations.ts';
import type { GenerationManifest, GenerationState, Publication, StoredFile } from '../layout.ts';
import { currentPublication } from '../publications.ts';
import { hasRows } from '../rows-file.ts';
import { readSegment } from '../segments.ts';
import type { Fault, FaultList } from './faults.ts';
import type { PartitionSummary } from './partition.ts';
import { type Depth, fileFault } from './stored-file.ts';

export interface GenerationSummary {
  readonly generation: number;
  readonly state: GenerationState | 'unknown';
  /** The one that readers get. */
  readonly published: boolean;
  readonly files: number;
  readonly bytes: number;
  readonly faults: number;
}

export interface GenerationPorts {
  readonly dataDir: string;
  readonly nowMs: number;
  readonly partitions: readonly PartitionSummary[];
  readonly depth: Depth;
  readonly faults: FaultList;
  readonly onFile: (path: string) => void;
}

const AGAIN_MS = 250;
const ABANDONED_MS = HOUR_MS;

/** Those that are computed, or whose manifest cannot be read; others have no files that must be there. */
export async function auditGenerations(ports: GenerationPorts): Promise<GenerationSummary[]> {
  const { dataDir, faults } = ports;
  const published = await publicationOf(dataDir, faults);
  const computed: GenerationManifest[] = [];
  const summaries: GenerationSummary[] = [];
  for (const generation of await listGenerations(dataDir)) {
    const isPublished = published?.generation === generation;
    const manifest = await manifestOf(dataDir, generation, faults);
    if (manifest === 'bad')
      summaries.push({ generation, state: 'unknown', published: isPublished, files: 0, bytes: 0, faults: 1 });
    else if (manifest?.state === 'computed') computed.push(manifest);
  }
  const named = new Set(computed.flatMap((manifest) => filesOfGeneration(manifest).map(({ path }) => path)));
  // A file of one that others build upon is looked at once.
  const judged = new Map<string, Promise<Found | undefined>>();
  for (const manifest of computed) {
    const isPublished = published?.generation === manifest.generation;
    summaries.push(await auditGeneration(manifest, isPublished, { ...ports, named, judged }));
  }
  if (published !== null && !summaries.some(({ generation }) => generation === published.generation))
    await reportUnpublished(dataDir, published, faults);
  return summaries.sort((a, b) => a.generation - b.generation);
}

type Found = Pick<Fault, 'class' | 'detail' | 'file' | 'partition' | 'segments'>;

async function auditGeneration(
  manifest: GenerationManifest,
  published: boolean,
  ports: GenerationPorts & { readonly named: ReadonlySet<string>; readonly judged: Map<string, Promise<Found | undefined>> },
): Promise<GenerationSummary> {
  const { dataDir, depth, faults, onFile, named, judged } = ports;
  const { generation } = manifest;
  const files = filesOfGeneration(manifest);
  const found: (Found & { readonly path: string })[] = [];
  for (const file of files) {
    onFile(file.path);
    const judging = judged.get(file.path) ?? judge(dataDir, file, depth);
    judged.set(file.path, judging);
    const fault = await judging;
    if (fault !== undefined) found.push({ ...fault, path: file.path, file });
  }
  found.push(...(await behind(manifest, ports)));
  // Retired meanwhile: its state changes before its files go.
  const isStill = found.length === 0 || (await stateOf(dataDir, generation)) === 'computed';
  const counted = isStill ? found : [];
  for (const fault of [...counted, ...(await leftOver(ports, generation, named))]) faults.add({ ...fault, generation });
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return { generation, state: manifest.state, published, files: files.length, bytes, faults: counted.length };
}

async function judge(dataDir: string, file: StoredFile, depth: Depth): Promise<Found | undefined> {
  if ((await fileFault(dataDir, file, depth)) === undefined) return undefined;
  await sleep(AGAIN_MS);
  return fileFault(dataDir, file, depth);
}

/** An archive that is older than its generations: it was restored from an older copy, or lost its newest segments. */
async function behind(
  { generation, lastSegment, cut }: GenerationManifest,
  { dataDir, partitions }: GenerationPorts,
): Promise<(Found & { readonly path: string })[]> {
  const path = `${generationFolder(generation)}/manifest.json`;
  const found: (Found & { readonly path: string })[] = [];
  for (const [partition, number] of lastSegment.entries()) {
    if (number < 0) continue;
    const last = partitions.find((each) => each.partition === partition)?.lastSegment ?? -1;
    const end = last < number ? null : await endOf(dataDir, partition, number);
    if (end === undefined || end === cut[partition]) continue;
    const detail =
      end === null
        ? `counts segment ${number} of partition ${partition}, the archive ends with segment ${last}`
        : `was cut at ${cut[partition]} of partition ${partition}, where segment ${number} ends at ${end}`;
    const lacks = end === null ? { partition, segments: { first: number, last: number } } : {};
    found.push({ class: 'behind', path, detail, ...lacks });
  }
  return found;
}

/** undefined: it was merged into a block, or cannot be read, which is reported of its partition. */
async function endOf(dataDir: string, partition: number, number: number): Promise<string | undefined> {
  try {
    const { to, upTo } = await readSegment(dataDir, partition, number);
    return to === undefined ? upTo : undefined;
  } catch {
    return undefined;
  }
}

/** Files of rows that attempts left which were killed. */
async function leftOver(
  { dataDir, nowMs }: GenerationPorts,
  generation: number,
  named: ReadonlySet<string>,
): Promise<(Found & { readonly path: string })[]> {
  const found: (Found & { readonly path: string })[] = [];
  for (const name of await namesIn(join(dataDir, generationFolder(generation)))) {
    const path = `${generationFolder(generation)}/${name}`;
    if (!hasRows(name) || named.has(path)) continue;
    const written = await stat(join(dataDir, path)).catch(() => undefined);
    if (written !== undefined && nowMs - written.mtimeMs >= ABANDONED_MS)
      found.push({ class: 'orphan', path, detail: 'has no manifest that names it' });
  }
  return found;
}

async function publicationOf(dataDir: string, faults: FaultList): Promise<Publication | null> {
  try {
    return await currentPublication(dataDir);
  } catch (error) {
    faults.add({ ...reasonOf(error, dataDir), path: 'generations/publications' });
    return null;
  }
}

async function manifestOf(
  dataDir: string,
  generation: number,
  faults: FaultList,
): Promise<GenerationManifest | undefined | 'bad'> {
  try {
    return await findGeneration(dataDir, generation);
  } catch (error) {
    faults.add({ ...reasonOf(error, dataDir), generation, path: `${generationFolder(generation)}/manifest.json` });
    return 'bad';
  }
}

async function stateOf(dataDir: string, generation: number): Promise<GenerationState | undefined> {
  return (await findGeneration(dataDir, generation))?.state;
}

/** Unless readers were given another one meanwhile. */
async function reportUnpublished(dataDir: string, { sequence, generation }: Publication, faults: FaultList): Promise<void> {
  if ((await currentPublication(dataDir))?.sequence !== sequence) return;
  const state = await stateOf(dataDir, generation);
  if (state === 'computed') return;
  const path = `${generationFolder(generation)}/manifest.json`;
  const detail = `publication ${sequence} names it, and it is ${state ?? 'missing'}`;
  faults.add({ class: state === undefined ? 'missing' : 'manifest', generation, path, detail });
}

function reasonOf(error: unknown, dataDir: string): Found {
  const detail = (error as Error).message.replaceAll(`${dataDir}/`, '');
  return { class: error instanceof TributaryError ? 'manifest' : 'unreadable', detail };
}
