/**
 * What the archive lacks at the cut of a generation, where keys of one person are joined: messages between them that were in flight there. Real time alone
 * knows which were, and the run that made the generation asked it when it reconciled. So who reads the archive without a store knows by what that noted.
 */
import { join } from 'node:path';
import type { Definitions } from '@tributary/model/definitions';
import { z } from 'zod';
import { readIfThere } from '../durable.ts';
import { generationFolder } from '../generations.ts';

const Noted = z.object({ inFlight: z.array(z.string()) });

/** Sentences; none: it lacks nothing. What was not noted, or cannot be read, is not known. */
export async function lacksAtCut(
  dataDir: string,
  generation: number,
  { joinedMs }: Pick<Definitions, 'joinedMs'>,
): Promise<readonly string[]> {
  if (joinedMs === null) return [];
  const text = await readIfThere(join(dataDir, generationFolder(generation), 'reconciliation.json'));
  const noted = text === undefined ? undefined : Noted.safeParse(parsed(text));
  if (noted?.success === true) return noted.data.inFlight;
  return [
    `it is not known whether messages between keys of one person were in flight at the cut of generation ${generation}: the run that made it has not noted that, as it does once it has been published`,
  ];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
