/** What a run would read, and for how long, before it is asked for. Reads manifests alone: nothing of it changes anything. */
import type { Definitions } from '@tributary/model/definitions';
import { checkContinues, haveDefinitionsChangedRows, rereadOf } from '../compute/compute-plan.ts';
import { filesOfGeneration } from '../generations.ts';
import type { GenerationManifest, SegmentManifest, StoredFile } from '../layout.ts';
import { demandCorrectable } from '../retention/plan.ts';
import { retiredBefore } from '../retention/retired.ts';
import { lastSegmentNumber, readSegments } from '../segments.ts';
import { type FullReason, mayBeFull, whyFullIn } from './base.ts';
import { type Estimate, estimate } from './estimate.ts';
import { planWithin, type Within, type WithinPlan } from './within.ts';

/** Event days that are listed each by itself; older ones together. */
const MOST_DAYS = 40;

export interface Amount {
  readonly files: number;
  readonly rows: number;
  readonly bytes: number;
}

export interface RunPlan {
  readonly mode: GenerationManifest['mode'];
  /** The generation that the run builds on; null: it computes all of the archive. */
  readonly base: number | null;
  /** null: it builds on the base. */
  readonly fullBecause: FullReason | null;
  readonly definitionsVersion: string;
  /** Other rows than those of the published generation: all rows are computed again, also upon a base. */
  readonly definitionsChange: boolean;
  /** Archived events that the run reads: those after the base's cut, with duplicates. */
  readonly archive: Amount & { readonly partitions: number; readonly segments: number };
  /** Where the archive ends, by partition; null: nothing of it is archived. What the log has behind it the run reads as well. */
  readonly archivedUpTo: readonly (string | null)[];
  /** Archived events that the base covers, of days in which corrections changed: read again. null: they are the same. */
  readonly reread: Amount | null;
  /** The run first asks some partitions how many of these change, and computes all of the archive where that is cheaper. */
  readonly mayBeFull: boolean;
  /** Before this instant events were retired from the archive, epoch ms; null: none were. */
  readonly retiredBefore: number | null;
  /** A full run was asked for, and events were retired: all rows are computed again from the events of the base. */
  readonly rowsAgain: boolean;
  /** What the base keeps, which the run reads as far as the archived events touch it. */
  readonly kept: Amount;
  /** Archived events by the day on which they happened (UTC), newest first. Old days share a month or a year (`2026-01`). */
  readonly days: readonly { readonly date: string; readonly rows: number }[];
  /** Those of all older days. */
  readonly olderRows: number;
  readonly estimate: Estimate | null;
  /** Why there is no estimate; null: there is one. */
  readonly notEstimated: NotEstimated | null;
  /** null: nothing was asked about it. */
  readonly within: WithinPlan | null;
}

/**
 * - `too_few_runs`: fewer than three runs of this mode are known.
 * - `rows_again`: a full run was asked for that computes all rows again from the events of its base, as the archive lacks some.
 * - `corrections_changed`, `definitions_changed`: events are read, or rows computed, again that the base has. Earlier runs say nothing of that.
 */
export type NotEstimated = 'too_few_runs' | 'rows_again' | 'corrections_changed' | 'definitions_changed';

export interface PlanDemand {
  readonly mode: GenerationManifest['mode'];
  readonly definitions: Definitions;
  /** The published generation; null before the first, or where its manifest is lost. */
  readonly published: GenerationManifest | null;
  /** All that are known, newest first. */
  readonly manifests: readonly GenerationManifest[];
  readonly partitions: number;
  /** What is asked about in particular. */
  readonly within?: Within;
  /** Rejects a plan that takes too long between two files. */
  readonly signal: AbortSignal;
}

