/**
 * Follows the speed layer's deltas: a poll costs what was committed since the last one.
 *
 *   follow   what did each partition commit since?      one round trip
 *   whole    partitions that cannot tell, read whole    at start; a full feed; a store that lost writes; another view: beside the polls
 *   answer   remembered answers + what changed
 *
 * A request gets each partition as of one moment after it asked (as a read of its own would give), but requests that
 * come while a poll is under way share the next one. Whatever goes wrong is read again or refused, never left out (law 7).
 * What was taken stays: a partition that was read whole is not read again because another one did not answer in time, and
 * who cannot wait is given what is held, with its age.
 */

import { TributaryError } from '@tributary/model/errors';
import type { FeedCursor, ServingStore } from '@tributary/store/serving-store';
import type { Rows } from '@tributary/views/deltas';
import type { LoadedGeneration } from '../generations/loaded.ts';
import { assertAnswered, type Layers, oldestKept, type Question } from '../merge.ts';
import { paceOf, type Turn, turn } from '../rows-in-turns.ts';
import { createHeldDeltas, type SpeedState } from './held.ts';
import { createLiveAnswers } from './live-answers.ts';
import type { HeldPartition, ReadPartition } from './partitions.ts';
import { createWholeReads } from './whole-reads.ts';

/** The deltas at one version. */
export interface DeltasSnapshot extends SpeedState {
  /** The answer from view(g) and the deltas of generations ≥ g. Its rows never change: callers do not change them either. */
  answer(loaded: LoadedGeneration, question: Question, layers: Layers): Rows;
  /** The same, some thousand rows at a turn. Rejects as `goOn` does. */
  answerInTurns(loaded: LoadedGeneration, question: Question, layers: Layers, goOn: Turn): Promise<Rows>;
  /** Whether `answer` takes no more than some ms. */
  isQuick(loaded: LoadedGeneration, question: Question, layers: Layers): boolean;
  /** What the deltas of one partition add to it, some thousand rows at a turn. */
  ofPartition(partition: number, loaded: LoadedGeneration, question: Question, goOn: Turn): Promise<Rows>;
}

export interface HeldSnapshot extends DeltasSnapshot {
  /** Age of the partition that was looked at longest ago, ms; how far the clock went back since, where that is more. */
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

/** A poll that takes longer is given up, and a whole read without a page for as long, ms. */
const PATIENCE_MS = 5_000;

/** Times that a request has missing partitions read whole: what was read leaves the memory, or cannot be joined to what is held. */
const ATTEMPTS = 5;

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
  /** Counts what is asked, by requests and of the store: a clock of its own, as two questions may share a millisecond. */
  let asked = 0;
  const stamp = () => ({ askedMs: now(), asked: ++asked });
  /** When what is held of a partition was asked for, by partition. */
  const asOf = all.map(() => ({ askedMs: 0, asked: 0 }));
  /** Partitions whose feed did not reach back to what is held. */
  const behind = new Set<number>();
  const oldestAsked = () => Math.min(...generations.keys());
  const whole = createWholeReads({
    partitions,
    store,
    held,
    patienceMs,
    wanted: () => ({ views: [...views.keys()], from: oldestAsked() }),
    isBehind: (partition) => behind.has(partition),
    clock: stamp,
  });
  let oldest = 0;
  let polls = 0;
  let underWay: Promise<unknown> = Promise.resolve();
  let waiting: Promise<void> | null = null;

  /** The poll that begins after the one under way. */
  function nextPoll(): Promise<void> {
    if (waiting === null) {
      waiting = underWay.then(() => {
        waiting = null;
        return within(patienceMs, takeCommits());
      });
      underWay = waiting.catch(() => undefined);
    }
    return waiting;
  }

