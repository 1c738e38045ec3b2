/** A generation in memory: its view rows, and what was lately asked of them. */
import type { GenerationManifest } from '@tributary/archive/layout';
import { type Rows, type RowsByView, rowsOf } from '@tributary/views/deltas';
import { VIEWS } from '@tributary/views/registry';
import { partedBy, type Question } from '../merge.ts';
import { createRowMemory } from '../row-memory.ts';
import { addInTurns, ROWS_PER_TURN, type Turn, turn } from '../rows-in-turns.ts';

export interface LoadedGeneration {
  readonly generation: number;
  /** null for generation 0: before the first batch there is nothing but deltas. */
  readonly manifest: GenerationManifest | null;
  /** The answer over view(g), remembered. Shared: callers do not change it. */
  answer(question: Question): Rows;
  /** The same, some thousand rows at a turn. */
  answerInTurns(question: Question, goOn: Turn): Promise<Rows>;
  /** How many rows an answer passes over; 0: it is remembered. */
  rowsToPass(question: Question): number;
  /** What was asked of late. */
  questions(): Question[];
  /** Answers ahead of time, a few ms at a turn: what was asked of the generation before will be asked of this one. */
  prepare(questions: readonly Question[]): Promise<void>;
}

/** Answers remembered for one generation, some 100 bytes a row. */
const REMEMBERED = { entries: 128, rows: 400_000 };

/** Questions answered ahead of time, the latest: each takes about a second for a million rows. */
const PREPARED = 32;

export async function loadedGeneration(
  generation: number,
  manifest: GenerationManifest,
  views: RowsByView,
): Promise<LoadedGeneration> {
  const parts = new Map<string, RowsByView>();
  for (const [name, rows] of views) {
    const split = await partsOf(name, rows);
    if (split !== undefined) parts.set(name, split);
  }
  return inMemory(generation, manifest, views, parts);
}

function inMemory(
  generation: number,
  manifest: GenerationManifest | null,
  views: RowsByView,
  parts: ReadonlyMap<string, RowsByView>,
): LoadedGeneration {
  const remembered = createRowMemory<{ readonly question: Question; readonly rows: Rows }>(REMEMBERED);

  function rowsFor({ view, part }: Question): Rows {
    const split = part === undefined ? undefined : parts.get(view.name);
    return (part === undefined || split === undefined ? views.get(view.name) : split.get(part)) ?? new Map();
  }

  return {
    generation,
    manifest,
    answer(question) {
      const known = remembered.get(question.key);
      if (known !== undefined) return known.rows;
      const rows: Rows = new Map();
      question.addTo(rows, rowsFor(question));
      remembered.set(question.key, { question, rows }, rows.size);
      return rows;
    },
    async answerInTurns(question, goOn) {
      const known = remembered.get(question.key);
      if (known !== undefined) return known.rows;
      const rows: Rows = new Map();
      await addInTurns(rows, rowsFor(question), question, goOn);
      remembered.set(question.key, { question, rows }, rows.size);
      return rows;
    },
    rowsToPass: (question) => (remembered.get(question.key) === undefined ? rowsFor(question).size : 0),
    questions: () => remembered.values().map(({ question }) => question),
    async prepare(questions) {
      for (const question of questions.slice(-PREPARED)) {
        try {
          const rows: Rows = new Map();
          await addInTurns(rows, rowsFor(question), question, turn);
          remembered.set(question.key, { question, rows }, rows.size);
        } catch {
          // A question of it is answered with the reason; the generation can be served.
        }
      }
    },
  };
}

/** Questions about credit name one model, those about attention one page. Rows are shared, not copied. */
async function partsOf(name: string, rows: Rows): Promise<RowsByView | undefined> {
  const view = VIEWS.find((one) => one.name === name);
  const dimension = view === undefined ? undefined : partedBy(view);
  if (view === undefined || dimension === undefined) return undefined;
  const at = view.dimensions.indexOf(dimension);
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
