/** Generations as the API lists them, and decisions about them. Pure. */

import type { Generation, Generations, Reconciliation } from '../api-types.ts';
import { counted } from '../terminal/figures.ts';

/** The newest number there is, 0 before the first. */
export function newest({ generations }: Generations): number {
  return Math.max(0, ...generations.map(({ generation }) => generation));
}

/** The one that waits for a promotion. */
export function stagedOf({ generations }: Generations): number | null {
  return generations.find(({ staged }) => staged)?.generation ?? null;
}

/** What a publication without a number makes current. */
export function newestComputed({ generations }: Generations): number | null {
  const computed = generations.filter(({ state }) => state === 'computed').map(({ generation }) => generation);
  return computed.length === 0 ? null : Math.max(...computed);
}

/** Where a rollback without a number goes: the newest computed generation older than the current one that readers had. */
export function previousOf({ generations, publication }: Generations): number | null {
  const older = generations.filter(
    // An API of an earlier version does not say it.
    ({ generation, state, published }) =>
      state === 'computed' && published !== false && generation < (publication?.generation ?? 0),
  );
  return older.length === 0 ? null : Math.max(...older.map(({ generation }) => generation));
}

export type RunFate =
  | { readonly done: false; readonly text: string }
  | { readonly done: true; readonly ok: boolean; readonly text: string; readonly generation: number };

/** `ask`, or the largest part of a sum that may move: up to it a run promotes itself. */
export type Promotion = 'ask' | { readonly below: number };

function startedAfter({ generations }: Generations, before: number): Generation[] {
  return generations.filter((run) => run.generation > before).toSorted((a, b) => a.generation - b.generation);
}

/** The first that ended since `before` was the newest generation. */
function endedAfter(now: Generations, before: number): Generation | undefined {
  return startedAfter(now, before).find((run) => run.state === 'computed' || run.state === 'failed');
}

/** The staged generation whose comparison says what becomes of it; null: none is asked about. */
export function comparedOf(now: Generations, before: number): number | null {
  const ended = endedAfter(now, before);
  return ended?.staged === true ? ended.generation : null;
}

/** What became of the run that was asked for when `before` was the newest generation. `compared`: what a staged one is compared to, once it is. */
export function fateOf(
  now: Generations,
  before: number,
  promotion: Promotion = 'ask',
  compared: Pick<Reconciliation, 'moved' | 'engineDefectRows'> | null = null,
): RunFate {
  const started = startedAfter(now, before);
  const ended = endedAfter(now, before);
  const running = started.at(-1);
  if (ended === undefined)
    return {
      done: false,
      text: running === undefined ? 'waiting for the run to start' : `generation ${running.generation} is ${running.state}`,
    };
  const { generation, state, failure, reason, computedAt } = ended;
  if (state === 'failed')
    return { done: true, ok: false, generation, text: `generation ${generation} failed: ${failure ?? 'no reason is recorded'}` };
  const { publication } = now;
  if (ended.staged && compared === null)
    return { done: false, text: `generation ${generation} is computed, and is compared with what readers have` };
  if (ended.staged && promotesItself(promotion, compared) && (publication?.at ?? 0) < (computedAt ?? 0))
    return { done: false, text: `generation ${generation} is compared, and promotes itself` };
  if (ended.staged)
    return {
      done: true,
      ok: true,
      generation,
      text: `generation ${generation} is staged${inSpiteOf(promotion, compared)}: see what would change with "tributary reconcile show ${generation}", then "tributary batch promote" or "tributary batch discard"`,
    };
  if ((publication?.generation ?? 0) >= generation)
    return { done: true, ok: true, generation, text: `generation ${generation} is published` };
  // What was asked for by hand ends a hold by its publication, a moment after it is computed; only a later rollback keeps it from readers.
  const isKeptBack =
    publication?.held === true && (reason.startsWith('schedule') || publication.at >= (computedAt ?? Number.POSITIVE_INFINITY));
  if (isKeptBack)
    return {
      done: true,
      ok: true,
      generation,
      text: `generation ${generation} is computed but not published: the rollback to ${publication.generation} holds; publish it with "tributary batch publish ${generation}"`,
    };
  return { done: false, text: `generation ${generation} is computed, not yet published` };
}

/** As the run decides by the same figures. */
function promotesItself(promotion: Promotion, compared: Pick<Reconciliation, 'moved' | 'engineDefectRows'> | null): boolean {
  const { moved, engineDefectRows } = compared ?? {};
  return promotion !== 'ask' && typeof moved === 'number' && moved <= promotion.below && (engineDefectRows ?? 0) === 0;
}

/** What kept it from promoting itself, though little moves. */
function inSpiteOf(promotion: Promotion, compared: Pick<Reconciliation, 'engineDefectRows'> | null): string {
  const defects = compared?.engineDefectRows ?? 0;
  return promotion === 'ask' || defects === 0
    ? ''
    : ` and does not promote itself, as ${counted(defects, 'row differs', 'rows differ')} for no known reason (an engine defect)`;
}