  async function takeCommits(): Promise<void> {
    const number = ++polls;
    forgetUnasked(generations, now());
    forgetUnasked(views, now());
    const names = [...views.keys()];
    const began = stamp();
    const read = all.map((partition) => whole.of(partition));
    // What could not be followed would be found a gap again, for up to 1 MiB with each poll. It is read whole for who asks.
    const isLeft = (partition: number) => behind.has(partition) && read[partition] === undefined;
    const followed = await store.follow(
      names,
      all.map((partition) => (isLeft(partition) ? null : olderCursor(held.partition(partition), read[partition]))),
    );
    // What arrives of a poll that was given up is of the past once another one has begun.
    assertUnderWay(number === polls);
    const pace = paceOf(() => turn().then(() => assertUnderWay(number === polls)));
    assertAnswered(followed, all);
    oldest = oldestKept(followed);
    for (const generation of generations.keys()) if (generation < oldest) generations.delete(generation);
    if (generations.size === 0) return forget();
    // Before anything is added: what is left out of an addition must not be held.
    held.keepOnly(names, oldestAsked());
    for (const { partition, commits } of followed) {
      const one = read[partition];
      if (one !== undefined) {
        whole.take(partition);
        // Without the rows of a view what was committed since cannot be added to it.
        if (!one.views.every((view) => names.includes(view)) || !(await held.takeUp(one, commits, pace))) {
          behind.add(partition);
          continue;
        }
      }
      const isFollowed = commits !== 'gap' && held.partition(partition) !== null;
      if (isFollowed) {
        if (one === undefined) await held.add(partition, commits, pace);
        behind.delete(partition);
        asOf[partition] = began;
      } else {
        behind.add(partition);
        if (one !== undefined) asOf[partition] = one;
      }
    }
    answers.forgetOld();
  }

  function forget(): void {
    held.forget();
    whole.forget();
    behind.clear();
  }

  function snapshotAt(generation: number): DeltasSnapshot {
    const version = held.newest();
    return {
      ...held.speedState(generation),
      answer: (loaded, question, layers) => answers.at({ version, loaded, question, layers }),
      answerInTurns: (loaded, question, layers, goOn) => answers.inTurns({ version, loaded, question, layers }, goOn),
      isQuick: (loaded, question, layers) => answers.isQuick({ version, loaded, question, layers }),
      ofPartition: (partition, loaded, question, goOn) => answers.ofPartition(partition, { version, loaded, question }, goOn),
    };
  }

  function covers(names: readonly string[], generation: number): boolean {
    return all.every((partition) => held.covers(partition, names, generation));
  }

  return {
    async poll(generation, names) {
      const request = stamp();
      for (let attempt = 0; attempt <= ATTEMPTS; attempt++) {
        generations.set(generation, now());
        for (const name of names) views.set(name, now());
        await nextPoll();
        if (generation < oldest)
          throw new TributaryError(
            'deltas_retired',
            `the deltas of generation ${generation} are gone, the oldest kept is ${oldest}`,
          );
        if (covers(names, generation) && asOf.every((one) => one.asked > request.asked)) return snapshotAt(generation);
        // An older generation that somebody asked for of late may have been retired since the poll began: the next one knows.
        if (attempt < ATTEMPTS) await whole.read().catch((error: Error) => (isRetired(error) ? null : Promise.reject(error)));
      }
      throw new TributaryError(
        'store_unavailable',
        `partitions that are read whole must join what is held (got ${ATTEMPTS} reads that did not). Ask again`,
      );
    },
    held(generation, names) {
      if (!covers(names, generation)) return null;
      return { ...snapshotAt(generation), ageMs: Math.max(...asOf.map(({ askedMs }) => Math.abs(now() - askedMs))) };
    },
    keepUp: async () => {
      if (generations.size > 0) await nextPoll();
    },
  };
}

/** Whether the generation asked for was retired meanwhile: readers have a newer one by now. */
export function isRetired(error: unknown): boolean {
  return error instanceof TributaryError && error.code === 'deltas_retired';
}

/** A clock that went back says nothing about how long ago that was. */
function forgetUnasked(asked: Map<unknown, number>, nowMs: number): void {
  for (const [what, ms] of asked) if (Math.abs(nowMs - ms) > KEEP_MS) asked.delete(what);
}

/** What joins is led to what is held, or the other way round, by the commits between them. */
function olderCursor(held: HeldPartition | null, read: ReadPartition | undefined): FeedCursor | null {
  const own = held?.cursor ?? null;
  if (read === undefined || own === null) return read?.whole.cursor ?? own;
  return read.joins && own.commits < read.whole.cursor.commits ? own : read.whole.cursor;
}

function assertUnderWay(isUnderWay: boolean): void {
  if (!isUnderWay) throw new TributaryError('store_unavailable', 'the poll was given up');
}

function within(patienceMs: number, taken: Promise<void>): Promise<void> {
  if (patienceMs === Number.POSITIVE_INFINITY) return taken;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const giveUp = () => reject(new TributaryError('store_unavailable', `the store did not answer within ${patienceMs} ms`));
  const timer = setTimeout(giveUp, patienceMs);
  taken.then(resolve, reject).finally(() => clearTimeout(timer));
  return promise;
}
