/**
 * Generations on disk. A number is taken by making its folder, which only one process can; the manifest is replaced
 * whole at each change of state. New numbers are above all folders that are there, and above what the caller knows besides.
 */
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { TributaryError } from '@tributary/model/errors';
import { DATA_PATHS, dataPath } from '@tributary/runtime/data-folder/paths';
import { z } from 'zod';
import { errorCode, makeFolder, namesIn, syncFolder, writeDurably } from './durable.ts';
import type { GenerationManifest, GenerationState, StoredFile } from './layout.ts';
import { numbersOf, padNumber, readManifest, storedFile, toJson, viewFiles } from './manifest-file.ts';

const Generation = z.object({
  generation: z.int().min(1),
  state: z.enum(['pending', 'computed', 'failed', 'superseded', 'retired']),
  mode: z.enum(['full', 'incremental']),
  base: z.int().min(1).nullable(),
  definitions: z.string(),
  definitionsVersion: z.string(),
  definitionsOrigin: z
    .object({ source: z.enum(['run', 'file', 'built-in']), reason: z.string(), at: z.int(), file: z.string().nullable() })
    .exactOptional(),
  reason: z.string(),
  createdAt: z.int(),
  computedAt: z.int().nullable(),
  lastSegment: z.array(z.int().min(-1)),
  cut: z.array(z.string()),
  views: viewFiles,
  events: z.array(storedFile),
  conversions: z.array(storedFile),
  counts: z.object({
    events: z.int().min(0),
    newEvents: z.int().min(0),
    duplicates: z.int().min(0),
    corrected: z.record(z.string(), z.int().min(0)).exactOptional(),
    recounted: z.int().min(0).exactOptional(),
    forgotten: z.int().min(0).exactOptional(),
  }),
  failure: z.string().exactOptional(),
  program: z.string().exactOptional(),
  eventColumns: z.array(z.string()).exactOptional(),
  erased: z.array(z.string()).exactOptional(),
  lifted: z.record(z.string(), z.object({ position: z.string(), entryIndex: z.int().min(0) })).exactOptional(),
  leftOut: z.array(z.string()).exactOptional(),
  withdrawn: z.int().min(1).exactOptional(),
  wholeFromMs: z.int().exactOptional(),
  rowsAgain: z.literal(true).exactOptional(),
  promotion: z.union([z.literal('ask'), z.object({ below: z.number().gt(0).lt(1) })]).exactOptional(),
}) satisfies z.ZodType<GenerationManifest>;

/** What a state may become. A pending generation may be rewritten; a failed one may be computed again. */
const TRANSITIONS: Readonly<Record<GenerationState, readonly GenerationState[]>> = {
  pending: ['pending', 'computed', 'failed', 'superseded', 'retired'],
  failed: ['failed', 'pending', 'computed', 'superseded', 'retired'],
  computed: ['computed', 'superseded', 'retired'],
  superseded: ['superseded', 'retired'],
  retired: ['retired'],
};

/** Relative to the data folder. */
export function generationFolder(generation: number): string {
  return `${DATA_PATHS.generations}/${padNumber(generation)}`;
}

/** All that it names, its own files and those of generations before, each once: views share some, with rows of several. */
export function filesOfGeneration({
  views,
  events,
  conversions,
}: Pick<GenerationManifest, 'views' | 'events' | 'conversions'>): StoredFile[] {
  const files = new Map<string, StoredFile>();
  for (const file of [...Object.values(views).flat(), ...events, ...conversions]) {
    const rows = (files.get(file.path)?.rows ?? 0) + file.rows;
    files.set(file.path, { ...file, rows });
  }
  return [...files.values()];
}

function manifestPath(dataDir: string, generation: number): string {
  return join(dataDir, generationFolder(generation), 'manifest.json');
}

/** Takes the next free number above `above`, from 1, and writes the manifest under it. */
export async function createGeneration(
  dataDir: string,
  manifest: Omit<GenerationManifest, 'generation'>,
  above = 0,
): Promise<GenerationManifest> {
  await makeFolder(dataPath(dataDir, 'generations'));
  for (let generation = Math.max(above, (await folderNumbers(dataDir)).at(-1) ?? 0) + 1; ; generation++) {
    try {
      await mkdir(join(dataDir, generationFolder(generation)));
    } catch (error) {
      if (errorCode(error) === 'EEXIST') continue;
      throw error;
    }
    await syncFolder(dataPath(dataDir, 'generations'));
    const created: GenerationManifest = { ...manifest, generation };
    await writeDurably(manifestPath(dataDir, generation), toJson(created));
    return created;
  }
}

/** Throws `not_found` when the generation does not exist. */
export async function readGeneration(dataDir: string, generation: number): Promise<GenerationManifest> {
  const manifest = await findGeneration(dataDir, generation);
  if (manifest === undefined) throw new TributaryError('not_found', `generation ${generation} does not exist`);
  return manifest;
}

/** Replaces the manifest. Throws `conflict` when its state may not follow the stored one, e.g. computed after superseded. */
export async function writeGeneration(dataDir: string, manifest: GenerationManifest): Promise<void> {
  const stored = await readGeneration(dataDir, manifest.generation);
  if (!TRANSITIONS[stored.state].includes(manifest.state))
    throw new TributaryError(
      'conflict',
      `generation ${manifest.generation} is ${stored.state}, it cannot become ${manifest.state}`,
    );
  await writeDurably(manifestPath(dataDir, manifest.generation), toJson(manifest));
}

/** Numbers of the generations that have a manifest, ascending. A folder without one is a creation that a crash cut short. */
export async function listGenerations(dataDir: string): Promise<number[]> {
  const numbers: number[] = [];
  for (const number of await folderNumbers(dataDir))
    if ((await namesIn(join(dataDir, generationFolder(number)))).includes('manifest.json')) numbers.push(number);
  return numbers;
}

/** undefined when the generation does not exist. */
export async function findGeneration(dataDir: string, generation: number): Promise<GenerationManifest | undefined> {
  const path = manifestPath(dataDir, generation);
  const manifest = await readManifest(path, Generation);
  if (manifest !== undefined && manifest.generation !== generation)
    throw new TributaryError('manifest_corrupt', `${path} names generation ${manifest.generation}: files were swapped`);
  return manifest;
}

async function folderNumbers(dataDir: string): Promise<number[]> {
  return numbersOf(await namesIn(dirname(join(dataDir, generationFolder(1)))), '').filter((number) => number > 0);
}