/** Costs one small read for each segment after the base's cut; for a full run, and where corrections changed, of all, a block of 96 being one. Rejects with `manifest_corrupt`. */
export async function planRun(dataDir: string, demand: PlanDemand): Promise<RunPlan> {
  const { mode: asked, definitions, published, manifests, partitions, within, signal } = demand;
  const before = await retiredBefore(dataDir);
  const fullBecause = await whyFullIn(dataDir, before === null ? asked : 'incremental', published, definitions);
  const base = fullBecause === null ? published : null;
  await demandCorrectable(dataDir, base, definitions);
  const rowsAgain = base !== null && asked === 'full';
  const segments: (readonly SegmentManifest[])[] = [];
  for (let partition = 0; partition < partitions; partition++) {
    signal.throwIfAborted();
    segments.push(await segmentsAfter(dataDir, partition, base));
  }
  const arrivals = segments.map((own) => own.flatMap((segment) => segment.files));
  const files = arrivals.flat();
  const archive = { ...amountOf(files), partitions, segments: segments.flat().length };
  const mode = base === null ? 'full' : 'incremental';
  const reread = base === null ? undefined : await rereadOf(dataDir, base, definitions);
  const otherRows = base !== null && haveDefinitionsChangedRows(base, definitions);
  const isLikeOthers = reread === undefined && !otherRows && !rowsAgain;
  const estimated = isLikeOthers ? estimate(manifests, mode, archive.rows) : null;
  signal.throwIfAborted();
  return {
    mode,
    base: base?.generation ?? null,
    fullBecause,
    definitionsVersion: definitions.version,
    definitionsChange: published !== null && published.definitionsVersion !== definitions.version,
    archive,
    archivedUpTo: segments.map((own, partition) => own.at(-1)?.upTo ?? base?.cut[partition] ?? null),
    reread: reread === undefined ? null : amountOf(reread.files.flat()),
    mayBeFull: base !== null && before === null && mayBeFull(reread, base),
    retiredBefore: before,
    rowsAgain,
    kept: base === null ? amountOf([]) : amountOf(filesOfGeneration(base)),
    ...daysOf(files),
    estimate: estimated,
    notEstimated: estimated === null ? whyNotEstimated({ rowsAgain, corrects: reread !== undefined, otherRows }) : null,
    within:
      within === undefined
        ? null
        : planWithin(within, {
            definitions,
            published,
            isWhole: base === null || rowsAgain,
            otherRows,
            arrivals,
            reread: reread?.files ?? [],
          }),
  };
}

function whyNotEstimated(of: {
  readonly rowsAgain: boolean;
  readonly corrects: boolean;
  readonly otherRows: boolean;
}): NotEstimated {
  if (of.rowsAgain) return 'rows_again';
  if (of.otherRows) return 'definitions_changed';
  return of.corrects ? 'corrections_changed' : 'too_few_runs';
}

/** Refused where the run would be: it goes on exactly at the cut of its base. */
async function segmentsAfter(
  dataDir: string,
  partition: number,
  base: GenerationManifest | null,
): Promise<readonly SegmentManifest[]> {
  const sealed = base?.lastSegment[partition] ?? -1;
  const segments = await readSegments(dataDir, partition, sealed + 1);
  if (base !== null && (segments.length > 0 || (await lastSegmentNumber(dataDir, partition)) < sealed))
    checkContinues(base, partition, segments[0]);
  return segments;
}

function amountOf(files: readonly StoredFile[]): Amount {
  const sum = (of: (file: StoredFile) => number) => files.reduce((total, file) => total + of(file), 0);
  return { files: files.length, rows: sum(({ rows }) => rows), bytes: sum(({ bytes }) => bytes) };
}

function daysOf(files: readonly (StoredFile & { readonly date: string })[]): Pick<RunPlan, 'days' | 'olderRows'> {
  const rowsOf = new Map<string, number>();
  for (const { date, rows } of files) rowsOf.set(date, (rowsOf.get(date) ?? 0) + rows);
  const all = [...rowsOf].map(([date, rows]) => ({ date, rows })).sort((a, b) => (a.date < b.date ? 1 : -1));
  return { days: all.slice(0, MOST_DAYS), olderRows: all.slice(MOST_DAYS).reduce((sum, { rows }) => sum + rows, 0) };
}
