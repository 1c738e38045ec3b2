/** Where an attempt keeps what it has not finished. */
import { rm, stat } from 'node:fs/promises';
import { DATA_PATHS, dataPath } from '@tributary/runtime/data-folder/paths';
import { namesIn } from '../durable.ts';
import type { ComputeSpec } from './spec.ts';

/** Relative to the data folder. Removed when the attempt ends. */
export function stagingFolder(spec: Pick<ComputeSpec, 'generation' | 'attempt'>): string {
  return `${DATA_PATHS.staging}/recompute-${spec.generation}-${spec.attempt}`;
}

/** What shards of one plan leave for the merge, kept from attempt to attempt. Relative to the data folder. */
export function shardsFolder(generation: number, plan: string): string {
  return `${DATA_PATHS.staging}/shards-${generation}-${plan}`;
}

/** Where one attempt at a question to the archive keeps what it has not finished. Relative to the data folder. */
export function questionStagingFolder(id: string, attempt: string): string {
  return `${DATA_PATHS.staging}/question-${id}-${attempt}`;
}

/** Removes what attempts at older generations left, killed ones too; a zombie among them fails at its next file. */
export function sweepStaging(dataDir: string, generation: number): Promise<void> {
  return sweep(dataDir, /^(?:recompute|shards)-(\d+)-[0-9a-f]+$/, generation);
}

/** Removes the parts of this generation, which are merged, and of older ones. */
export function sweepShards(dataDir: string, generation: number): Promise<void> {
  return sweep(dataDir, /^shards-(\d+)-[0-9a-f]+$/, generation + 1);
}

async function sweep(dataDir: string, folder: RegExp, before: number): Promise<void> {
  for (const name of await namesIn(dataPath(dataDir, 'staging'))) {
    const [, generation] = folder.exec(name) ?? [];
    if (generation !== undefined && Number(generation) < before)
      await rm(dataPath(dataDir, 'staging', name), { recursive: true, force: true });
  }
}

/** Removes what killed attempts at questions left. One that lost its lock may still write: folders last changed before `beforeMs` are not in use. */
export async function sweepQuestionStaging(dataDir: string, beforeMs: number): Promise<void> {
  for (const name of await namesIn(dataPath(dataDir, 'staging'))) {
    if (!name.startsWith('question-')) continue;
    const folder = dataPath(dataDir, 'staging', name);
    const changed = await stat(folder).catch(() => undefined);
    if (changed !== undefined && changed.mtimeMs < beforeMs) await rm(folder, { recursive: true, force: true });
  }
}
