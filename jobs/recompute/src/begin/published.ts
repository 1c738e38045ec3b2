/** What a run goes on from: the generation that readers have, and what the file of definitions held before. */
import { lacksErasures } from '@tributary/archive/forgotten';
import { findGeneration } from '@tributary/archive/generations';
import type { GenerationManifest, Publication } from '@tributary/archive/layout';
import { currentPublication, isKept, readPublications } from '@tributary/archive/publications';
import type { RunPorts } from '../ports.ts';

/** Publications among which the newest generation is looked for: a rollback adds one that names an older generation. */
const LOOKED_BACK = 20;

export interface Published {
  /** null before the first. */
  readonly publication: Publication | null;
  /** What an incremental run may build on; null: nothing. */
  readonly base: GenerationManifest | null;
  /** null: no definitions are known to be in force. */
  readonly inForce: Pick<GenerationManifest, 'definitions' | 'definitionsOrigin'> | null;
  /** What the file of definitions held when the newest generation that readers ever had began; null: nothing is known of it. */
  readonly fileBefore: string | null;
}

type Ports = Pick<RunPorts, 'dataDir' | 'serving' | 'note'>;

export async function readPublished(ports: Ports): Promise<Published> {
  const { dataDir } = ports;
  const publication = await currentPublication(dataDir);
  if (publication === null) return { publication, base: null, inForce: null, fileBefore: null };
  const manifest = await findGeneration(dataDir, publication.generation);
  if (manifest === undefined) return insteadOf(publication, ports);
  // A copy from before erasures whose records the archive lacks by now: what is built upon it would count these users again.
  const base = (await lacksErasures(dataDir, manifest)) ? null : manifest;
  return { publication, base, inForce: manifest, fileBefore: await fileSeenLast(publication, dataDir) };
}

/**
 * The folder of what readers have is lost. Its definitions are those of its barrier, which a partition of the speed layer has that
 * crossed no later one; else those of the next older generation that was published. Rows are built upon that one.
 */
async function insteadOf(publication: Publication, { dataDir, serving, note }: Ports): Promise<Published> {
  const { generation: lost, kept, fileSeen } = publication;
  const older = await newestPublished(dataDir, (generation) => generation < lost);
  const isBase = older !== null && isKept(older.generation, kept) && !(await lacksErasures(dataDir, older));
  const base = isBase ? older : null;
  const crossed = (await serving.states()).find((state) => state?.generation === lost)?.definitions;
  const definitionsOf =
    crossed !== undefined
      ? 'the speed layer'
      : older === null
        ? 'the file or the built-in ones'
        : `generation ${older.generation}`;
  note('the published generation is lost: the run goes on without it', { generation: lost, definitionsOf });
  if (crossed !== undefined) {
    const inForce = older?.definitions === crossed ? older : { definitions: crossed };
    return { publication, base, inForce, fileBefore: await fileSeenLast(publication, dataDir) };
  }
  // What the file held for the lost one is not in force any more: it counts as an edit again.
  const fileBefore =
    fileSeen !== undefined && fileSeen.generation !== lost ? fileSeen.content : (older?.definitionsOrigin?.file ?? null);
  return { publication, base, inForce: older, fileBefore };
}

async function fileSeenLast({ fileSeen }: Publication, dataDir: string): Promise<string | null> {
  if (fileSeen !== undefined) return fileSeen.content;
  // Publications of earlier versions do not say it.
  return (await newestPublished(dataDir, () => true, LOOKED_BACK))?.definitionsOrigin?.file ?? null;
}

/** The highest generation that is there, of those that the newest publications name. */
async function newestPublished(
  dataDir: string,
  isMeant: (generation: number) => boolean,
  lookedBack?: number,
): Promise<GenerationManifest | null> {
  const generations = (await readPublications(dataDir, lookedBack)).map(({ generation }) => generation).filter(isMeant);
  for (const generation of [...new Set(generations)].sort((a, b) => b - a)) {
    const manifest = await findGeneration(dataDir, generation);
    if (manifest !== undefined) return manifest;
  }
  return null;
}
