/**
 * The deltas that are held in memory, and how they came to be what they are: a chain of versions, each leading to the
 * next by a change. Rows add up, so whatever was computed at one version is brought to another by adding the changes in
 * between, or taking them away. Rows that enter the memory or leave it (a view that was not asked for, a generation that
 * no reader serves) are changes like any other. The chain is held by the answers that refer to it: versions that no answer needs are
 * collected.
 */

import { TributaryError } from '@tributary/model/errors';
import { stateWith } from '@tributary/store/format/feed';
import type { FeedCursor, Followed, GenerationDeltas, WholePartition } from '@tributary/store/serving-store';
import type { PartitionState } from '@tributary/store/speed-store';
import { addRowsByView, type Rows, type RowsByView } from '@tributary/views/deltas';
import type { Question } from '../merge.ts';

export interface Version {
  /** Versions of one chain lead to each other; a chain ends where everything was forgotten. */
  readonly chain: number;
  readonly number: number;
  /** Rows that all changes up to here were made of. */
  readonly changedRows: number;
  /** What leads to the next version; null: this is the newest. */
  next: { readonly change: Change; readonly version: Version } | null;
}

interface Change {
  readonly partition: number;
  readonly generation: number;
  readonly rows: RowsByView;
  /** -1: the rows left the memory. */
  readonly sign: 1 | -1;
}

/** What all partitions say of themselves, each as of the commit that its rows are of. */
export interface SpeedState {
  readonly states: readonly (PartitionState | null)[];
  readonly pending: number;
  readonly overflowed: number;
}

interface HeldPartition {
  readonly cursor: FeedCursor;
  readonly state: PartitionState | null;
  /** Generations ≥ this, and these views. */
  readonly from: number;
  readonly views: ReadonlySet<string>;
  readonly generations: ReadonlyMap<number, GenerationDeltas>;
}

export interface HeldDeltas {
  cursors(): (FeedCursor | null)[];
  /** Whether the partition is held with these views since this generation. */
  covers(partition: number, views: Iterable<string>, from: number): boolean;
  /** Adds what was committed since the cursor, rows of views that the partition covers. */
  add(partition: number, commits: Exclude<Followed['commits'], 'gap'>): void;
  /** Puts the partition as it was read in place of what was held of it; what differs is the change. */
  replace(whole: WholePartition, views: Iterable<string>, from: number): void;
  /** Forgets generations below `from` and other views. */
  keepOnly(views: Iterable<string>, from: number): void;
  forget(): void;
  newest(): Version;
  /** Throws `store_unavailable` when everything was forgotten since. */
  assertReachable(version: Version): void;
  /** Throws `store_unavailable` unless every partition is held since `from`. */
  speedState(from: number): SpeedState;
  /** The answer over what is held of generations ≥ `from`, at the newest version; of one partition alone where it is named. */
  answer(question: Question, from: number, only?: number): Rows;
}

