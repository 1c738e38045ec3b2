/** A partition that is held, and what becomes of it by commits and by what is read: some thousand rows at a turn. */
import type { CommittedDeltas } from '@tributary/store/format/feed';
import { stateWith } from '@tributary/store/format/feed';
import type { Rows, RowsByView } from '@tributary/views/deltas';
import { type Pace, piecesOf, ROWS_PER_TURN } from '../rows-in-turns.ts';
import { createHeldRows, type HeldRows } from './held-rows.ts';
import type { HeldGeneration, HeldPartition, ReadPartition } from './partitions.ts';
import type { Change } from './versions.ts';

/** A commit costs as much as this many rows, however few it has. */
export const OF_COMMIT = 16;

export function rowsOfViews({ rows }: CommittedDeltas, isAsked: (view: string) => boolean): RowsByView {
  return new Map([...rows].filter(([view]) => isAsked(view)));
}

type Pieces = ReadonlyMap<string, readonly Rows[]>;

export async function inPieces(byView: RowsByView, pace: Pace): Promise<Pieces> {
  const pieces = new Map<string, readonly Rows[]>();
  for (const [view, rows] of byView) pieces.set(view, await piecesOf(rows, pace));
  return pieces;
}

/** The rows of the commit wait to be taken up: this passes over none of them. */
export function withCommit(
  before: HeldGeneration | undefined,
  pieces: Pieces,
  { pending, overflowed }: { readonly pending: number; readonly overflowed: number },
): HeldGeneration {
  const views = new Map(before?.views);
  for (const [view, own] of pieces) {
    const held = views.get(view) ?? createHeldRows();
    for (const rows of own) held.add(rows);
    views.set(view, held);
  }
  return { views, pending: (before?.pending ?? 0) + pending, overflowed: (before?.overflowed ?? 0) + overflowed };
}

/** Takes up what waits; `taken` is called with each part, before others have their turn. */
export async function takeUpRows(all: Iterable<HeldRows>, taken: () => unknown, pace: Pace): Promise<void> {
  for (const rows of all)
    for (let count = rows.takeUp(ROWS_PER_TURN); count > 0; count = rows.takeUp(ROWS_PER_TURN)) {
      taken();
      await pace(count);
    }
}

const NOTHING = { pending: 0, overflowed: 0 };

/**
 * What is held and what was read, of one commit: what was read is led there by `since`. What is held of both stays as it is held. None of it is seen
 * before the caller holds it, and notes the changes in the same turn.
 */
export async function joined(
  before: HeldPartition,
  { whole, views, from, differences }: ReadPartition,
  since: readonly CommittedDeltas[],
  pace: Pace,
): Promise<{ readonly partition: HeldPartition; readonly changes: readonly Change[] }> {
  const partition = whole.partition;
  const isHeld = (generation: number, view: string) => generation >= before.from && before.views.has(view);
  const generations = new Map(before.generations);
  const changes: Change[] = [];
  for (const [generation, read] of whole.generations) {
    const own = generations.get(generation);
    const entering = [...read.rows].filter(([view]) => !isHeld(generation, view));
    for (const [view] of entering) {
      const rows = differences.get(generation)?.get(view);
      if (rows !== undefined) changes.push({ partition, generation, rows: new Map([[view, rows]]), sign: 1 });
    }
    const all = new Map([...(own?.views ?? []), ...entering.map(([view, rows]) => [view, createHeldRows(rows)] as const)]);
    const { pending, overflowed } = own ?? read;
    generations.set(generation, { views: all, pending, overflowed });
  }
  let { state } = whole;
  for (const commit of since) {
    state = stateWith(state, commit, from);
    const { generation } = commit;
    if (generation < from) continue;
    const rows = rowsOfViews(commit, (view) => views.includes(view) && !isHeld(generation, view));
    changes.push({ partition, generation, rows, sign: 1 });
    const counted = generation >= before.from ? NOTHING : commit;
    const after = withCommit(generations.get(generation), await inPieces(rows, pace), counted);
    generations.set(generation, after);
    await pace(OF_COMMIT);
    const entered = [...rows.keys()].flatMap((view) => after.views.get(view) ?? []);
    await takeUpRows(entered, () => undefined, pace);
  }
  const both = new Set([...before.views, ...views]);
  return { partition: { cursor: before.cursor, state, from, views: both, generations }, changes };
}
