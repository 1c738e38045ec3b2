/**
 * Questions about many users, some at a time: each holds megabytes of records and of its answer while it is made, and asked all at once they are slower, as the
 * store answers none of them in time. Keys take turns, so that one with many is in the way as little as one with few, and
 * a question whose client left while it waited is not begun. None waits longer than `mostWaitMs`: where the store answers none, each that is under way
 * takes as long as the store may.
 */
import { TributaryError } from '@tributary/model/errors';
import { createFairShare } from '@tributary/runtime/http/fair-share';
import { type Asker, createTurnsOfKeys } from '@tributary/runtime/http/turns-of-keys';

export interface ManyUsersTurns {
  /** `work` when it is its turn. Rejects as it does, and with `overloaded` where too many of this key wait, its turn does not come in time, or its client left. */
  run<T>(asker: Asker, work: () => Promise<T>): Promise<T>;
}

interface Job {
  readonly asker: Asker;
  begin(): void;
  giveUp(why: string): void;
}

export function createManyUsersTurns(mostAtOnce: number, mostWaiting: number, mostWaitMs: number): ManyUsersTurns {
  const turns = createTurnsOfKeys<Job>();
  const waiting = createFairShare(mostWaiting);
  let underWay = 0;

  async function wait(asker: Asker): Promise<void> {
    const { key } = asker;
    if (!waiting.fits(key, 1))
      throw new TributaryError(
        'overloaded',
        `${waiting.heldBy(key)} questions about many users wait for this key already, and ${waiting.held} for all keys`,
      );
    waiting.take(key, 1);
    const { promise, resolve: begin, reject } = Promise.withResolvers<void>();
    const job: Job = { asker, begin, giveUp: (why) => reject(givenUp(why)) };
    const timer = setTimeout(() => {
      if (turns.remove(job)) job.giveUp(`its turn did not come in ${mostWaitMs / 1_000} s`);
    }, mostWaitMs);
    turns.add(job);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      waiting.give(key, 1);
    }
  }

  /** The next one has the place of the one that ended. */
  function beginNext(): void {
    let next = turns.next();
    for (; next?.asker.isGone() === true; next = turns.next()) next.giveUp('no request waits for it any more');
    if (next === undefined) underWay--;
    else next.begin();
  }

  return {
    async run(asker, work) {
      if (underWay < mostAtOnce) underWay++;
      else await wait(asker);
      try {
        return await work();
      } finally {
        beginNext();
      }
    },
  };
}

function givenUp(why: string): TributaryError {
  return new TributaryError('overloaded', `a question about many users was given up: ${why}`);
}
