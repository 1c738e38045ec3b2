/**
 * The deltas that are held in memory, of each partition as of one commit. Rows that enter the memory or leave it (a view that was not asked for, a
 * generation that no reader serves) are changes like any other (versions.ts).
 */

import { stateWith } from '@tributary/store/format/feed';
import type { Followed } from '@tributary/store/serving-store';
import type { PartitionState } from '@tributary/store/speed-store';
import type { RowsByView } from '@tributary/views/deltas';
import type { Question } from '../merge.ts';
import { type Pace, ROWS_PER_TURN } from '../rows-in-turns.ts';
import { inPieces, joined, OF_COMMIT, rowsOfViews, takeUpRows, withCommit } from './held-partition.ts';
import { createHeldRows, type HeldRows, type SignedRows } from './held-rows.ts';
import type { HeldGeneration, HeldPartition, ReadPartition } from './partitions.ts';
import { type Change, changedTo, changesOf, firstVersion, gone, type Version } from './versions.ts';

/** What all partitions say of themselves, each as of the commit that its rows are of. */
export interface SpeedState {
  readonly states: readonly (PartitionState | null)[];
  readonly pending: number;
  readonly overflowed: number;
}

/** All that an answer as of one version is the sum of. It stays as it is until it is released. */
export interface Pass {
  readonly parts: readonly SignedRows[];
  release(): void;
}

type Commits = Exclude<Followed['commits'], 'gap'>;

export interface HeldDeltas {
  /** null: nothing is held of it. */
  partition(number: number): HeldPartition | null;
  /** Whether the partition is held with these views since this generation. */
  covers(partition: number, views: Iterable<string>, from: number): boolean;
  /**
   * Adds what was committed since the cursor, rows of views that the partition covers, some thousand rows at a turn. In between the partition is
   * as of one of these commits. Where `pace` rejects it stays so; no other call may add meanwhile.
   */
  add(partition: number, commits: Commits, pace: Pace): Promise<void>;
  /**
   * Takes up a partition that was read, and what was committed since. It takes the place of what is held, which must be as it was when it was
   * compared; or it joins that, which needs all commits from the older of both to the newer. false: it cannot be taken up. In turns, as `add`.
   */
  takeUp(read: ReadPartition, commits: Followed['commits'], pace: Pace): Promise<boolean>;
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
  /**
   * Takes up some of what waits beside the rows of the answer. false: a pass that begins now would keep too much, or what no other pass does, from being
   * taken up; it is asked again after a turn.
   */
  isReadyToPass(question: Question, from: number, only?: number): boolean;
  /** The same as `parts` as of `version`, for a pass of many turns, which begins when it is ready. Throws `store_unavailable` as `assertReachable`. */
  pass(question: Question, from: number, version: Version, only?: number): Pass;
}

