/**
 * What groups of users (partitions) add to the answers of a snapshot.
 *
 *   ask       what will be asked of a group, recorded with a group that has no rows
 *     ↓       one request after the other: rows of a partition in turns of a few ms, other requests in between
 *   prepared  the answers of each group, for as long as the snapshot is held
 *
 * What is computed from them afterwards waits for nothing. The rows by partition of a generation may be a million: passed over in one
 * turn, they would hold up readers of signals for seconds.
 */
import type { Asker } from '@tributary/runtime/http/turns-of-keys';
import { withoutCampaign } from '@tributary/views/by-partition';
import type { Rows } from '@tributary/views/deltas';
import type { View } from '@tributary/views/view';
import { type Collection, collectionOf, plus, projectionOf, type Question, type Selection } from './merge.ts';
import { createQuestionTurns } from './question-turns.ts';
import type { Turn } from './rows-in-turns.ts';

export interface Group {
  /** Without campaigns, which rows of groups do not have. Throws a TypeError for what was not prepared. */
  project(view: View, selection: Selection): Rows;
  collect(view: View, collection: Collection): Rows;
}

export interface Groups {
  /**
   * Answers what `ask` asks of a group, for each of them. `ask` asks the same whatever it is given. Throws and rejects as `ask` does, and
   * rejects with `overloaded` and `groups_timeout`.
   */
  prepare(ask: (group: Group) => unknown, asker: Asker): Promise<void>;
  readonly each: readonly Group[];
}

/** Both layers of one partition. */
export interface GroupLayers {
  /** null: the generation is left out. */
  readonly ofBatch: ((partition: number, question: Question, goOn: Turn) => Promise<Rows>) | null;
  /** null: the deltas are left out. */
  readonly ofLive: ((partition: number, question: Question, goOn: Turn) => Promise<Rows>) | null;
}

/** The same question of both layers: real time keeps the rows of a partition whole, the generation without campaigns. */
interface Asked {
  readonly ofBatch: Question;
  readonly ofLive: Question;
}

/** All questions of this process. */
const turns = createQuestionTurns();

export function createGroups(partitions: number, { ofBatch, ofLive }: GroupLayers): Groups {
  const prepared = Array.from({ length: partitions }, () => new Map<string, Rows>());

  async function answer(partition: number, asked: Asked, goOn: Turn): Promise<Rows> {
    const live = ofLive === null ? new Map() : await ofLive(partition, asked.ofLive, goOn);
    return ofBatch === null ? live : plus(await ofBatch(partition, asked.ofBatch, goOn), live);
  }

  return {
    prepare(ask, asker) {
      const asked = new Map<string, Asked>();
      ask(
        groupThat((one) => {
          asked.set(one.ofLive.key, one);
          return new Map();
        }),
      );
      // What is remembered waits for no other question.
      if (prepared.every((answers) => [...asked.keys()].every((key) => answers.has(key)))) return Promise.resolve();
      return turns.take(asker, async (goOn) => {
        for (const [partition, answers] of prepared.entries())
          for (const [key, one] of asked) {
            if (answers.has(key)) continue;
            answers.set(key, await answer(partition, one, goOn));
            await goOn();
          }
      });
    },
    each: prepared.map((answers) =>
      groupThat(({ ofLive: { key } }) => {
        const rows = answers.get(key);
        if (rows === undefined) throw new TypeError(`groups must be prepared for what is asked of them (got ${key})`);
        return rows;
      }),
    ),
  };
}

function groupThat(rowsOf: (asked: Asked) => Rows): Group {
  return {
    project: (view, selection) =>
      rowsOf({ ofBatch: projectionOf(withoutCampaign(view), selection), ofLive: projectionOf(view, selection) }),
    collect: (view, collection) =>
      rowsOf({ ofBatch: collectionOf(withoutCampaign(view), collection), ofLive: collectionOf(view, collection) }),
  };
}
