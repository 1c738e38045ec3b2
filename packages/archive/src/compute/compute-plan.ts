/** What a generation has to compute: the archived files after its base's cut, up to its own. */

import { TributaryError } from '@tributary/model/errors';
import { groupedOf } from '@tributary/views/by-partition';
import { VIEWS } from '@tributary/views/registry';
import { readGeneration } from '../generations.ts';
import type { GenerationManifest, SegmentManifest } from '../layout.ts';
import { readSegments } from '../segments.ts';
import type { ComputeLimits, ComputeSpec } from './spec.ts';

interface Attempt {
  readonly manifest: GenerationManifest;
  /** The segment that ends at the barrier, by partition. */
  readonly seals: readonly SegmentManifest[];
  readonly attempt: string;
  readonly limits: ComputeLimits;
  /** What computes it. */
  readonly program: string;
}

export async function planCompute(dataDir: string, { manifest, seals, attempt, limits, program }: Attempt): Promise<ComputeSpec> {
  const base = manifest.base === null ? null : await readBase(dataDir, manifest.base);
  const arrivals = await Promise.all(
    seals.map(async (seal, partition) => {
      const segments = await readSegments(dataDir, partition, (base?.lastSegment[partition] ?? -1) + 1, seal.number + 1);
      if (base !== null) checkContinues(base, partition, segments[0]);
      return segments.flatMap((segment) => segment.files);
    }),
  );
  return {
    dataDir,
    generation: manifest.generation,
    attempt,
    definitions: manifest.definitions,
    arrivals,
    base,
    reuseRows: base !== null && servesRows(base, manifest, program),
    limits,
  };
}

/** Rows made by another program, or under other definitions, are computed again from the base's events: so an upgrade fills what it adds. */
function servesRows(base: GenerationManifest, { definitionsVersion }: GenerationManifest, program: string): boolean {
  return (
    // Not their text: other exchange rates make no other rows.
    base.definitionsVersion === definitionsVersion &&
    base.program === program &&
    [...VIEWS, ...groupedOf(VIEWS)].every(({ name }) => name in base.views || base.leftOut?.includes(name) === true)
  );
}

async function readBase(dataDir: string, generation: number): Promise<GenerationManifest> {
  const base = await readGeneration(dataDir, generation);
  if (base.state !== 'computed')
    throw new TributaryError('conflict', `the base generation ${generation} is ${base.state} meanwhile`);
  return base;
}

/** Law 7: the archive after the base's cut starts exactly there. `first`: the first segment after it. Throws `manifest_corrupt`. */
export function checkContinues(base: GenerationManifest, partition: number, first: SegmentManifest | undefined): void {
  if (first !== undefined && first.after === base.cut[partition]) return;
  throw new TributaryError(
    'manifest_corrupt',
    `partition ${partition}: generation ${base.generation} was cut at ${base.cut[partition]}, the archive goes on after ${first?.after ?? 'nothing'}`,
  );
}
