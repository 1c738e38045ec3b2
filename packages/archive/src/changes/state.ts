/** What a folder says of users who were erased and of events that were retired, beside what the store has of it. */
import { join } from 'node:path';
import { DATA_PATHS } from '@tributary/runtime/data-folder/paths';
import { readIfThere } from '../durable.ts';
import { type ArchiveForgotten, readForgotten } from '../forgotten.ts';
import { toJson } from '../manifest-file.ts';
import { type Replacing, STATE_FILES, sha256Of } from './change.ts';
import { type Reached, readReached } from './reached.ts';
import { isAllShared } from './unshared.ts';

/** Those that the folder has. */
export async function stateOf(dataDir: string): Promise<Replacing['state']> {
  const state: Replacing['state'] = [];
  for (const path of STATE_FILES) {
    const text = await readIfThere(join(dataDir, path));
    if (text !== undefined) state.push({ path, text });
  }
  return state;
}

/** As it is while manifests are still to be replaced. */
export function unsearchedState(state: Replacing['state']): Replacing['state'] {
  return state.map((file) => (file.path === DATA_PATHS.archiveForgotten ? { ...file, text: unsearched(file.text) } : file));
}

/** What is said of erased users while files are still to be searched. */
export function unsearched(text: string): string {
  const value: unknown = JSON.parse(text);
  return toJson({ ...(value as object), searchedAt: null });
}

/** What the store does not have like this. */
export function unsharedState(state: Replacing['state'], reached: Reached): Replacing['state'] {
  return state.filter(({ path, text }) => reached.state[path] !== sha256Of(text));
}

/** As `readForgotten`, of folder and store: where the store may still hold these users, they were searched for in vain. */
export async function forgottenEverywhere(dataDir: string): Promise<ArchiveForgotten | undefined> {
  const forgotten = await readForgotten(dataDir);
  if (forgotten === undefined || forgotten.searchedAt === null) return forgotten;
  const reached = await readReached(dataDir);
  if (reached === undefined) return forgotten;
  const text = await readIfThere(join(dataDir, DATA_PATHS.archiveForgotten));
  const isThere = text !== undefined && reached.state[DATA_PATHS.archiveForgotten] === sha256Of(text);
  return isThere && reached.cleared === reached.replaced && (await isAllShared(dataDir))
    ? forgotten
    : { ...forgotten, searchedAt: null };
}
