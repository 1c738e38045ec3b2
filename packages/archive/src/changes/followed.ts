/** Whether a data folder goes on with the place that it follows: what is archived in the folder alone, or for another place, would be missing from there. */
import { isAbsolute, resolve } from 'node:path';
import type { Wrong } from '@tributary/runtime/config/setting';
import { readReached } from './reached.ts';

/** What is wrong with the place beside this folder; undefined: nothing is. "" is the folder alone. Throws `manifest_corrupt` where the folder cannot say. */
export async function followedTrouble(place: string, dataDir: string): Promise<Wrong | undefined> {
  const followed = (await readReached(dataDir))?.place;
  if (followed === undefined || followed === (isAbsolute(place) ? resolve(place) : place)) return undefined;
  return {
    must: `be ${followed}, which the data folder ${dataDir} follows`,
    fix: 'Set it so, or name another data folder.',
  };
}
