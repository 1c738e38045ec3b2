/** Answers that are brought up to date by what changed since they were last given. */
import type { Rows } from '@tributary/views/deltas';
import type { LoadedGeneration } from '../generations/loaded.ts';
import { type Layers, minus, plus, type Question } from '../merge.ts';
import { createRowMemory } from '../row-memory.ts';
import { answerOfChanges, type HeldDeltas, type Version } from './held.ts';

export interface LiveAnswers {
  /** The answer as of `version`. Its rows never change; while nothing does, they are the very same object. */
  at(version: Version, loaded: LoadedGeneration, question: Question, layers: Layers): Rows;
  /** What the deltas of one partition add to the answer as of `version`. Not remembered. */
  ofPartition(partition: number, version: Version, loaded: LoadedGeneration, question: Question): Rows;
  /** Lets go of answers that were not asked for lately: they keep all changes since in memory. */
  forgetOld(): void;
}

/** Some 100 bytes a row; rows that did not change are shared with the generation's own answers. */
const REMEMBERED = { entries: 128, rows: 400_000 };
/** An answer that this many changed rows have passed by is forgotten: some 40 MB. */
const MOST_CHANGED_ROWS = 200_000;

export function createLiveAnswers(held: HeldDeltas): LiveAnswers {
  const remembered = createRowMemory<{ readonly rows: Rows; readonly version: Version }>(REMEMBERED);
  const numbers = new WeakMap<LoadedGeneration, number>();
  let loads = 0;

  function numberOf(loaded: LoadedGeneration): number {
    let number = numbers.get(loaded);
    if (number === undefined) {
      number = ++loads;
      numbers.set(loaded, number);
    }
    return number;
  }

  function newest(key: string, loaded: LoadedGeneration, question: Question, layers: Layers): Rows {
    const deltas = held.answer(question, loaded.generation);
    const rows = layers === 'speed' ? deltas : plus(loaded.answer(question), deltas);
    remembered.set(key, { rows, version: held.newest() }, rows.size);
    return rows;
  }

  return {
    at(version, loaded, question, layers) {
      if (layers === 'batch') return loaded.answer(question);
      held.assertReachable(version);
      const key = `${held.newest().chain} ${numberOf(loaded)} ${layers} ${question.key}`;
      const known = remembered.get(key) ?? { rows: newest(key, loaded, question, layers), version: held.newest() };
      if (known.version.number > version.number)
        return minus(known.rows, answerOfChanges(question, loaded.generation, version, known.version));
      if (known.version.number === version.number) return known.rows;
      const rows = plus(known.rows, answerOfChanges(question, loaded.generation, known.version, version));
      remembered.set(key, { rows, version }, rows.size);
      return rows;
    },
    ofPartition(partition, version, { generation }, question) {
      held.assertReachable(version);
      const since = answerOfChanges(question, generation, version, held.newest(), partition);
      return minus(held.answer(question, generation, partition), since);
    },
    forgetOld() {
      const { chain, changedRows } = held.newest();
      remembered.forget(({ version }) => version.chain !== chain || changedRows - version.changedRows > MOST_CHANGED_ROWS);
    },
  };
}