export function createHeldDeltas(partitions: number): HeldDeltas {
  const held = new Array<HeldPartition | null>(partitions).fill(null);
  let newest = firstVersion();

  function changed(change: Change): void {
    newest = changedTo(newest, change);
  }

  async function add(number: number, commits: Commits, pace: Pace): Promise<void> {
    for (const commit of commits) {
      const { id, generation } = commit;
      const rows = rowsOfViews(commit, (view) => (held[number] as HeldPartition).views.has(view));
      const pieces = await inPieces(rows, pace);
      // From here to where it is held is one turn: a reader gets all of a commit, or nothing.
      const before = held[number] as HeldPartition;
      const cursor = { commitId: id, commits: before.cursor.commits + 1 };
      const generations = new Map(before.generations);
      if (generation >= before.from) {
        generations.set(generation, withCommit(generations.get(generation), pieces, commit));
        changed({ partition: number, generation, rows, sign: 1 });
      }
      held[number] = { ...before, cursor, state: stateWith(before.state, commit, before.from), generations };
      await pace(OF_COMMIT);
      await takeUpRows(generations.get(generation)?.views.values() ?? [], () => noteTaken(number), pace);
    }
  }

  function assertReachable(version: Version): void {
    if (version.chain !== newest.chain) throw gone('everything was read again meanwhile');
  }

  /** Who compares the rows of the partition meanwhile finds that it is another one. */
  function noteTaken(number: number): void {
    held[number] = { ...(held[number] as HeldPartition) };
  }

  return {
    partition: (number) => held[number] ?? null,
    covers(number, views, from) {
      const partition = held[number] ?? null;
      return partition !== null && partition.from <= from && [...views].every((view) => partition.views.has(view));
    },
    add,
    async takeUp(read, commits, pace) {
      const number = read.whole.partition;
      const before = held[number] ?? null;
      if (!read.joins) {
        if (before !== read.before) return false;
        const { cursor, state, generations } = read.whole;
        for (const [generation, rows] of read.differences) changed({ partition: number, generation, rows, sign: 1 });
        const views = new Set(read.views);
        held[number] = { cursor, state, from: read.from, views, generations: mapped(generations, heldOf) };
        if (commits !== 'gap') await add(number, commits, pace);
        return true;
      }
      if (before === null || read.from > before.from || commits === 'gap') return false;
      // Older generations are of no use without all views that are held.
      if (read.from < before.from && ![...before.views].every((view) => read.views.includes(view))) return false;
      const apart = read.whole.cursor.commits - before.cursor.commits;
      const [first, rest] = [commits.slice(0, Math.abs(apart)), commits.slice(Math.abs(apart))];
      const [older, newer] = apart < 0 ? [read.whole.cursor, before.cursor] : [before.cursor, read.whole.cursor];
      if ((first.at(-1)?.id ?? older.commitId) !== newer.commitId) return false;
      if (apart > 0) await add(number, first, pace);
      const { partition, changes } = await joined(held[number] as HeldPartition, read, apart < 0 ? first : [], pace);
      for (const change of changes) changed(change);
      held[number] = partition;
      await add(number, rest, pace);
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
      for (const [rows] of rowsOf(held, question, from, only)) yield* rows.parts();
    },
    isReadyToPass(question, from, only) {
      let left = ROWS_PER_TURN;
      for (const [rows, number] of rowsOf(held, question, from, only)) {
        const taken = rows.takeUp(left);
        if (taken > 0) noteTaken(number);
        left -= taken;
        if (left <= 0 || rows.isBehind()) return false;
      }
      return true;
    },
    pass(question, from, version, only) {
      assertReachable(version);
      // What came since is taken away: a walk over the chain, and no row is looked at before its turn.
      const since = [...changesOf(question, from, version, newest, only)].map(takenAway);
      const passes = [...rowsOf(held, question, from, only)].map(([rows]) => rows.pass());
      return {
        parts: [...passes.flatMap(({ parts }) => parts), ...since],
        release() {
          for (const pass of passes) pass.release();
        },
      };
    },
  };
}

/** With the partition of each. */
function* rowsOf(
  held: readonly (HeldPartition | null)[],
  { view }: Question,
  from: number,
  only?: number,
): Generator<readonly [rows: HeldRows, partition: number]> {
  for (const [number, partition] of held.entries())
    for (const [generation, { views }] of (only ?? number) === number ? (partition?.generations ?? []) : []) {
      const rows = views.get(view.name);
      if (generation >= from && rows !== undefined) yield [rows, number];
    }
}

function heldOf({ rows, pending, overflowed }: { rows: RowsByView; pending: number; overflowed: number }): HeldGeneration {
  return { views: mapped(rows, createHeldRows), pending, overflowed };
}

function mapped<K, A, B>(all: ReadonlyMap<K, A>, to: (one: A) => B): Map<K, B> {
  return new Map([...all].map(([key, one]) => [key, to(one)]));
}

function takenAway({ rows, sign }: SignedRows): SignedRows {
  return { rows, sign: sign === 1 ? -1 : 1 };
}
