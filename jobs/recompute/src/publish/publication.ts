/** Which generation readers take: facts, a pure decision, one compare-and-set. */

import type { Publication, StagedPromotion } from '@tributary/archive/layout';
import { publish, readPublications } from '@tributary/archive/publications';
import { keptWith, readWaitingSinceMs } from '@tributary/archive/retire';
import { TributaryError } from '@tributary/model/errors';
import { highestSequence } from '../highest-numbers.ts';
import type { RunPorts } from '../ports.ts';
import { keptByAge } from '../retire/retire.ts';
import type { Begun, Run, RunOutcome, StagedBecause } from '../run.ts';

/** The newest publications that show whether a generation was ever published; a run does not outlast more. */
export const NEWEST_PUBLICATIONS = 100;

export interface PublicationFacts {
  readonly generation: number;
  readonly scheduled: boolean;
  /** The newest publication when the run began, 0 for none. */
  readonly expectedSequence: number;
  /** Oldest first. */
  readonly publications: readonly Publication[];
  /** A staged run: when readers get it, and what its reconciliation found. */
  readonly staged?: Staged;
  /** Since when a staged generation waits, epoch ms; null: none does. */
  readonly waitingSinceMs: number | null;
  readonly now: number;
}

interface Staged extends Compared {
  readonly promotion: StagedPromotion;
}

/** What a staged generation is judged by. */
export interface Compared {
  /** The largest part of a sum that moves; null: the reconciliation could not tell. */
  readonly moved: number | null;
  /** Rows that differ for no known reason; null: not known. */
  readonly engineDefectRows: number | null;
}

/** For so long a staged generation keeps scheduled runs from readers, ms: they would change what it was compared with. */
export const STAGED_WAITS_MS = 24 * 3_600_000;

/** `publish`, or why not: it was already; a rollback holds; somebody else published since the run began; a person decides about it. */
export function decidePublication(
  facts: PublicationFacts,
): 'publish' | Exclude<RunOutcome['published'], 'published' | 'nothing_new'> {
  const current = facts.publications.at(-1);
  if (facts.publications.some(({ generation, action }) => generation === facts.generation && action === 'publish'))
    return 'already';
  if (isHeldBack(facts, current, facts.waitingSinceMs, facts.now)) return 'held';
  if ((current?.sequence ?? 0) !== facts.expectedSequence) return 'overtaken';
  return facts.staged === undefined || whyItWaits(facts.staged) === null ? 'publish' : 'staged';
}

/**
 * Whether a scheduled run changes nothing for readers at `now`: a rollback holds, or a staged generation that waits since `waitingSinceMs`
 * is still waited for. A run by hand goes past both.
 */
export function isHeldBack(
  { scheduled }: Pick<Run, 'scheduled'>,
  current: Pick<Publication, 'held'> | null | undefined,
  waitingSinceMs: number | null,
  now: number,
): boolean {
  return scheduled && (current?.held === true || (waitingSinceMs !== null && now < waitingSinceMs + STAGED_WAITS_MS));
}

/** Since when a staged generation waits that this run has to wait for, epoch ms; null: there is none, or it was asked for by hand. */
export async function waitsForMs({ scheduled }: Run, { dataDir }: RunPorts): Promise<number | null> {
  return scheduled ? readWaitingSinceMs(dataDir) : null;
}

/** Why a person decides about a staged generation; null: it promotes itself. A defect of the platform is for a person, however little it moves. */
function whyItWaits({ promotion, moved, engineDefectRows }: Staged): StagedBecause | null {
  if (promotion === 'ask') return 'asked';
  if (moved === null) return 'not_compared';
  if ((engineDefectRows ?? 0) > 0) return 'engine_defect';
  return moved <= promotion.below ? null : 'moves_more';
}

/** `compared`: of a staged run alone. */
export async function publishRun(
  run: Run,
  begun: Begun,
  ports: RunPorts,
  compared: Compared = { moved: null, engineDefectRows: null },
): Promise<Pick<RunOutcome, 'published' | 'stagedBecause'>> {
  const staged = run.promotion === undefined ? undefined : { promotion: run.promotion, ...compared };
  // The pointer before the files: what it names is among them, or was lost.
  const above = await highestSequence(ports);
  const decision = decidePublication({
    generation: begun.generation,
    scheduled: run.scheduled,
    expectedSequence: begun.sequence,
    publications: await readPublications(ports.dataDir, NEWEST_PUBLICATIONS),
    ...(staged !== undefined && { staged }),
    waitingSinceMs: await waitsForMs(run, ports),
    now: ports.now(),
  });
  const because = staged === undefined ? null : whyItWaits(staged);
  if (decision !== 'publish')
    return { published: decision, ...(decision === 'staged' && because !== null && { stagedBecause: because }) };
  try {
    const { generation } = begun;
    const kept = await keptWith(ports.dataDir, generation, ports.limits.keepGenerations, keptByAge(ports));
    const draft = { generation, action: 'publish', held: false, at: ports.now(), by: run.reason, kept } as const;
    await publish(ports.dataDir, begun.sequence, draft, above);
    return { published: 'published' };
  } catch (error) {
    if (error instanceof TributaryError && error.code === 'conflict') return { published: 'overtaken' };
    throw error;
  }
}
