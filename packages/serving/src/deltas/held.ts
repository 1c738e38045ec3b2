/**
 * The deltas that are held in memory, of each partition as of one commit. Rows that enter the memory or leave it (a view that was not asked for, a
 * generation that no reader serves) are changes like any other (versions.ts).
 */

import type { CommittedDeltas } from '@tributary/store/format/feed';
import { stateWith } from '@tributary/store/format/feed';
import type { FeedCursor, Followed } from '@tributary/store/serving-store';
import type { PartitionState } from '@tributary/store/speed-store';
import type { RowsByView } from '@tributary/views/deltas';
import type { Question } from '../merge.ts';
import { createHeldRows, type HeldRows, type SignedRows } from './held-rows.ts';
import { type Change, changedTo, changesOf, firstVersion, gone, type Version } from './versions.ts';
import type { ReadPartition } from './whole-reads.ts';

/** What all partitions say of themselves, each as of the commit that its rows are of. */
export interface SpeedState {
  readonly states: readonly (PartitionState | null)[];
  readonly pending: number;
  readonly overflowed: number;
}

interface HeldGeneration {
  readonly views: ReadonlyMap<string, HeldRows>;
  readonly pending: number;
  readonly overflowed: number;
}

/** Never changed, but for the rows: whatever becomes of a partition is a new one. */
export interface HeldPartition {
  readonly cursor: FeedCursor;
  readonly state: PartitionState | null;
  /** Generations ≥ this, and these views. */
  readonly from: number;
  readonly views: ReadonlySet<string>;
  readonly generations: ReadonlyMap<number, HeldGeneration>;
}

/** All that an answer as of one version is the sum of. It stays as it is until it is released. */
export interface Pass {
  readonly parts: readonly SignedRows[];
  release(): void;
}

export interface HeldDeltas {
  /** null: nothing is held of it. */
  partition(number: number): HeldPartition | null;
  /** Whether the partition is held with these views since this generation. */
  covers(partition: number, views: Iterable<string>, from: number): boolean;
  /** Adds what was committed since the cursor, rows of views that the partition covers. */
  add(partition: number, commits: Exclude<Followed['commits'], 'gap'>): void;
  /**
   * Takes up a partition that was read, and what was committed since. It takes the place of what is held, which must be as it was when it was
   * compared; or it joins that, which needs all commits from the older of both to the newer. false: it cannot be taken up.
   */
  takeUp(read: ReadPartition, commits: Followed['commits']): boolean;
  /** Forgets generations below `from` and other views. */
  keepOnly(views: Iterable<string>, from: number): void;
  forget(): void;
  newest(): Version;
  /** Throws `store_unavailable` when everything was forgotten since. */
  assertReachable(version: Version): void;
  /** Throws `store_unavailable` unless every partition is held since `from`. */
  speedState(from: number): SpeedState;
  /** What the answer over generations ≥ `from` is the sum of, at the newest version; of one partition alone where it is named. */
  parts(question: Question, from: number, only?: number): Iterable<SignedRows>;
  /** The same as of `version`, for a pass of many turns. Throws `store_unavailable` as `assertReachable`. */
  pass(question: Question, from: number, version: Version, only?: number): Pass;
}

