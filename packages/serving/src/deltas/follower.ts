/**
 * Follows the speed layer's deltas: a poll costs what was committed since the last one.
 *
 *   follow   what did each partition commit since?      one round trip
 *   whole    partitions that cannot tell, read whole    at start; a full feed; a store that lost writes; another view
 *   answer   remembered answers + what changed
 *
 * A request gets each partition as of one moment after it asked (as a read of its own would give), but requests that
 * come while a poll is under way share the next one. Whatever goes wrong is read again or refused, never left out (law 7).
 * What was taken stays: a partition that was read whole is not read again because another one did not answer in time, and
 * who cannot wait is given what is held, with its age.
 */

import { TributaryError } from '@tributary/model/errors';
import type { ServingStore } from '@tributary/store/serving-store';
import type { Rows } from '@tributary/views/deltas';
import type { LoadedGeneration } from '../generations/loaded.ts';
import { assertAnswered, type Layers, oldestKept, type Question } from '../merge.ts';
import { createHeldDeltas, type SpeedState } from './held.ts';
import { createLiveAnswers } from './live-answers.ts';

/** The deltas at one version. */
export interface DeltasSnapshot extends SpeedState {
  /** The answer from view(g) and the deltas of generations ≥ g. Its rows never change: callers do not change them either. */
  answer(loaded: LoadedGeneration, question: Question, layers: Layers): Rows;
  /** What the deltas of one partition add to it. */
  ofPartition(partition: number, loaded: LoadedGeneration, question: Question): Rows;
}

export interface HeldSnapshot extends DeltasSnapshot {
  /** Age of the partition that was looked at longest ago, ms. */
  readonly ageMs: number;
}

export interface DeltaFollower {
  /** The deltas of generations ≥ `generation`; rejects with `store_unavailable`, `deltas_retired`. Ask only for answers from the `views`. */
  poll(generation: number, views: readonly string[]): Promise<DeltasSnapshot>;
  /** The same as it was when the store last answered; null: it is not all in memory. */
  held(generation: number, views: readonly string[]): HeldSnapshot | null;
  /** Takes up what was committed, as long as somebody asked of late: the feeds are bounded. Reads nothing whole. */
  keepUp(): Promise<void>;
}

/** What was not asked for during this time leaves the memory, ms. */
const KEEP_MS = 10 * 60_000;

/** A poll that takes longer is given up, ms: all others wait for it. */
const PATIENCE_MS = 5_000;

/** Partitions read whole at a time: others' commands have their turn in between. */
const WHOLE_AT_ONCE = 4;

interface Poll {
  /** Whether partitions may be read whole. */
  whole: boolean;
  done: Promise<void>;
}

