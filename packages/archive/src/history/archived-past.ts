/** What the archive holds up to one cut: that of the generation that readers get. Values of it can be computed again, whatever comes later. */

import { type Definitions, storedDefinitions } from '@tributary/model/definitions';
import { TributaryError } from '@tributary/model/errors';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { partitionsOf } from '../audit/audit.ts';
import type { KnownForgotten } from '../compute/forget.ts';
import { readGeneration } from '../generations.ts';
import type { StoredFile } from '../layout.ts';
import { currentPublication } from '../publications.ts';
import { retiredBefore } from '../retention/retired.ts';
import { readSegments } from '../segments.ts';
import { checkFile } from '../verify.ts';
import { forgottenNow } from './erased-since.ts';
import { lacksAtCut } from './lacks-at-cut.ts';

export interface ArchivedPast {
  readonly dataDir: string;
  readonly generation: number;
  /** What was received before it is in the cut, epoch ms; what happens until a later instant is not all known. */
  readonly cutMs: number;
  /** Those of that generation. */
  readonly definitions: Definitions;
  /** The last segment of the cut by partition; -1: none. */
  readonly lastSegment: readonly number[];
  /** The position of the cut by partition. */
  readonly cut: readonly string[];
  /** Events of the cut, duplicates included; each file was held against its manifest. */
  readonly files: readonly StoredFile[];
  /** Before this instant events were retired from the archive, epoch ms; null: none were. */
  readonly retiredBefore: number | null;
  /** What the generation does not count of users who were erased, and who was asked to be erased since. */
  readonly forgotten: KnownForgotten;
  /** What was in flight at the cut between keys of one person, as sentences: values of users may lack it. */
  readonly lacks: readonly string[];
}

/** Lists again before anything is computed, also where no queue tries again. Merging replaces files seldom, and what it replaced stays for a day: a third list that is old has another cause. */
const MOST_LISTS = 3;

/** null: a generation does not exist yet. Files that are replaced while they are checked are looked for again. */
export async function archivedPast(
  dataDir: string,
  signal: AbortSignal,
  onFile: (path: string) => void,
): Promise<ArchivedPast | null> {
  for (let lists = 1; ; lists++) {
    const publication = await currentPublication(dataDir);
    if (publication === null) return null;
    const manifest = await readGeneration(dataDir, publication.generation);
    const { generation, createdAt, definitions, lastSegment, cut } = manifest;
    const forgotten = await forgottenNow(dataDir, manifest);
    const files = await filesUpTo(dataDir, lastSegment);
    try {
      for (const file of files) {
        signal.throwIfAborted();
        onFile(file.path);
        await checkFile(dataDir, file);
      }
    } catch (error) {
      signal.throwIfAborted();
      if (lists < MOST_LISTS && (await isReplaced({ dataDir, lastSegment, files }))) continue;
      throw error;
    }
    const inForce = storedDefinitions(definitions, sha256Hex);
    const lacks = await lacksAtCut(dataDir, generation, inForce);
    const own = { retiredBefore: await retiredBefore(dataDir), forgotten, lacks };
    return { dataDir, generation, cutMs: createdAt, definitions: inForce, lastSegment, cut, files, ...own };
  }
}

type Listed = Pick<ArchivedPast, 'dataDir' | 'lastSegment' | 'files'>;

async function filesUpTo(dataDir: string, lastSegment: readonly number[]): Promise<StoredFile[]> {
  const files: StoredFile[] = [];
  for (const partition of await partitionsOf(dataDir)) {
    const last = lastSegment[partition];
    if (last === undefined || last < 0) continue;
    for (const segment of await readSegments(dataDir, partition, 0, last + 1)) files.push(...segment.files);
  }
  return files;
}

async function isReplaced({ dataDir, lastSegment, files }: Listed): Promise<boolean> {
  const now = await filesUpTo(dataDir, lastSegment);
  return now.length !== files.length || now.some(({ path, sha256 }, i) => path !== files[i]?.path || sha256 !== files[i].sha256);
}

/** Why reading failed: `store_unavailable` where other files hold the same events by now, so that it works when it is asked again; else `error`. */
export async function causeOf(past: Listed, error: unknown): Promise<unknown> {
  if (!(await isReplaced(past).catch(() => false))) return error;
  const message = 'archived files were replaced by others while they were read';
  return new TributaryError('store_unavailable', message, { cause: error });
}
