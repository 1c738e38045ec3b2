/** How work of the batch layer is asked for: one asks at a time, a few are kept at once, and what is too much is refused. */
import type { Asked, AskedWork, Result, Stored } from '@tributary/archive/asked/work';
import { TributaryError } from '@tributary/model/errors';

export interface Asking<A extends Asked, R extends Result> {
  readonly desk: {
    create(asked: A): Promise<void>;
    /** Newest first. */
    list(): Promise<Stored<A, R>[]>;
    cancel(id: string, atMs: number): Promise<void>;
    enqueue(id: string): Promise<void>;
  };
  readonly expiryOf: AskedWork<A, R>['expiryOf'];
  readonly now: () => number;
  /** At a time. */
  readonly most: number;
  /** With those that were cancelled. */
  readonly mostRemembered: number;
  /** As messages call them: `archive questions`. */
  readonly called: string;
  /** Where one is removed. */
  readonly path: string;
}

export interface AskedHere<A extends Asked, R extends Result> {
  /** Those that have not expired, newest first. */
  kept(): Promise<Stored<A, R>[]>;
  /** One asks at a time, so that those that are counted are all that this server took. */
  inTurn<T>(work: () => Promise<T>): Promise<T>;
  /** In turn, beside the `others` that are kept. Rejects with `conflict` where they are too many, and as the queue does. */
  ask(asked: A, others: readonly Stored<A, R>[]): Promise<void>;
}

export function askedHere<A extends Asked, R extends Result>(asking: Asking<A, R>): AskedHere<A, R> {
  const { desk, expiryOf, now, most, mostRemembered, called, path } = asking;
  let last: Promise<unknown> = Promise.resolve();
  const kept = async () => (await desk.list()).filter((one) => expiryOf(one) > now());
  const counted = (all: readonly Stored<A, R>[]) => all.filter(({ isCancelled }) => !isCancelled).length;
  const tooMany = (count: number) =>
    new TributaryError(
      'conflict',
      `${called} must be at most ${most} at a time (got ${count}). Remove one with DELETE ${path}/{id}`,
    );
  return {
    kept,
    inTurn(work) {
      const turn = last.then(work);
      last = turn.catch(() => {});
      return turn;
    },
    async ask(asked, others) {
      if (counted(others) >= most) throw tooMany(counted(others));
      if (others.length >= mostRemembered)
        throw new TributaryError(
          'conflict',
          `${called} of the last hour must be at most ${mostRemembered}, those that were removed included (got ${others.length}). Ask again in an hour`,
        );
      await desk.create(asked);
      // Other servers ask as well. The last one that creates sees all: too many are refused, by two at a moment perhaps both.
      const all = counted(await kept());
      if (all > most) {
        await desk.cancel(asked.id, now());
        throw tooMany(all - 1);
      }
      await desk.enqueue(asked.id).catch(async (error: unknown) => {
        await desk.cancel(asked.id, now());
        throw error;
      });
    },
  };
}
