/** What other definitions change of a generation: a comparison as a reconciliation has it, though nothing came in between and nothing was published. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChangedViews } from '@tributary/archive/plan/other-definitions';
import { storedDefinitions } from '@tributary/model/definitions';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { VIEWS } from '@tributary/views/registry';
import type { RunPorts } from '../ports.ts';
import type { CompareResult } from '../specs/compare.ts';
import { type CorrectionChange, correctionChanges, largestMove } from './report.ts';

export interface ChangedReport {
  readonly generation: number;
  readonly at: number;
  readonly definitions: { readonly before: string; readonly after: string };
  readonly equal: boolean;
  /** As `largestMove` has it. */
  readonly moved: number | null;
  /** Events that count otherwise because of corrections; null: not known, as all of the archive was computed. */
  readonly recounted: number | null;
  readonly corrections: readonly CorrectionChange[];
  readonly views: CompareResult;
}

export async function compareChanged(
  { base, definitions, after, corrected, recounted, staging }: ChangedViews,
  { dataDir, program, compare, limits, now }: Pick<RunPorts, 'dataDir' | 'program' | 'compare' | 'limits' | 'now'>,
  signal: AbortSignal,
): Promise<ChangedReport> {
  const [had, would] = [base.definitions, definitions].map((json) => storedDefinitions(json, sha256Hex));
  const views = VIEWS.flatMap(({ name, dimensions, measures }) => {
    const [before, then] = [base.views[name], after.views[name]];
    // A view that the base does not know, as an earlier version computed it, has nothing to be compared with.
    return before === undefined || then === undefined ? [] : [{ name, dimensions, measures, before, deltas: null, after: then }];
  });
  const areCorrections = had?.uncorrectedVersion === would?.uncorrectedVersion && base.program === program;
  const folder = join(dataDir, staging);
  const remainder = areCorrections ? 'correction' : 'definitions';
  const spec = { dataDir, tempDir: folder, views, remainder, listedRows: limits.listedRows, limits: limits.compute } as const;
  const compared = await compare(spec, { timeoutMs: limits.computeTimeoutMs, signal }).finally(() =>
    rm(folder, { recursive: true, force: true }),
  );
  return {
    generation: base.generation,
    at: now(),
    definitions: { before: base.definitionsVersion, after: would?.version ?? '' },
    equal: Object.values(compared.views).every((view) => view.rowsDiffering === 0),
    moved: largestMove({ because: { speedBehind: [] }, views: compared.views }),
    recounted,
    corrections: correctionChanges(base.counts.corrected ?? {}, corrected),
    views: compared.views,
  };
}
