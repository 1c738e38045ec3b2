/** The rows of a generation by partition, which is a group of users: read when the first question about groups comes. */
import { byPartition } from '@tributary/views/by-partition';
import type { Rows } from '@tributary/views/deltas';
import type { View } from '@tributary/views/view';
import { partedBy, type Question } from '../merge.ts';
import type { GenerationSource } from '../ports.ts';
import { createRowMemory, type RowMemory } from '../row-memory.ts';
import { addInTurns, ROWS_PER_TURN, type Turn, turn } from '../rows-in-turns.ts';
import type { LoadedGeneration } from './loaded.ts';

export interface GenerationGroups {
  /**
   * The answer over the rows of one partition, remembered; they are passed over some thousand a turn. Shared: callers do not change it.
   * Rejects as `goOn` does, which lets other requests go on.
   */
  answer(partition: number, question: Question, goOn: Turn): Promise<Rows>;
}

/** Why there are none: an earlier version computed the generation, or their rows are too many to be kept. */
export type GroupsLack = 'groups_not_kept' | 'too_many_group_rows';

/** Rows of one partition, by the parts that questions name (models); other views have one entry, of "". */
type PartitionRows = Map<string, Rows>;

interface Held {
  readonly rows: Map<string, Promise<readonly PartitionRows[]>>;
  readonly answers: RowMemory<Rows>;
}

/** Some 100 bytes a row; a question about groups has an answer for each partition. */
const REMEMBERED = { entries: 1_024, rows: 400_000 };

const memory = new WeakMap<LoadedGeneration, Held>();

/** Generations whose rows by partition are in memory, up to some 200 MB each: the one that is served and the one of a question, or the one before. */
const MOST_HELD = 2;

/** Those that were asked for last, the latest first. */
let recent: WeakRef<LoadedGeneration>[] = [];

function heldOf(loaded: LoadedGeneration): Held {
  const held: Held = memory.get(loaded) ?? { rows: new Map(), answers: createRowMemory(REMEMBERED) };
  memory.set(loaded, held);
  recent = [new WeakRef(loaded), ...recent.filter((one) => one.deref() !== loaded)];
  for (const one of recent.splice(MOST_HELD)) {
    const left = one.deref();
    if (left !== undefined) memory.delete(left);
  }
  return held;
}

/** Rejects as the source does. */
export async function groupsOf(
  source: Pick<GenerationSource, 'rowsByPartition'>,
  loaded: LoadedGeneration,
  views: readonly View[],
  partitions: number,
): Promise<GenerationGroups | GroupsLack> {
  const { manifest } = loaded;
  const names = views.map((view) => byPartition(view).name);
  if (manifest !== null && names.some((name) => manifest.views[name] === undefined))
    return names.some((name) => manifest.leftOut?.includes(name)) ? 'too_many_group_rows' : 'groups_not_kept';
  const held = heldOf(loaded);
  const byView = new Map<string, readonly PartitionRows[]>();
  for (const view of views) {
    const reading = held.rows.get(view.name) ?? read(view);
    held.rows.set(view.name, reading);
    byView.set(view.name, await reading);
  }
  return {
    async answer(partition, question, goOn) {
      const key = `${partition} ${question.key}`;
      const known = held.answers.get(key);
      if (known !== undefined) return known;
      const rows: Rows = new Map();
      const { part } = question;
      for (const [name, own] of byView.get(question.view.name)?.[partition] ?? [])
        if (part === undefined || name === part) await addInTurns(rows, own, question, goOn);
      held.answers.set(key, rows, rows.size);
      return rows;
    },
  };

  async function read(view: View): Promise<readonly PartitionRows[]> {
    const parts = Array.from({ length: partitions }, (): PartitionRows => new Map());
    if (manifest === null) return parts;
    const dimension = partedBy(view);
    const at = dimension === undefined ? -1 : view.dimensions.indexOf(dimension);
    let passed = 0;
    try {
      for (const [key, measures] of await source.rowsByPartition(manifest, view)) {
        const end = key.lastIndexOf('\t');
        const part = parts[Number(key.slice(end + 1))];
        if (part === undefined)
          throw new TypeError(
            `${view.name} of generation ${manifest.generation} has rows of partition ${key.slice(end + 1)} of ${partitions}`,
          );
        const name = at < 0 ? '' : (key.split('\t', at + 1)[at] as string);
        const rows = part.get(name) ?? new Map();
        part.set(name, rows);
        rows.set(key.slice(0, end), measures);
        if (++passed % ROWS_PER_TURN === 0) await turn();
      }
      return parts;
    } catch (error) {
      held.rows.delete(view.name);
      throw error;
    }
  }
}