export function createHeldDeltas(partitions: number): HeldDeltas {
  const held = new Array<HeldPartition | null>(partitions).fill(null);
  let newest: Version = { chain: 0, number: 0, changedRows: 0, next: null };

  function changed(change: Change): void {
    let size = 0;
    for (const rows of change.rows.values()) size += rows.size;
    if (size === 0) return;
    const { chain, number, changedRows } = newest;
    const version: Version = { chain, number: number + 1, changedRows: changedRows + size, next: null };
    newest.next = { change, version };
    newest = version;
  }

  return {
    cursors: () => held.map((partition) => partition?.cursor ?? null),
    covers(number, views, from) {
      const partition = held[number] ?? null;
      return partition !== null && partition.from <= from && [...views].every((view) => partition.views.has(view));
    },
    add(number, commits) {
      for (const commit of commits) {
        const before = held[number] as HeldPartition;
        const { id, generation } = commit;
        const cursor = { commitId: id, commits: before.cursor.commits + 1 };
        const generations = new Map(before.generations);
        if (generation >= before.from) {
          const sum = generations.get(generation) ?? { rows: new Map(), pending: 0, overflowed: 0 };
          addRowsByView(sum.rows, commit.rows);
          const pending = sum.pending + commit.pending;
          const overflowed = sum.overflowed + commit.overflowed;
          generations.set(generation, { rows: sum.rows, pending, overflowed });
          changed({ partition: number, generation, rows: commit.rows, sign: 1 });
        }
        held[number] = { ...before, cursor, state: stateWith(before.state, commit, before.from), generations };
      }
    },
    replace({ partition: number, cursor, state, generations }, views, from) {
      // No answer is given before all partitions are held: entering for the first time does not change any.
      const before = held[number]?.generations;
      for (const generation of before === undefined ? [] : new Set([...before.keys(), ...generations.keys()])) {
        const rows = difference(generations.get(generation)?.rows, before?.get(generation)?.rows);
        changed({ partition: number, generation, rows, sign: 1 });
      }
      held[number] = { cursor, state, from, views: new Set(views), generations };
    },
    keepOnly(kept, from) {
      const views = new Set(kept);
      held.forEach((partition, number) => {
        if (partition === null || (partition.from >= from && [...partition.views].every((view) => views.has(view)))) return;
        const generations = new Map<number, GenerationDeltas>();
        for (const [generation, deltas] of partition.generations) {
          const left: RowsByView = new Map();
          for (const [view, rows] of deltas.rows) if (generation < from || !views.has(view)) left.set(view, rows);
          for (const view of left.keys()) deltas.rows.delete(view);
          changed({ partition: number, generation, rows: left, sign: -1 });
          if (generation >= from) generations.set(generation, deltas);
        }
        const both = new Set([...partition.views].filter((view) => views.has(view)));
        held[number] = { ...partition, from: Math.max(partition.from, from), views: both, generations };
      });
    },
    forget() {
      held.fill(null);
      newest = { ...newest, chain: newest.chain + 1, next: null };
    },
    newest: () => newest,
    assertReachable(version) {
      if (version.chain !== newest.chain) throw gone('everything was read again meanwhile');
    },
    speedState(from) {
      const sum = { states: [] as (PartitionState | null)[], pending: 0, overflowed: 0 };
      held.forEach((partition, number) => {
        if (partition === null || partition.from > from) throw gone(`partition ${number} of ${partitions}`);
        sum.states.push(partition.state);
        for (const [generation, { pending, overflowed }] of partition.generations) {
          if (generation < from) continue;
          sum.pending += pending;
          sum.overflowed += overflowed;
        }
      });
      return sum;
    },
    answer(question, from, only) {
      const sum: Rows = new Map();
      for (const partition of only === undefined ? held : [held[only]])
        for (const [generation, { rows }] of partition?.generations ?? [])
          if (generation >= from) question.addTo(sum, rows.get(question.view.name) ?? new Map());
      return sum;
    },
  };
}

/** What the changes after the version `from` up to `to` add to the answer over the deltas of `generation` and later ones; of one partition alone where it is named. */
export function answerOfChanges(question: Question, generation: number, from: Version, to: Version, only?: number): Rows {
  const sum: Rows = new Map();
  for (let version = from; version.number < to.number; ) {
    const { next } = version;
    if (next === null) throw gone(`version ${to.number}`);
    const { change } = next;
    const isAsked = change.generation >= generation && (only ?? change.partition) === change.partition;
    const rows = isAsked ? change.rows.get(question.view.name) : undefined;
    if (rows !== undefined) question.addTo(sum, rows, change.sign);
    version = next.version;
  }
  return sum;
}

function difference(after: RowsByView = new Map(), before: RowsByView = new Map()): RowsByView {
  const differing: RowsByView = new Map();
  addRowsByView(differing, after);
  addRowsByView(differing, before, -1);
  return differing;
}

function gone(what: string): TributaryError {
  return new TributaryError('store_unavailable', `the deltas are not in memory: ${what}`);
}
