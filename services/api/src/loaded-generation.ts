/** A generation in memory: its view rows, and the projections that questions asked of it lately. */
import type { GenerationManifest } from '@tributary/archive/layout';
import type { Rows, RowsByView } from '@tributary/views/deltas';
import type { View } from '@tributary/views/view';
import { project, type Selection } from './merge.ts';

export interface LoadedGeneration {
  readonly generation: number;
  /** null for generation 0: before the first batch there is nothing but deltas. */
  readonly manifest: GenerationManifest | null;
  /** `project(view(g))`, remembered. Shared: callers do not change it. */
  project(view: View, selection: Selection): Rows;
}

/** Projections remembered for one generation. */
const REMEMBERED = 64;
/** A projection of more rows than this is computed anew each time. */
const REMEMBERED_ROWS = 20_000;

export function loadedGeneration(generation: number, manifest: GenerationManifest | null, views: RowsByView): LoadedGeneration {
  const remembered = new Map<string, Rows>();
  return {
    generation,
    manifest,
    project(view, selection) {
      const question = JSON.stringify([view.name, selection]);
      let rows = remembered.get(question);
      if (rows !== undefined) {
        // Re-inserting makes the Map's order the order of use.
        remembered.delete(question);
        remembered.set(question, rows);
        return rows;
      }
      rows = project(views.get(view.name) ?? new Map(), view, selection);
      if (rows.size > REMEMBERED_ROWS) return rows;
      remembered.set(question, rows);
      if (remembered.size > REMEMBERED) remembered.delete(remembered.keys().next().value as string);
      return rows;
    },
  };
}

export const GENERATION_ZERO: LoadedGeneration = loadedGeneration(0, null, new Map());
