/**
 * Questions about many users, some at a time: each holds megabytes of records and of its answer while it is made, and asked all at once they are slower, as the
 * store answers none of them in time. Keys take turns, so that one with many is no more in the way than one with few.
 */
import { TributaryError } from '@tributary/model/errors';
import { createFairShare } from '@tributary/runtime/http/fair-share';
import { type Asker, createTurnsOfKeys } from '@tributary/runtime/http/turns-of-keys';

export interface LargeTurns {
  /** `work` when it is its turn. Rejects as it does, and with `overloaded` where too many of this key wait. */
  run<T>(key: string, work: () => Promise<T>): Promise<T>;
}

interface Job {
  readonly asker: Asker;
  begin(): void;
}

export function createLargeTurns(mostAtOnce: number, mostWaiting: number): LargeTurns {
  const turns = createTurnsOfKeys<Job>();
  const waiting = createFairShare(mostWaiting);
  let underWay = 0;

  async function wait(key: string): Promise<void> {
    if (!waiting.fits(key, 1))
      throw new TributaryError(
        'overloaded',
        `${waiting.heldBy(key)} questions about many users wait for this key already, and ${waiting.held} for all keys`,
      );
    waiting.take(key, 1);
    await new Promise<void>((begin) => turns.add({ asker: { key, isGone: () => false }, begin }));
    waiting.give(key, 1);
  }

  return {
    async run(key, work) {
      if (underWay < mostAtOnce) underWay++;
      else await wait(key);
      try {
        return await work();
      } finally {
        // The next one has this one's place.
        const next = turns.next();
        if (next === undefined) underWay--;
        else next.begin();
      }
    },
  };
}
