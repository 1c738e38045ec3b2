/** The reconciliation as it is kept and served: pure. */
import type { GenerationManifest } from '@tributary/archive/layout';
import { partitionsCutApart } from '@tributary/serving/freshness/cut-apart';
import type { PartitionDeltas } from '@tributary/store/serving-store';
import type { PartitionState } from '@tributary/store/speed-store';
import type { CausesFound, CompareResult, Reconciled, Remainder, Total } from '../specs/compare.ts';

export interface Reconciliation {
  readonly generation: number;
  /** The generation that readers took before; 0: none, real time alone. */
  readonly comparedWith: number;
  /** When it was made, epoch ms. */
  readonly at: number;
  /** Whether readers saw exactly what the batch computed. */
  readonly equal: boolean;
  /** What can explain differences. */
  readonly because: Reasons;
  /** By view: totals are exact, rows are the largest differences. Empty when it could not be compared. */
  readonly views: CompareResult;
  /** As `largestMove` has it, which a staged run is promoted by. Absent in those of an earlier version, and where there is no comparison. */
  readonly moved?: number | null;
  /** Rows that differ for no known reason; null: not known, as the remainder has another class. Absent as `moved`. */
  readonly engineDefectRows?: number | null;
  /** Where keys of one person are joined: what was in flight between them at the cut, as sentences. Absent in those of an earlier version, and where layers were not compared. */
  readonly inFlight?: readonly string[];
  /** What was found of each cause. Absent where it was not looked for. */
  readonly causes?: CausesFound;
  /** Why there is no comparison. */
  readonly failure?: string;
}

export interface Reasons {
  /** Events that came too late to change rows frozen in real time; counted since the generation compared with. */
  readonly lateEvents: number;
  /** Arrivals since the base's cut that the batch found to be duplicates; real time forgets identities after its retention. */
  readonly duplicates: number;
  /** Users whose timelines outgrew the bound of the speed layer. */
  readonly overflowedUsers: number;
  /** Old rows, or deltas since, were made under other definitions; also where these changed and changed back. */
  readonly definitionsChanged: boolean;
  /** Corrections that apply to more or fewer events than in the generation compared with: to how many in each. Absent: there are none. */
  readonly corrections?: readonly CorrectionChange[];
  /** Partitions whose layers were cut at two copies of a barrier: what lies in between counts twice, or not at all. */
  readonly cutApart: readonly number[];
  /** Partitions whose real time had not reached the barrier when this was made: their share is missing from "before". */
  readonly speedBehind: readonly number[];
}

export interface CorrectionChange {
  readonly name: string;
  readonly before: number;
  readonly after: number;
}

export function reasonsOf(
  manifest: GenerationManifest,
  before: GenerationManifest | null,
  deltas: readonly PartitionDeltas[],
): Reasons {
  const states = deltas.map(({ state }) => state);
  const corrections = correctionChanges(before?.counts.corrected ?? {}, manifest.counts.corrected ?? {});
  return {
    lateEvents: deltas.reduce((sum, { pending }) => sum + pending, 0),
    duplicates: manifest.counts.duplicates,
    overflowedUsers: deltas.reduce((sum, { overflowed }) => sum + overflowed, 0),
    definitionsChanged: changedSince(before, manifest, states),
    ...(corrections.length > 0 && { corrections }),
    cutApart: cutApart([manifest, ...(before === null ? [] : [before])], states),
    speedBehind: partitionsBehind(states, manifest.generation),
  };
}

type Corrected = Readonly<Record<string, number>>;

export function correctionChanges(before: Corrected, after: Corrected): CorrectionChange[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  const countIn = (of: Corrected, name: string) => (Object.hasOwn(of, name) ? (of[name] ?? 0) : 0);
  const counted = names.map((name) => ({ name, before: countIn(before, name), after: countIn(after, name) }));
  return counted.filter((each) => each.before !== each.after);
}

/** Before the first generation real time alone counted, by those of its partitions. */
function changedSince(
  before: GenerationManifest | null,
  manifest: GenerationManifest,
  states: readonly (PartitionState | null)[],
): boolean {
  const sinceThen = states.some((state) => (state?.definitionsSince ?? 0) > (before?.generation ?? 0));
  return sinceThen || (before !== null && before.definitionsVersion !== manifest.definitionsVersion);
}

function cutApart(cuts: readonly GenerationManifest[], states: readonly (PartitionState | null)[]): number[] {
  const partitions = cuts.flatMap((cut) => partitionsCutApart(states, cut).map(({ partition }) => partition));
  return [...new Set(partitions)].sort((a, b) => a - b);
}

/** Partitions whose speed layer has not read the barrier of `generation`; index = partition. */
export function partitionsBehind(states: readonly ({ readonly generation: number } | null)[], generation: number): number[] {
  return states.flatMap((state, partition) => ((state?.generation ?? 0) >= generation ? [] : [partition]));
}

/** `isJudged`: every view that has rows was compared; a view that was not keeps a staged run from promoting itself. */
export function reportOf(
  facts: Pick<Reconciliation, 'generation' | 'comparedWith' | 'at' | 'inFlight'>,
  because: Reasons,
  { views, remainder, causes }: Reconciled,
  isJudged: boolean,
): Reconciliation {
  const isCompared = Object.keys(views).length > 0;
  const equal = isCompared && Object.values(views).every((view) => view.rowsDiffering === 0);
  const defects = Object.values(views).reduce((sum, { classes }) => sum + (classes.engineDefect?.rows ?? 0), 0);
  return {
    ...facts,
    equal,
    moved: isJudged && isCompared ? largestMove({ because, views }) : null,
    engineDefectRows: isCompared && remainder === 'engineDefect' ? defects : null,
    because,
    ...(causes !== undefined && { causes }),
    views,
  };
}

/** The class of what causes do not explain, by what is known before causes are looked for. */
export function remainderOf(
  because: Reasons,
  changed: { readonly rules: boolean; readonly corrections: boolean; readonly erased: boolean },
  isJoined: boolean,
): Remainder {
  if (because.speedBehind.length + because.cutApart.length > 0) return 'behind';
  if (changed.rules) return 'definitions';
  if (because.definitionsChanged) return changed.corrections ? 'correction' : 'definitions';
  if (isJoined) return 'identity';
  if (changed.erased) return 'erasure';
  return because.overflowedUsers > 0 ? 'overflow' : 'engineDefect';
}

type Moved = Pick<Reconciliation, 'failure' | 'views'> & { readonly because: Pick<Reasons, 'speedBehind'> };

/**
 * The largest part of any sum that goes to another row, comes or goes: Σ |difference| over Σ after, 1 where something is left of nothing.
 * null: it is not known, for want of a comparison or of the share of partitions that are behind.
 */
export function largestMove({ failure, because, views }: Moved): number | null {
  if (failure !== undefined || because.speedBehind.length > 0) return null;
  const sums = Object.values(views).flatMap(({ totals, amounts }) => [totals, ...Object.values(amounts)].flatMap(Object.values));
  return (sums as readonly Total[]).reduce((most, sum) => Math.max(most, partMoved(sum)), 0);
}

function partMoved({ moved, after }: Total): number {
  if (moved === 0) return 0;
  return after === 0 ? 1 : Number(moved) / Math.abs(Number(after));
}
