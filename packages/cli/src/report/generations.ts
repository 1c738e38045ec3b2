/** Generations as the API lists them, and decisions about them. Pure. */

import type { Generations } from '../api-types.ts';

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

/** Where a rollback without a number goes: the newest computed generation older than the current one. */
export function previousOf({ generations, publication }: Generations): number | null {
  const older = generations.filter(
    ({ generation, state }) => state === 'computed' && generation < (publication?.generation ?? 0),
  );
  return older.length === 0 ? null : Math.max(...older.map(({ generation }) => generation));
}

export type RunFate =
  | { readonly done: false; readonly text: string }
  | { readonly done: true; readonly ok: boolean; readonly text: string; readonly generation: number };

/** What became of the run that was asked for when `before` was the newest generation. */
export function fateOf(now: Generations, before: number): RunFate {
  const started = now.generations.filter((run) => run.generation > before).toSorted((a, b) => a.generation - b.generation);
  const ended = started.find((run) => run.state === 'computed' || run.state === 'failed');
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
  if (ended.staged)
    return {
      done: true,
      ok: true,
      generation,
      text: `generation ${generation} is staged: see what would change with "tributary reconcile show ${generation}", then "tributary batch promote" or "tributary batch discard"`,
    };
  if ((publication?.generation ?? 0) >= generation)
    return { done: true, ok: true, generation, text: `generation ${generation} is published` };
  // What was asked for by hand ends a hold by its publication, a moment after it is computed; only a later rollback keeps it from readers.
  const isKeptBack =
    publication?.held === true && (reason === 'schedule' || publication.at >= (computedAt ?? Number.POSITIVE_INFINITY));
  if (isKeptBack)
    return {
      done: true,
      ok: true,
      generation,
      text: `generation ${generation} is computed but not published: the rollback to ${publication.generation} holds; publish it with "tributary batch publish ${generation}"`,
    };
  return { done: false, text: `generation ${generation} is computed, not yet published` };
}
