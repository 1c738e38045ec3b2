/** Snapshots of rows that no deltas belong to: what a question to the archive computed, up to its cut and nothing since. */
import { QUICK_ROWS } from './deltas/live-answers.ts';
import type { LoadedGeneration } from './generations/loaded.ts';
import { onlyThis } from './generations/staged.ts';
import type { Layers, Question } from './merge.ts';
import type { Turn } from './rows-in-turns.ts';
import type { ServingContext } from './snapshot.ts';

/** Ask it for the layer `batch`. */
export function withoutDeltas({ deps, board }: ServingContext, loaded: LoadedGeneration): ServingContext {
  const speed = {
    // They say what was in flight between keys at the cut.
    states: board.states(),
    pending: 0,
    overflowed: 0,
    answer: (of: LoadedGeneration, question: Question) => of.answer(question),
    answerInTurns: (of: LoadedGeneration, question: Question, _: Layers, goOn: Turn) => of.answerInTurns(question, goOn),
    isQuick: (of: LoadedGeneration, question: Question) => of.rowsToPass(question) <= QUICK_ROWS,
    ofPartition: async () => new Map(),
  };
  const health = { lagMs: null, watermark: null, missing: [], notOneHistory: [], notes: [] };
  return {
    deps: { ...deps, store: { ...deps.store, pointer: async () => null } },
    generations: onlyThis(loaded),
    staged: { take: async () => loaded, letGo: () => {} },
    board: { ...board, furthest: () => [], health: () => health },
    deltas: { poll: async () => speed, held: () => ({ ...speed, ageMs: 0 }), keepUp: async () => {} },
  };
}
