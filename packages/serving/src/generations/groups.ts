/** The rows of a generation by partition, which is a group of users: read when the first question about groups comes. */
import { byPartition } from '@tributary/views/by-partition';
import type { Rows } from '@tributary/views/deltas';
import type { View } from '@tributary/views/view';
import type { Question } from '../merge.ts';
import type { GenerationSource } from '../ports.ts';
import { createRowMemory, type RowMemory } from '../row-memory.ts';
import type { LoadedGeneration } from './loaded.ts';

export interface GenerationGroups {
  /** The answer over the rows of one partition, remembered. Shared: callers do not change it. */
  answer(partition: number, question: Question): Rows;
}

interface Held {
  readonly rows: Map<string, Promise<readonly Rows[]>>;
  readonly answers: RowMemory<Rows>;
}

/** Some 100 bytes a row; a question about groups has an answer for each partition. */
const REMEMBERED = { entries: 1_024, rows: 400_000 };

const memory = new WeakMap<LoadedGeneration, Held>();

/** null: the generation does not keep these views by partition. Rejects as the source does. */
export async function groupsOf(
  source: Pick<GenerationSource, 'rowsByPartition'>,
  loaded: LoadedGeneration,
  views: readonly View[],
  partitions: number,
): Promise<GenerationGroups | null> {
  const { manifest } = loaded;
  if (manifest !== null && views.some((view) => manifest.views[byPartition(view).name] === undefined)) return null;
  const held: Held = memory.get(loaded) ?? { rows: new Map(), answers: createRowMemory(REMEMBERED) };
  memory.set(loaded, held);
  const byView = new Map<string, readonly Rows[]>();
  for (const view of views) {
    const reading = held.rows.get(view.name) ?? read(view);
    held.rows.set(view.name, reading);
    byView.set(view.name, await reading);
  }
  return {
    answer(partition, question) {
      const key = `${partition} ${question.key}`;
      const known = held.answers.get(key);
      if (known !== undefined) return known;
      const rows: Rows = new Map();
      question.addTo(rows, byView.get(question.view.name)?.[partition] ?? new Map());
      held.answers.set(key, rows, rows.size);
      return rows;
    },
  };

  async function read(view: View): Promise<readonly Rows[]> {
    const parts = Array.from({ length: partitions }, (): Rows => new Map());
    if (manifest === null) return parts;
    try {
      for (const [key, measures] of await source.rowsByPartition(manifest, view)) {
        const end = key.lastIndexOf('\t');
        const part = parts[Number(key.slice(end + 1))];
        if (part === undefined)
          throw new TypeError(
            `${view.name} of generation ${manifest.generation} has rows of partition ${key.slice(end + 1)} of ${partitions}`,
          );
        part.set(key.slice(0, end), measures);
      }
      return parts;
    } catch (error) {
      held.rows.delete(view.name);
      throw error;
    }
  }
}
