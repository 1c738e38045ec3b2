/** Where an attempt keeps what it has not finished. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { namesIn } from '@tributary/archive/durable';
import type { ComputeSpec } from './spec.ts';

/** Relative to the data folder. Whoever ends the attempt removes it. */
export function stagingFolder(spec: Pick<ComputeSpec, 'generation' | 'attempt'>): string {
  return `staging/recompute-${spec.generation}-${spec.attempt}`;
}

/** Removes what killed attempts at older generations left; a zombie among them fails at its next file. */
export async function sweepStaging(dataDir: string, generation: number): Promise<void> {
  for (const name of await namesIn(join(dataDir, 'staging'))) {
    const [, older] = /^recompute-(\d+)-[0-9a-f]+$/.exec(name) ?? [];
    if (older !== undefined && Number(older) < generation)
      await rm(join(dataDir, 'staging', name), { recursive: true, force: true });
  }
}
