/** What archived files lack: what erased users had sent, and what happened before an instant. */
import { readForgotten } from '../forgotten.ts';
import { retiredBefore } from './retired.ts';

/** Another one whenever they lack something else. */
export async function lackingVersion(dataDir: string): Promise<string> {
  const { erased, lifted, cut } = (await readForgotten(dataDir)) ?? {};
  return JSON.stringify([erased, lifted, cut, await retiredBefore(dataDir)]);
}
