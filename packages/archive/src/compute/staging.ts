/** Where an attempt keeps what it has not finished. */
import { rm } from 'node:fs/promises';
import { dataPath } from '@tributary/runtime/data-folder/paths';
import { namesIn } from '../durable.ts';
import type { ComputeSpec } from './spec.ts';

/** Relative to the data folder. Removed when the attempt ends. */
export function stagingFolder(spec: Pick<ComputeSpec, 'generation' | 'attempt'>): string {
  return `staging/recompute-${spec.generation}-${spec.attempt}`;
}

/** What shards of one plan leave for the merge, kept from attempt to attempt. Relative to the data folder. */
export function shardsFolder(generation: number, plan: string): string {
  return `staging/shards-${generation}-${plan}`;
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
