/** What the contract of the stores writes, and how it reads what became of it. */

import type { Integer } from '@tributary/model/integer';
import { type CommittedDeltas, stateWith } from '@tributary/store/format/feed';
import type { FeedCursor, ServingStore, WholePartition } from '@tributary/store/serving-store';
import type { Commit, PartitionState, SpeedStore, StatusState } from '@tributary/store/speed-store';
import { addRowsByView, type RowsByView } from '@tributary/views/deltas';
import { expect } from 'vitest';

export interface StoreUnderTest {
  readonly speed: SpeedStore;
  readonly serving: ServingStore;
  /** Everything about a partition as it is now; the returned function loses every write since. */
  checkpoint(partition: number): Promise<() => Promise<void>>;
}

export const P = 2;
export const VIEW = 'conversions';

/** A commit of one user's line and one row; `expected` and `next.position` make the chain. */
export function commitOf(expected: string | null, position: string, more: Partial<Commit> = {}): Commit {
  const generation = more.next?.generation ?? more.deltasGeneration ?? 0;
  return {
    partition: P,
    expected,
    expectedCommit: expected === null ? '' : `commit of ${expected}`,
    id: `commit of ${position}`,
    next: { position, logIdentity: 'log-1', logTimeMs: 1_000, generation, definitions: '{"a":1}' },
    appends: new Map([['Björk', `{"at":"${position}"}\n`]]),
    rewrites: new Map(),
    deltas: rows('2026-03-01\tbuy\tEUR', [1, 250]),
    deltasGeneration: generation,
    pending: 0,
    overflowed: 0,
    conversions: new Map(),
    parked: [],
    ...more,
  };
}

export function rows(key: string, measures: Integer[]): RowsByView {
  return new Map([[VIEW, new Map([[key, measures]])]]);
}

export async function seen({ speed, serving }: StoreUnderTest) {
  const { commitId, records } = await speed.loadRecords(P, ['Björk'], 1e6);
  const deltas = (await serving.deltas([VIEW], 0))[P];
  return {
    state: await speed.loadState(P),
    commitId,
    record: records[0],
    rows: deltas?.rows.get(VIEW),
    pending: deltas?.pending,
  };
}

/** Reads partition 2 whole. */
export async function wholeOf({ serving }: StoreUnderTest, from = 0): Promise<WholePartition> {
  return (await serving.readWhole([P], [VIEW], from))[0] as WholePartition;
}

/** What partition 2 committed since the cursor. */
export async function since({ serving }: StoreUnderTest, cursor: FeedCursor) {
  const cursors = new Array<FeedCursor | null>(4).fill(null).with(P, cursor);
  const followed = await serving.follow([VIEW], cursors);
  expect(followed.map(({ partition }) => partition)).toEqual([0, 1, 2, 3]);
  return followed[P]?.commits;
}

/** The simplest follower: the whole, and every commit since added to it. */
export function createPlainFollower(serving: ServingStore) {
  let held: (WholePartition | null)[] = [null, null, null, null];
  let question = '';
  return async (views: readonly string[], from: number) => {
    if (question !== JSON.stringify([views, from])) held = [null, null, null, null];
    question = JSON.stringify([views, from]);
    const followed = await serving.follow(
      views,
      held.map((partition) => partition?.cursor ?? null),
    );
    for (const { partition, commits } of followed) {
      const before = held[partition] as WholePartition;
      if (commits === 'gap') held[partition] = (await serving.readWhole([partition], views, from))[0] as WholePartition;
      else for (const commit of commits) held[partition] = added(held[partition] ?? before, commit, from);
    }
    return held.map((partition) => partition as WholePartition);
  };
}

function added(whole: WholePartition, commit: CommittedDeltas, from: number): WholePartition {
  const generations = new Map(whole.generations);
  const before = generations.get(commit.generation) ?? { rows: new Map(), pending: 0, overflowed: 0 };
  const sums = {
    rows: new Map() as RowsByView,
    pending: before.pending + commit.pending,
    overflowed: before.overflowed + commit.overflowed,
  };
  for (const own of [before.rows, commit.rows]) addRowsByView(sums.rows, own);
  if (commit.generation >= from) generations.set(commit.generation, sums);
  const cursor = { commitId: commit.id, commits: whole.cursor.commits + 1 };
  return { ...whole, cursor, generations, state: stateWith(whole.state, commit, from) };
}

/** Σ over generations, as `deltas` says it; views without rows left out. */
export function summed({ partition, state, generations }: WholePartition) {
  const sum = { partition, state, rows: new Map() as RowsByView, pending: 0, overflowed: 0 };
  for (const deltas of generations.values()) {
    addRowsByView(sum.rows, deltas.rows);
    sum.pending += deltas.pending;
    sum.overflowed += deltas.overflowed;
  }
  return withoutEmpty(sum);
}

/** The state as a reader from `generation` on knows it: older barriers may be forgotten or not, and what is retired is of no position. */
export function stateSince(state: StatusState | null, generation: number): PartitionState | null {
  if (state === null) return null;
  const { barriers, deltasFrom: _retired, lettersWithout: _taken, ...rest } = state;
  return { ...rest, barriers: new Map([...(barriers ?? [])].filter(([g]) => g >= generation)) };
}

export function withoutEmpty<T extends { readonly rows: RowsByView }>(deltas: T): T {
  return { ...deltas, rows: new Map([...deltas.rows].filter(([, own]) => own.size > 0)) };
}

export function at(number: number): string {
  return `p${String(number).padStart(4, '0')}`;
}

/** Commits number `after` + 1 and so on; returns the last position. */
export async function fill({ speed }: StoreUnderTest, from: string | null, after: number, commits: number): Promise<string> {
  let last = from;
  for (let number = after + 1; number <= after + commits; number++) {
    expect(await speed.commit(commitOf(last, at(number)))).toBe('committed');
    last = at(number);
  }
  return last as string;
}
