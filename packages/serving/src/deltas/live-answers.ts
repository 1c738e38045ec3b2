/** Answers that are brought up to date by what changed since they were last given. */
import type { Rows } from '@tributary/views/deltas';
import type { LoadedGeneration } from '../generations/loaded.ts';
import { type Layers, minus, plus, type Question } from '../merge.ts';
import { createRowMemory } from '../row-memory.ts';
import { addPartsInTurns, type Turn } from '../rows-in-turns.ts';
import type { HeldDeltas } from './held.ts';
import { changesOf, type Version } from './versions.ts';

/** What is asked: the answer as of `version`. */
export interface AskedAt {
  readonly version: Version;
  readonly loaded: LoadedGeneration;
  readonly question: Question;
  readonly layers: Layers;
}

export interface LiveAnswers {
  /** Its rows never change; while nothing does, they are the very same object. */
  at(asked: AskedAt): Rows;
  /** The same, some thousand rows at a turn. */
  inTurns(asked: AskedAt, goOn: Turn): Promise<Rows>;
  /** Whether `at` passes over few rows. */
  isQuick(asked: AskedAt): boolean;
  /** What the deltas of one partition add to it, some thousand rows at a turn. Not remembered. */
  ofPartition(partition: number, asked: Omit<AskedAt, 'layers'>, goOn: Turn): Promise<Rows>;
  /** Lets go of answers that were not asked for lately: they keep all changes since in memory. */
  forgetOld(): void;
}

/** Rows that one turn may pass over for an answer: some ms. */
export const QUICK_ROWS = 8_192;
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

  function keyOf({ loaded, layers, question }: AskedAt): string {
    return `${held.newest().chain} ${numberOf(loaded)} ${layers} ${question.key}`;
  }

  function newest(asked: AskedAt): Rows {
    const { loaded, question, layers } = asked;
    const deltas: Rows = new Map();
    for (const { rows, sign } of held.parts(question, loaded.generation)) question.addTo(deltas, rows, sign);
    const rows = layers === 'speed' ? deltas : plus(loaded.answer(question), deltas);
    remembered.set(keyOf(asked), { rows, version: held.newest() }, rows.size);
    return rows;
  }

  function changes({ loaded, question }: AskedAt, from: Version, to: Version): Rows {
    const sum: Rows = new Map();
    for (const { rows, sign } of changesOf(question, loaded.generation, from, to)) question.addTo(sum, rows, sign);
    return sum;
  }

  async function sumInTurns({ version, loaded, question }: Omit<AskedAt, 'layers'>, goOn: Turn, only?: number): Promise<Rows> {
    while (!held.isReadyToPass(question, loaded.generation, only)) await goOn();
    const pass = held.pass(question, loaded.generation, version, only);
    try {
      const sum: Rows = new Map();
      await addPartsInTurns(sum, pass.parts, question, goOn);
      return sum;
    } finally {
      pass.release();
    }
  }

  return {
    at(asked) {
      const { version, loaded, question, layers } = asked;
      if (layers === 'batch') return loaded.answer(question);
      held.assertReachable(version);
      const key = keyOf(asked);
      const known = remembered.get(key) ?? { rows: newest(asked), version: held.newest() };
      if (known.version.number > version.number) return minus(known.rows, changes(asked, version, known.version));
      if (known.version.number === version.number) return known.rows;
      const rows = plus(known.rows, changes(asked, known.version, version));
      remembered.set(key, { rows, version }, rows.size);
      return rows;
    },
    async inTurns(asked, goOn) {
      const { version, loaded, question, layers } = asked;
      if (layers === 'batch') return loaded.answerInTurns(question, goOn);
      const deltas = await sumInTurns(asked, goOn);
      const rows = layers === 'speed' ? deltas : plus(await loaded.answerInTurns(question, goOn), deltas);
      if (version.chain !== held.newest().chain) return rows;
      const known = remembered.get(keyOf(asked));
      if (known === undefined || known.version.number < version.number)
        remembered.set(keyOf(asked), { rows, version }, rows.size);
      return rows;
    },
    isQuick(asked) {
      const { version, loaded, question, layers } = asked;
      if (layers === 'batch') return loaded.rowsToPass(question) <= QUICK_ROWS;
      const known = version.chain === held.newest().chain ? remembered.get(keyOf(asked)) : undefined;
      if (known !== undefined) return Math.abs(known.version.changedRows - version.changedRows) <= QUICK_ROWS;
      let rows = layers === 'speed' ? 0 : loaded.rowsToPass(question);
      for (const part of held.parts(question, loaded.generation)) rows += part.rows.size;
      return rows + (held.newest().changedRows - version.changedRows) <= QUICK_ROWS;
    },
    ofPartition: (partition, asked, goOn) => sumInTurns(asked, goOn, partition),
    forgetOld() {
      const { chain, changedRows } = held.newest();
      remembered.forget(({ version }) => version.chain !== chain || changedRows - version.changedRows > MOST_CHANGED_ROWS);
    },
  };
}
