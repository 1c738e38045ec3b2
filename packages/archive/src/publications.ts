/**
 * Which generation readers take: the newest publication says. Publications are numbered from 1 and written once, so
 * writing number n + 1 is a compare-and-set on n. The pointer in the store is a cache of this.
 *
 * The same compare-and-set holds what it names. A publication also lists the generations that may still be published after it, a list
 * that only loses members (but for generations that are newer than it). Retirement removes what the newest publication does not list, and
 * nothing else: wherever a process is killed while it removes, no later publication can name what it removes.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { TributaryError } from '@tributary/model/errors';
import { dataPath } from '@tributary/runtime/data-folder/paths';
import { z } from 'zod';
import { createDurably, namesIn } from './durable.ts';
import { readGeneration } from './generations.ts';
import type { FileSeen, GenerationManifest, KeptGenerations, Publication } from './layout.ts';
import { numbersOf, padNumber, readManifest, toJson } from './manifest-file.ts';

const PublicationFile = z.object({
  sequence: z.int().min(1),
  generation: z.int().min(1),
  action: z.enum(['publish', 'rollback']),
  held: z.boolean(),
  at: z.int(),
  by: z.string(),
  kept: z.object({ upTo: z.int().min(0), generations: z.array(z.int().min(1)) }).exactOptional(),
  fileSeen: z.object({ generation: z.int().min(1), content: z.string().nullable() }).exactOptional(),
  why: z.string().exactOptional(),
  engineDefectRows: z.int().min(1).exactOptional(),
  notCompared: z.literal(true).exactOptional(),
  discarded: z.int().min(1).exactOptional(),
  reached: z.int().min(1).exactOptional(),
}) satisfies z.ZodType<Publication>;

/** What a publication said, without what only the batch layer needs: which generations are kept, and the text of the file of definitions. */
export type Said = Omit<Publication, 'kept' | 'fileSeen' | 'reached'>;

/** Every publication that is there, oldest first. They are written once: `remembered` holds those that were read before, by sequence. */
export async function readSaid(dataDir: string, remembered: Map<number, Said>): Promise<Said[]> {
  const sequences = await listSequences(dataDir);
  for (const sequence of sequences.filter((one) => !remembered.has(one))) {
    const { kept: _, fileSeen: __, reached: ___, ...said } = await readPublication(dataDir, sequence);
    remembered.set(sequence, said);
  }
  const there = new Set(sequences);
  for (const sequence of remembered.keys()) if (!there.has(sequence)) remembered.delete(sequence);
  return sequences.flatMap((sequence) => remembered.get(sequence) ?? []);
}

/** The newest publications, oldest first; all of them by default. */
export async function readPublications(dataDir: string, newest = Number.POSITIVE_INFINITY): Promise<Publication[]> {
  const sequences = await listSequences(dataDir);
  const publications: Publication[] = [];
  for (const sequence of sequences.slice(Math.max(0, sequences.length - newest)))
    publications.push(await readPublication(dataDir, sequence));
  return publications;
}

/** What readers take now; null before the first publication. */
export async function currentPublication(dataDir: string): Promise<Publication | null> {
  return (await readPublications(dataDir, 1))[0] ?? null;
}

export type PublicationDraft = Omit<Publication, 'sequence' | 'fileSeen' | 'reached'>;

/**
 * Publishes if nothing was published since `expectedSequence` (0: nothing ever was). Throws `conflict` when something
 * was, and when the generation is not computed or no longer kept. `above`: the new number is above it as well, for readers who
 * follow publications that were lost. All who publish take it from the pointer, or two of them would take two numbers. Without a `kept` of its own the list of the one before goes on.
 */
