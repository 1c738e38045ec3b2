/** What the archive holds up to one cut: that of the generation that readers get. Values of it can be computed again, whatever comes later. */

import { type Definitions, storedDefinitions } from '@tributary/model/definitions';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { partitionsOf } from '../audit/audit.ts';
import { readGeneration } from '../generations.ts';
import type { StoredFile } from '../layout.ts';
import { currentPublication } from '../publications.ts';
import { readSegments } from '../segments.ts';
import { checkFile } from '../verify.ts';

export interface ArchivedPast {
  readonly dataDir: string;
  readonly generation: number;
  /** What was received before it is in the cut, epoch ms; what happens until a later instant is not all known. */
  readonly cutMs: number;
  /** Those of that generation. */
  readonly definitions: Definitions;
  /** Events of the cut, duplicates included; each file was held against its manifest. */
  readonly files: readonly StoredFile[];
}

/** null: a generation does not exist yet. */
export async function archivedPast(
  dataDir: string,
  signal: AbortSignal,
  onFile: (path: string) => void,
): Promise<ArchivedPast | null> {
  const publication = await currentPublication(dataDir);
  if (publication === null) return null;
  const { generation, createdAt, definitions, lastSegment } = await readGeneration(dataDir, publication.generation);
  const files: StoredFile[] = [];
  for (const partition of await partitionsOf(dataDir)) {
    const last = lastSegment[partition];
    if (last === undefined || last < 0) continue;
    for (const segment of await readSegments(dataDir, partition, 0, last + 1)) files.push(...segment.files);
  }
  for (const file of files) {
    signal.throwIfAborted();
    onFile(file.path);
    await checkFile(dataDir, file);
  }
  return { dataDir, generation, cutMs: createdAt, definitions: storedDefinitions(definitions, sha256Hex), files };
}
