/** For large records: one at a time, and of each owner one in all, so that no key has all the turns. */
import { TributaryError } from '@tributary/model/errors';

export interface LargeRecordsTurn {
  /** Runs `work` when its turn comes. Rejects with `overloaded`, or as `work` does. */
  run<T>(owner: string, work: () => Promise<T>): Promise<T>;
}

export function createLargeRecordsTurn(mostWaiting: number): LargeRecordsTurn {
  /** Whose work runs or waits. */
  const inside = new Set<string>();
  let last: Promise<unknown> = Promise.resolve();

  return {
    async run(owner, work) {
      if (inside.has(owner))
        throw new TributaryError(
          'overloaded',
          'large records of users are being read for this key already, one request at a time',
        );
      if (inside.size > mostWaiting)
        throw new TributaryError('overloaded', `${inside.size} requests for large records of users are being answered already`);
      inside.add(owner);
      const turn = last.then(work);
      last = turn.catch(() => undefined);
      try {
        return await turn;
      } finally {
        inside.delete(owner);
      }
    },
  };
}