export async function publish(
  dataDir: string,
  expectedSequence: number,
  draft: PublicationDraft,
  above = 0,
): Promise<Publication> {
  const before = await currentPublication(dataDir);
  const newest = before?.sequence ?? 0;
  if (newest !== expectedSequence) throw superseded(expectedSequence, newest);
  const manifest = await publishable(dataDir, draft.generation, before);
  const kept = narrowed(draft.kept, before?.kept);
  const fileSeen = newestSeen(before, manifest);
  const reached = reachedBy(before);
  const sequence = Math.max(expectedSequence, above) + 1;
  const published: Publication = {
    ...draft,
    sequence,
    ...(kept !== undefined && { kept }),
    ...(fileSeen !== undefined && { fileSeen }),
    ...(reached > draft.generation && { reached }),
  };
  if (!(await createDurably(publicationPath(dataDir, sequence), toJson(published)))) throw superseded(expectedSequence, sequence);
  return published;
}

/** The newest generation that readers ever had; 0: none. */
export function reachedBy(publication: Pick<Publication, 'generation' | 'reached'> | null): number {
  return Math.max(publication?.generation ?? 0, publication?.reached ?? 0);
}

/** True when a publication after one with this list may name the generation. */
export function isKept(generation: number, kept: KeptGenerations | undefined): boolean {
  return kept === undefined || generation > kept.upTo || kept.generations.includes(generation);
}

/** The oldest generation that the publication names, or one after it may: readers take none before it, whatever happens. 0: nothing says so. */
export function oldestKept(publication: Publication | null): number {
  if (publication?.kept === undefined) return 0;
  const { generation, kept } = publication;
  return Math.min(generation, kept.upTo + 1, ...kept.generations);
}

/** Throws `conflict` for a generation that has not been computed, or no longer has its files. */
export function demandComputed({ generation, state }: GenerationManifest): void {
  if (state === 'computed') return;
  throw new TributaryError('conflict', `generation ${generation} is ${state}: only a computed one is published`);
}

async function publishable(dataDir: string, generation: number, before: Publication | null): Promise<GenerationManifest> {
  const manifest = await readGeneration(dataDir, generation);
  demandComputed(manifest);
  if (isKept(generation, before?.kept)) return manifest;
  throw new TributaryError('conflict', `generation ${generation} is no longer kept: its files are being removed`);
}

function newestSeen(before: Publication | null, { generation, definitionsOrigin }: GenerationManifest): FileSeen | undefined {
  const seen = before?.fileSeen;
  const isNewest = generation > Math.max(before?.generation ?? 0, seen?.generation ?? 0);
  if (!isNewest || definitionsOrigin === undefined) return seen;
  return { generation, content: definitionsOrigin.file ?? seen?.content ?? null };
}

/** A list never takes back what the one before gave up. */
function narrowed(own: KeptGenerations | undefined, before: KeptGenerations | undefined): KeptGenerations | undefined {
  if (own === undefined || before === undefined) return own ?? before;
  return {
    upTo: Math.max(own.upTo, before.upTo),
    generations: own.generations.filter((generation) => isKept(generation, before)),
  };
}

/** Removes the publications numbered below `sequence`, at most that of the newest one. */
export async function removePublications(dataDir: string, sequence: number): Promise<void> {
  for (const old of await listSequences(dataDir)) if (old < sequence) await rm(publicationPath(dataDir, old), { force: true });
}

function superseded(expected: number, newest: number): TributaryError {
  return new TributaryError('conflict', `publication ${expected} was expected to be the newest, but ${newest} is`);
}

async function readPublication(dataDir: string, sequence: number): Promise<Publication> {
  const path = publicationPath(dataDir, sequence);
  const publication = await readManifest(path, PublicationFile);
  if (publication === undefined) throw new TributaryError('manifest_corrupt', `${path} is missing`);
  if (publication.sequence !== sequence)
    throw new TributaryError('manifest_corrupt', `${path} names publication ${publication.sequence}: files were swapped`);
  return publication;
}

async function listSequences(dataDir: string): Promise<number[]> {
  return numbersOf(await namesIn(publicationsFolder(dataDir)), '.json');
}

function publicationsFolder(dataDir: string): string {
  return dataPath(dataDir, 'publications');
}

function publicationPath(dataDir: string, sequence: number): string {
  return join(publicationsFolder(dataDir), `${padNumber(sequence)}.json`);
}
