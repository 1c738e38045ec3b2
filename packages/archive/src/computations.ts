/**
 * Computations that are registered: programs beside the platform that write what they found back as events (docs/computations.md). Each is a file,
 * in place of what was there under its name.
 *
 *   computations/coViewed.json
 */
import { rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { TributaryError } from '@tributary/model/errors';
import { dataPath } from '@tributary/runtime/data-folder/paths';
import { z } from 'zod';
import { errorCode, isStaged, namesIn, sweepStaged, syncFolder, writeDurablyIf } from './durable.ts';
import { readManifest, toJson } from './manifest-file.ts';

const NAME = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;

const Registration = z.object({
  name: z.string().regex(NAME),
  version: z.string(),
  reads: z.object({ kinds: z.array(z.string()), signals: z.array(z.string()) }),
  writes: z.object({ fields: z.array(z.string()) }),
  /** It stands still, or is behind, where it says nothing, or lines wait, for longer. */
  mostLagMs: z.int(),
  at: z.int(),
  by: z.string(),
});
export type Registration = z.output<typeof Registration>;

function pathOf(dataDir: string, name: string): string {
  if (NAME.test(name)) return dataPath(dataDir, 'computations', `${name}.json`);
  throw new TributaryError('not_found', `computation ${JSON.stringify(name)} does not exist`);
}

/** Paths relative to the data folder. */
export async function computationFiles(dataDir: string): Promise<string[]> {
  const names = await namesIn(dataPath(dataDir, 'computations'));
  return names.filter((name) => name.endsWith('.json') && !isStaged(name)).map((name) => `computations/${name}`);
}

/** By name. Throws `manifest_corrupt` where a file is damaged. */
export async function readComputations(dataDir: string): Promise<Registration[]> {
  const found: Registration[] = [];
  for (const path of await computationFiles(dataDir)) {
    const name = path.slice(path.indexOf('/') + 1, -'.json'.length);
    const registration = await readManifest(pathOf(dataDir, name), Registration);
    // Removed meanwhile.
    if (registration === undefined) continue;
    if (registration.name !== name)
      throw new TributaryError(
        'manifest_corrupt',
        `${path} must be of ${name} (got ${registration.name}). Remove the file, then register it again`,
      );
    found.push(registration);
  }
  return found;
}

/** Writers of this process take turns: of two that come at once for one place, one gets it. */
let lastWrite: Promise<unknown> = Promise.resolve();

/**
 * False: it is a new one, and there would be more than `most`. What is being written counts from when its staged file is there, so that no two of any
 * number of processes take the last place; of two that want it at the same moment neither may get it.
 */
export async function writeComputation(dataDir: string, registration: Registration, most: number): Promise<boolean> {
  const path = pathOf(dataDir, registration.name);
  const folder = dataPath(dataDir, 'computations');
  const turn = lastWrite.then(async () => {
    await sweepStaged(folder, registration.at - ABANDONED_MS);
    return writeDurablyIf(path, toJson(registration), async () => {
      const files = await namesIn(folder);
      const names = new Set(files.flatMap((file) => WRITTEN.exec(file)?.groups?.['name'] ?? []));
      return names.size <= most || files.includes(basename(path));
    });
  });
  lastWrite = turn.catch(() => undefined);
  return turn;
}

/** Files of computations, and those in the making. */
const WRITTEN = /^\.?(?<name>[A-Za-z]\w*)\.json/;
/** What is in the making for so long was left by a process that died. */
const ABANDONED_MS = 60_000;

/** False: there was none. */
export async function removeComputation(dataDir: string, name: string): Promise<boolean> {
  try {
    await rm(pathOf(dataDir, name));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
  await syncFolder(dataPath(dataDir, 'computations'));
  return true;
}