export function createHeldDeltas(partitions: number): HeldDeltas {
  const held = new Array<HeldPartition | null>(partitions).fill(null);
  let newest = firstVersion();

  function changed(change: Change): void {
    newest = changedTo(newest, change);
  }

  function add(number: number, commits: Exclude<Followed['commits'], 'gap'>): void {
    for (const commit of commits) {
      const before = held[number] as HeldPartition;
      const { id, generation } = commit;
      const cursor = { commitId: id, commits: before.cursor.commits + 1 };
      const generations = new Map(before.generations);
      if (generation >= before.from) {
        const rows: RowsByView = new Map([...commit.rows].filter(([view]) => before.views.has(view)));
        generations.set(generation, withCommit(generations.get(generation), rows, commit));
        changed({ partition: number, generation, rows, sign: 1 });
      }
      held[number] = { ...before, cursor, state: stateWith(before.state, commit, before.from), generations };
    }
  }

  function assertReachable(version: Version): void {
    if (version.chain !== newest.chain) throw gone('everything was read again meanwhile');
  }

  function* rowsOf({ view }: Question, from: number, only?: number): Generator<HeldRows> {
    for (const partition of only === undefined ? held : [held[only]])
      for (const [generation, { views }] of partition?.generations ?? []) {
        const rows = views.get(view.name);
        if (generation >= from && rows !== undefined) yield rows;
      }
  }

  return {
    partition: (number) => held[number] ?? null,
    covers(number, views, from) {
      const partition = held[number] ?? null;
      return partition !== null && partition.from <= from && [...views].every((view) => partition.views.has(view));
    },
    add,
    takeUp(read, commits) {
      const number = read.whole.partition;
      const before = held[number] ?? null;
      if (!read.joins) {
        if (before !== read.before) return false;
        const { cursor, state, generations } = read.whole;
        for (const [generation, rows] of read.differences) changed({ partition: number, generation, rows, sign: 1 });
        const views = new Set(read.views);
        held[number] = { cursor, state, from: read.from, views, generations: mapped(generations, heldOf) };
        if (commits !== 'gap') add(number, commits);
        return true;
      }
      if (before === null || read.from > before.from || commits === 'gap') return false;
      // Older generations are of no use without all views that are held.
      if (read.from < before.from && ![...before.views].every((view) => read.views.includes(view))) return false;
      const apart = read.whole.cursor.commits - before.cursor.commits;
      const [first, rest] = [commits.slice(0, Math.abs(apart)), commits.slice(Math.abs(apart))];
      const [older, newer] = apart < 0 ? [read.whole.cursor, before.cursor] : [before.cursor, read.whole.cursor];
      if ((first.at(-1)?.id ?? older.commitId) !== newer.commitId) return false;
      if (apart > 0) add(number, first);
      held[number] = joined(held[number] as HeldPartition, read, apart < 0 ? first : [], changed);
      add(number, rest);
      return true;
    },
    keepOnly(kept, from) {
      const views = new Set(kept);
      held.forEach((partition, number) => {
        if (partition === null || (partition.from >= from && [...partition.views].every((view) => views.has(view)))) return;
        const generations = new Map<number, HeldGeneration>();
        for (const [generation, { views: own, pending, overflowed }] of partition.generations) {
          const stays = (view: string) => generation >= from && views.has(view);
          for (const [view, rows] of own)
            if (!stays(view))
              for (const part of rows.parts())
                changed({ partition: number, generation, rows: new Map([[view, part.rows]]), sign: -1 });
          const left = new Map([...own].filter(([view]) => stays(view)));
          if (generation >= from) generations.set(generation, { views: left, pending, overflowed });
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
    assertReachable,
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
    *parts(question, from, only) {
      for (const rows of rowsOf(question, from, only)) yield* rows.parts();
    },
    pass(question, from, version, only) {
      assertReachable(version);
      // What came since is taken away: a walk over the chain, and no row is looked at before its turn.
      const since = [...changesOf(question, from, version, newest, only)].map(({ rows, sign }) => ({
        rows,
        sign: negated(sign),
      }));
      const passes = [...rowsOf(question, from, only)].map((rows) => rows.pass());
      return {
        parts: [...passes.flatMap(({ parts }) => parts), ...since],
        release() {
          for (const pass of passes) pass.release();
        },
      };
    },
  };
}

function withCommit(
  before: HeldGeneration | undefined,
  rows: RowsByView,
  { pending, overflowed }: { readonly pending: number; readonly overflowed: number },
): HeldGeneration {
  const views = new Map(before?.views);
  for (const [view, own] of rows) {
    const held = views.get(view) ?? createHeldRows();
    held.add(own);
    views.set(view, held);
  }
  return { views, pending: (before?.pending ?? 0) + pending, overflowed: (before?.overflowed ?? 0) + overflowed };
}

function heldOf({ rows, pending, overflowed }: { rows: RowsByView; pending: number; overflowed: number }): HeldGeneration {
  return { views: mapped(rows, createHeldRows), pending, overflowed };
}

function mapped<K, A, B>(all: ReadonlyMap<K, A>, to: (one: A) => B): Map<K, B> {
  return new Map([...all].map(([key, one]) => [key, to(one)]));
}

function negated(sign: 1 | -1): 1 | -1 {
  return sign === 1 ? -1 : 1;
}

/** Both, of one commit: what was read is led there by `since`. What is held of both stays as it is held. */
function joined(
  before: HeldPartition,
  { whole, views, from, differences }: ReadPartition,
  since: readonly CommittedDeltas[],
  changed: (change: Change) => void,
): HeldPartition {
  const partition = whole.partition;
  const isHeld = (generation: number, view: string) => generation >= before.from && before.views.has(view);
  const generations = new Map(before.generations);
  for (const [generation, read] of whole.generations) {
    const own = generations.get(generation);
    const entering = [...read.rows].filter(([view]) => !isHeld(generation, view));
    for (const [view] of entering) {
      const rows = differences.get(generation)?.get(view);
      if (rows !== undefined) changed({ partition, generation, rows: new Map([[view, rows]]), sign: 1 });
    }
    const all = new Map([...(own?.views ?? []), ...entering.map(([view, rows]) => [view, createHeldRows(rows)] as const)]);
    const { pending, overflowed } = own ?? read;
    generations.set(generation, { views: all, pending, overflowed });
  }
  let { state } = whole;
  for (const commit of since) {
    state = stateWith(state, commit, from);
    const { generation } = commit;
    if (generation < from) continue;
    const entering = [...commit.rows].filter(([view]) => views.includes(view) && !isHeld(generation, view));
    const rows: RowsByView = new Map(entering);
    changed({ partition, generation, rows, sign: 1 });
    const counted = generation >= before.from ? NOTHING : commit;
    generations.set(generation, withCommit(generations.get(generation), rows, counted));
  }
  return { cursor: before.cursor, state, from, views: new Set([...before.views, ...views]), generations };
}

const NOTHING = { pending: 0, overflowed: 0 };
