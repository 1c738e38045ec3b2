/** What leads from the deltas of a partition that are held to those that were read: neither changes meanwhile. */
import type { Integer } from '@tributary/model/integer';
import type { WholePartition } from '@tributary/store/serving-store';
import { addRow, type Rows, type RowsByView } from '@tributary/views/deltas';
import { ROWS_PER_TURN, type Turn } from '../rows-in-turns.ts';
import type { SignedRows } from './held-rows.ts';
import type { HeldPartition } from './partitions.ts';

/** By generation; some thousand rows are compared at a turn. */
export async function differencesOf(
  before: Pick<HeldPartition, 'generations'>,
  after: WholePartition,
  goOn: Turn,
): Promise<Map<number, RowsByView>> {
  const differences = new Map<number, RowsByView>();
  let compared = 0;
  const paced = () => (++compared % ROWS_PER_TURN === 0 ? goOn() : null);
  for (const generation of new Set([...before.generations.keys(), ...after.generations.keys()])) {
    const byView: RowsByView = new Map();
    const [own, read] = [before.generations.get(generation)?.views, after.generations.get(generation)?.rows];
    for (const view of new Set([...(own?.keys() ?? []), ...(read?.keys() ?? [])]))
      byView.set(view, await differenceOf(own?.get(view)?.parts() ?? [], read?.get(view) ?? new Map(), paced));
    differences.set(generation, byView);
  }
  return differences;
}

async function differenceOf(before: readonly SignedRows[], after: Rows, paced: () => Promise<unknown> | null): Promise<Rows> {
  const differing: Rows = new Map();
  const [main = new Map() as Rows, ...others] = before.map(({ rows }) => rows);
  for (const [key, measures] of after) {
    if (!isSame(measures, main.get(key))) addRow(differing, key, measures);
    const pause = paced();
    if (pause !== null) await pause;
  }
  for (const [key, measures] of main) {
    if (!isSame(measures, after.get(key))) addRow(differing, key, measures, -1);
    const pause = paced();
    if (pause !== null) await pause;
  }
  for (const rows of others)
    for (const [key, measures] of rows) {
      addRow(differing, key, measures, -1);
      const pause = paced();
      if (pause !== null) await pause;
    }
  return differing;
}

function isSame(a: readonly Integer[], b: readonly Integer[] | undefined): boolean {
  return b !== undefined && a.length === b.length && a.every((measure, i) => measure === b[i]);
}
