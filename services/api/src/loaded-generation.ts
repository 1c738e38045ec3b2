/** A generation in memory: its view rows, and the projections that questions asked of it lately. */
import { setImmediate as turn } from 'node:timers/promises';
import type { GenerationManifest } from '@tributary/archive/layout';
import { type Rows, type RowsByView, rowsOf } from '@tributary/views/deltas';
import { VIEWS } from '@tributary/views/registry';
import type { View } from '@tributary/views/view';
import { type Collection, collect, project, type Selection } from './merge.ts';

export interface LoadedGeneration {
  readonly generation: number;
  /** null for generation 0: before the first batch there is nothing but deltas. */
  readonly manifest: GenerationManifest | null;
  /** `project(view(g))`, remembered. Shared: callers do not change it. */
  project(view: View, selection: Selection): Rows;
  /** What the collection makes of view(g), remembered. Shared: callers do not change it. */
  collect(view: View, collection: Collection): Rows;
}

/** Projections remembered for one generation. */
const REMEMBERED = 64;
/** A projection of more rows than this is computed anew each time. */
const REMEMBERED_ROWS = 20_000;

/** Rows that are split before requests have their turn: a few ms. */
const ROWS_PER_TURN = 4_096;

export async function loadedGeneration(
  generation: number,
  manifest: GenerationManifest,
  views: RowsByView,
): Promise<LoadedGeneration> {
  const byModel = new Map<string, RowsByView>();
  for (const [name, rows] of views) {
    const split = await splitByModel(name, rows);
    if (split !== undefined) byModel.set(name, split);
  }
  return inMemory(generation, manifest, views, byModel);
}

function inMemory(
  generation: number,
  manifest: GenerationManifest | null,
  views: RowsByView,
  byModel: ReadonlyMap<string, RowsByView>,
): LoadedGeneration {
  const remembered = new Map<string, Rows>();
  function remember(question: string, compute: () => Rows): Rows {
    const known = remembered.get(question);
    if (known !== undefined) {
      // Re-inserting makes the Map's order the order of use.
      remembered.delete(question);
      remembered.set(question, known);
      return known;
    }
    const rows = compute();
    if (rows.size > REMEMBERED_ROWS) return rows;
    remembered.set(question, rows);
    if (remembered.size > REMEMBERED) remembered.delete(remembered.keys().next().value as string);
    return rows;
  }

  return {
    generation,
    manifest,
    project: (view, selection) =>
      remember(JSON.stringify(['project', view.name, selection]), () => {
        const model = selection.equal['model'];
        const split = model === undefined ? undefined : byModel.get(view.name)?.get(model);
        return project(split ?? views.get(view.name) ?? new Map(), view, selection);
      }),
    collect: (view, collection) =>
      remember(JSON.stringify(['collect', view.name, collection.key, collection.days]), () =>
        collect(views.get(view.name) ?? new Map(), collection),
      ),
  };
}

/** Questions about credit name one model: they need not pass over the rows of the others. Rows are shared, not copied. */
async function splitByModel(view: string, rows: Rows): Promise<RowsByView | undefined> {
  const at = VIEWS.find(({ name }) => name === view)?.dimensions.indexOf('model') ?? -1;
  if (at < 0) return undefined;
  const split: RowsByView = new Map();
  let passed = 0;
  for (const [key, measures] of rows) {
    rowsOf(split, partAt(key, at)).set(key, measures);
    if (++passed % ROWS_PER_TURN === 0) await turn();
  }
  return split;
}

function partAt(key: string, at: number): string {
  let start = 0;
  for (let i = 0; i < at; i++) start = key.indexOf('\t', start) + 1;
  const end = key.indexOf('\t', start);
  return end < 0 ? key.slice(start) : key.slice(start, end);
}

export const GENERATION_ZERO: LoadedGeneration = inMemory(0, null, new Map(), new Map());