export function createDeltaFollower({
  partitions,
  store,
  now,
  patienceMs = PATIENCE_MS,
}: {
  readonly partitions: number;
  readonly store: Pick<ServingStore, 'follow' | 'readWhole'>;
  readonly now: () => number;
  readonly patienceMs?: number;
}): DeltaFollower {
  const all = Array.from({ length: partitions }, (_, partition) => partition);
  const held = createHeldDeltas(partitions);
  const answers = createLiveAnswers(held);
  /** When each was last asked for. */
  const generations = new Map<number, number>();
  const views = new Map<string, number>();
  /** When what is held of a partition was asked for, by partition. */
  const asOfMs = new Array<number>(partitions).fill(0);
  let oldest = 0;
  let polls = 0;
  let underWay: Promise<unknown> = Promise.resolve();
  let waiting: Poll | null = null;

  /** The poll that begins after the one under way. */
  function nextPoll(whole: boolean): Promise<void> {
    if (waiting === null) {
      const next: Poll = { whole, done: Promise.resolve() };
      next.done = underWay.then(() => {
        waiting = null;
        return withinPatience(take(next.whole));
      });
      underWay = next.done.catch(() => undefined);
      waiting = next;
    }
    waiting.whole ||= whole;
    return waiting.done;
  }

  function withinPatience(taken: Promise<void>): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const giveUp = () => reject(new TributaryError('store_unavailable', `the store did not answer within ${patienceMs} ms`));
    const timer = setTimeout(giveUp, patienceMs);
    taken.then(resolve, reject).finally(() => clearTimeout(timer));
    return promise;
  }

  async function take(whole: boolean): Promise<void> {
    const poll = ++polls;
    /** What arrives of a poll that was given up is of the past once another one has begun. */
    const current = async <T>(answer: Promise<T>): Promise<T> => {
      const answered = await answer;
      if (poll !== polls) throw new TributaryError('store_unavailable', 'the poll was given up');
      return answered;
    };
    forgetUnasked(generations, now() - KEEP_MS);
    forgetUnasked(views, now() - KEEP_MS);
    const names = [...views.keys()];
    const askedMs = now();
    const followed = await current(store.follow(names, held.cursors()));
    assertAnswered(followed, all);
    oldest = oldestKept(followed);
    for (const generation of generations.keys()) if (generation < oldest) generations.delete(generation);
    if (generations.size === 0) return held.forget();
    const from = Math.min(...generations.keys());
    // Before anything is added: what is left out of an addition must not be held.
    held.keepOnly(names, from);
    const gaps: number[] = [];
    for (const { partition, commits } of followed)
      if (commits !== 'gap' && held.covers(partition, names, from)) {
        held.add(partition, commits);
        asOfMs[partition] = askedMs;
      } else gaps.push(partition);
    if (whole) await readWhole(gaps, names, from, current);
    answers.forgetOld();
  }

  /** Some at a time: what was read is kept when the next ones fail, so that a busy store is caught up with step by step. */
  async function readWhole(
    gaps: readonly number[],
    names: readonly string[],
    from: number,
    current: <T>(answer: Promise<T>) => Promise<T>,
  ): Promise<void> {
    for (let first = 0; first < gaps.length; first += WHOLE_AT_ONCE) {
      const some = gaps.slice(first, first + WHOLE_AT_ONCE);
      const askedMs = now();
      const read = await current(store.readWhole(some, names, from));
      assertAnswered(read, some);
      for (const partition of read) {
        held.replace(partition, names, from);
        asOfMs[partition.partition] = askedMs;
      }
    }
  }

  function snapshotAt(generation: number): DeltasSnapshot {
    const version = held.newest();
    return {
      ...held.speedState(generation),
      answer: (loaded, question, layers) => answers.at(version, loaded, question, layers),
      ofPartition: (partition, loaded, question) => answers.ofPartition(partition, version, loaded, question),
    };
  }

  return {
    async poll(generation, names) {
      const askedMs = now();
      generations.set(generation, askedMs);
      for (const name of names) views.set(name, askedMs);
      // An older generation that somebody asked for of late may have been retired after the poll began: the next one knows.
      await nextPoll(true).catch((error: Error) => (isRetired(error) ? nextPoll(true) : Promise.reject(error)));
      if (generation < oldest)
        throw new TributaryError(
          'deltas_retired',
          `the deltas of generation ${generation} are gone, the oldest kept is ${oldest}`,
        );
      return snapshotAt(generation);
    },
    held(generation, names) {
      if (!all.every((partition) => held.covers(partition, names, generation))) return null;
      return { ...snapshotAt(generation), ageMs: Math.max(0, now() - Math.min(...asOfMs)) };
    },
    keepUp: async () => {
      if (generations.size > 0) await nextPoll(false);
    },
  };
}

/** Whether the generation asked for was retired meanwhile: readers have a newer one by now. */
export function isRetired(error: unknown): boolean {
  return error instanceof TributaryError && error.code === 'deltas_retired';
}

function forgetUnasked(asked: Map<unknown, number>, beforeMs: number): void {
  for (const [what, ms] of asked) if (ms < beforeMs) asked.delete(what);
}
