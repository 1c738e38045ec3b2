/** What a generation would compute that is cut where another one is, under other definitions: nothing came since, so all that differs is theirs. */
import type { Definitions } from '@tributary/model/definitions';
import { TributaryError } from '@tributary/model/errors';
import { dayOf } from '@tributary/model/time';
import { rereadOf, servesRows } from '../compute/compute-plan.ts';
import type { ComputeSpec } from '../compute/spec.ts';
import { forgottenOf } from '../forgotten.ts';
import type { GenerationManifest } from '../layout.ts';
import { demandCorrectable } from '../retention/plan.ts';
import { retiredBefore } from '../retention/retired.ts';
import { readSegments } from '../segments.ts';
import { whyFullIn } from './base.ts';

export interface ChangedDemand extends Pick<ComputeSpec, 'attempt' | 'limits'> {
  /** The generation that is changed. */
  readonly base: GenerationManifest;
  readonly definitions: Definitions;
  /** What computes it: rows of another program do not serve. */
  readonly program: string;
}

/** The views of a generation, and the same under other definitions. */
export interface ChangedViews {
  readonly base: GenerationManifest;
  /** Canonical JSON. */
  readonly definitions: string;
  readonly after: Pick<GenerationManifest, 'views'>;
  readonly corrected: Readonly<Record<string, number>>;
  /** null: not known, as all of the archive was computed. */
  readonly recounted: number | null;
  /** For what does not fit into memory; relative to the data folder. */
  readonly staging: string;
}

/** As a run with these definitions would: upon the generation where it serves, else from all of the archive up to its cut. Rejects with `manifest_corrupt`. */
export async function planChanged(dataDir: string, demand: ChangedDemand): Promise<ComputeSpec> {
  const { base, definitions, program, attempt, limits } = demand;
  const common = { dataDir, generation: base.generation, attempt, definitions: definitions.json, limits };
  if ((await whyFullIn(dataDir, 'incremental', base, definitions)) !== null) {
    const arrivals = await archivedUpTo(dataDir, base);
    // What the archive lacks is asked once its files are listed: before, a run could take out more meanwhile.
    await demandWhole(dataDir, base);
    const forgotten = await forgottenOf(dataDir);
    return { ...common, arrivals, base: null, ...(forgotten !== undefined && { forgotten }), reuseRows: false };
  }
  const reread = await rereadOf(dataDir, base, definitions);
  await demandCorrectable(dataDir, base, definitions);
  const reuseRows = servesRows(base, { definitions: definitions.json }, program);
  return { ...common, arrivals: base.lastSegment.map(() => []), base, ...(reread !== undefined && { reread }), reuseRows };
}

/** Throws `conflict` where all of the archive would have to be read, and events of it were retired: what it computes would be compared with more. */
async function demandWhole(dataDir: string, { generation }: GenerationManifest): Promise<void> {
  const before = await retiredBefore(dataDir);
  if (before === null) return;
  throw new TributaryError(
    'conflict',
    `these definitions ask for events that generation ${generation} does not keep, and the archive lacks those before ${dayOf(before)}: they were retired. Ask without what is new in them`,
  );
}

/** By partition. */
function archivedUpTo(dataDir: string, { lastSegment }: GenerationManifest): Promise<ComputeSpec['arrivals']> {
  return Promise.all(
    lastSegment.map(async (last, partition) =>
      (await readSegments(dataDir, partition, 0, last + 1)).flatMap((segment) => segment.files),
    ),
  );
}
