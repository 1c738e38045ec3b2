/** What a generation has to compute: the archived files after its base's cut, up to its own. */

import type { CorrectedSpan } from '@tributary/model/corrections';
import { type Definitions, storedDefinitions } from '@tributary/model/definitions';
import { TributaryError } from '@tributary/model/errors';
import { dayOf } from '@tributary/model/time';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { groupedOf } from '@tributary/views/by-partition';
import { VIEWS } from '@tributary/views/registry';
import { forgottenOf } from '../forgotten.ts';
import { readGeneration } from '../generations.ts';
import type { GenerationManifest, SegmentManifest } from '../layout.ts';
import { readSegments } from '../segments.ts';
import { correctedOtherwise } from './relations.ts';
import type { ComputeLimits, ComputeSpec, Reread } from './spec.ts';

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
  const reread = base === null ? undefined : await rereadOf(dataDir, base, storedDefinitions(manifest.definitions, sha256Hex));
  const forgotten = base === null ? await forgottenOf(dataDir) : undefined;
  return {
    dataDir,
    generation: manifest.generation,
    attempt,
    definitions: manifest.definitions,
    arrivals,
    base,
    ...(reread !== undefined && { reread }),
    ...(forgotten !== undefined && { forgotten }),
    reuseRows: base !== null && manifest.rowsAgain !== true && servesRows(base, manifest, program),
    limits,
  };
}

interface DatedReread extends Reread {
  readonly files: readonly SegmentManifest['files'][];
}

/** What a generation upon this one reads again of the archive under these definitions; undefined: nothing, as it corrects events alike. */
export async function rereadOf(
  dataDir: string,
  base: GenerationManifest,
  definitions: Definitions,
): Promise<DatedReread | undefined> {
  const spans = correctedOtherwise(base, definitions);
  if (spans.length === 0) return undefined;
  const files = await Promise.all(
    base.lastSegment.map(async (last, partition) => {
      const segments = await readSegments(dataDir, partition, 0, last + 1);
      return segments.flatMap((segment) => segment.files.filter(({ date }) => spans.some((span) => hasDays(span, date))));
    }),
  );
  return { spans, files };
}

/** `date`: a day, month or year. Its text sorts before that of each day in it. */
function hasDays({ fromMs, toMs }: CorrectedSpan, date: string): boolean {
  return date <= dayOf(toMs - 1) && `${date}~` > dayOf(fromMs);
}

/** Rows made by another program, or under other definitions, are computed again from the base's events: so an upgrade fills what it adds. */
export function servesRows(
  base: GenerationManifest,
  { definitions }: Pick<GenerationManifest, 'definitions'>,
  program: string,
): boolean {
  return (
    !haveRowsChanged(base, { definitions }, program) &&
    // A link moves events of any age: what its rows become is asked of all.
    storedDefinitions(base.definitions, sha256Hex).joinedMs === null &&
    [...VIEWS, ...groupedOf(VIEWS)].every(({ name }) => name in base.views || base.leftOut?.includes(name) === true)
  );
}

/** Whether the definitions of a generation, or its program, make other rows than those of its base: all of these are computed again. */
export function haveRowsChanged(
  base: Pick<GenerationManifest, 'definitions' | 'program'>,
  { definitions }: Pick<GenerationManifest, 'definitions'>,
  program: string | undefined,
): boolean {
  if (base.program !== program) return true;
  return base.definitions !== definitions && haveDefinitionsChangedRows(base, storedDefinitions(definitions, sha256Hex));
}

/** Not where their texts alone differ: other exchange rates make no other rows, and what corrections change is taken out of them. */
export function haveDefinitionsChangedRows(
  base: Pick<GenerationManifest, 'definitions'>,
  { uncorrectedVersion }: Pick<Definitions, 'uncorrectedVersion'>,
): boolean {
  return storedDefinitions(base.definitions, sha256Hex).uncorrectedVersion !== uncorrectedVersion;
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
