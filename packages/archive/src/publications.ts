/**
 * Which generation readers take: the newest publication says. Publications are numbered from 1 and written once, so
 * writing number n + 1 is a compare-and-set on n. The pointer in the store is a cache of this.
 */
import { join } from 'node:path';
import { TributaryError } from '@tributary/model/errors';
import { z } from 'zod';
import { createDurably, namesIn } from './durable.ts';
import { readGeneration } from './generations.ts';
import type { Publication } from './layout.ts';
import { numbersOf, padNumber, readManifest, toJson } from './manifest-file.ts';

const PublicationFile = z.object({
  sequence: z.int().min(1),
  generation: z.int().min(1),
  action: z.enum(['publish', 'rollback']),
  held: z.boolean(),
  at: z.int(),
  by: z.string(),
}) satisfies z.ZodType<Publication>;

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

/**
 * Publishes if nothing was published since `expectedSequence` (0: nothing ever was). Throws `conflict` when something
 * was, and when the generation is not computed.
 */
export async function publish(
  dataDir: string,
  expectedSequence: number,
  publication: Omit<Publication, 'sequence'>,
): Promise<Publication> {
  const manifest = await readGeneration(dataDir, publication.generation);
  if (manifest.state !== 'computed')
    throw new TributaryError(
      'conflict',
      `generation ${publication.generation} is ${manifest.state}: only a computed one is published`,
    );
  const newest = (await listSequences(dataDir)).at(-1) ?? 0;
  if (newest !== expectedSequence) throw superseded(expectedSequence, newest);
  const sequence = expectedSequence + 1;
  const published: Publication = { ...publication, sequence };
  if (!(await createDurably(publicationPath(dataDir, sequence), toJson(published)))) throw superseded(expectedSequence, sequence);
  return published;
}

function superseded(expected: number, newest: number): TributaryError {
  return new TributaryError('conflict', `publication ${expected} was expected to be the newest, but ${newest} is`);
}

async function readPublication(dataDir: string, sequence: number): Promise<Publication> {
  const path = publicationPath(dataDir, sequence);
  const publication = await readManifest(path, PublicationFile);
  if (publication === undefined) throw new TributaryError('manifest_corrupt', `${path} is missing`);
  if (publication.sequence !== sequence)
    throw new TributaryError('manifest_corrupt', `${path} tells of publication ${publication.sequence}: files were swapped`);
  return publication;
}

async function listSequences(dataDir: string): Promise<number[]> {
  return numbersOf(await namesIn(publicationsFolder(dataDir)), '.json');
}

function publicationsFolder(dataDir: string): string {
  return join(dataDir, 'generations', 'publications');
}

function publicationPath(dataDir: string, sequence: number): string {
  return join(publicationsFolder(dataDir), `${padNumber(sequence)}.json`);
}
