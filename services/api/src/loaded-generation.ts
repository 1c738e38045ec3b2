/** A generation in memory: its view rows, and what was lately asked of them. */
import { setImmediate as turn } from 'node:timers/promises';
import type { GenerationManifest } from '@tributary/archive/layout';
import { type Rows, type RowsByView, rowsOf } from '@tributary/views/deltas';
import { VIEWS } from '@tributary/views/registry';
import type { Question } from './merge.ts';
import { createRowMemory } from './row-memory.ts';

export interface LoadedGeneration {
  readonly generation: number;
  /** null for generation 0: before the first batch there is nothing but deltas. */
  readonly manifest: GenerationManifest | null;
  /** The answer over view(g), remembered. Shared: callers do not change it. */
  answer(question: Question): Rows;
}

/** Answers remembered for one generation, some 100 bytes a row. */
const REMEMBERED = { entries: 128, rows: 400_000 };

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
  const remembered = createRowMemory<Rows>(REMEMBERED);
  return {
    generation,
    manifest,
    answer(question) {
      const known = remembered.get(question.key);
      if (known !== undefined) return known;
      const { view, model } = question;
      const split = model === undefined ? undefined : byModel.get(view.name)?.get(model);
      const rows: Rows = new Map();
      question.addTo(rows, split ?? views.get(view.name) ?? new Map());
      remembered.set(question.key, rows, rows.size);
      return rows;
    },
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
