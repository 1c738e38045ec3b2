/** What the archive holds up to one cut: that of the generation that readers get. Values of it can be computed again, whatever comes later. */
import { partitionsOf } from '@tributary/archive/audit/audit';
import { readGeneration } from '@tributary/archive/generations';
import type { StoredFile } from '@tributary/archive/layout';
import { currentPublication } from '@tributary/archive/publications';
import { readSegments } from '@tributary/archive/segments';
import { checkFile } from '@tributary/archive/verify';
import { type Definitions, storedDefinitions } from '@tributary/model/definitions';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { CommandError, EXIT } from '../exit.ts';

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

export async function archivedPast(dataDir: string, signal: AbortSignal, onFile: (path: string) => void): Promise<ArchivedPast> {
  const publication = await currentPublication(dataDir);
  if (publication === null)
    throw new CommandError({
      code: 'conflict',
      message: `a generation does not exist yet in ${JSON.stringify(dataDir)}, and history ends at the cut of one`,
      fix: 'Run "tributary batch run --wait", or name the data folder with --data-dir.',
      exitCode: EXIT.usage,
    });
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
