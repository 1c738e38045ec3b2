/** Concurrency limits: few run at a time, some wait, and the rest are refused. */
import { TributaryError } from '@tributary/model/errors';

/** For questions to DuckDB, which takes memory and cores for each. */
export interface ConcurrencyLimit {
  /** Runs `work` when its turn comes, with a signal that aborts after `timeoutMs`, waiting included. */
  run<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T>;
}

export function createConcurrencyLimit(concurrency: number, timeoutMs: number, maxWaiting = concurrency * 8): ConcurrencyLimit {
  const waiting: (() => void)[] = [];
  let inside = 0;

  async function enter(signal: AbortSignal): Promise<void> {
    if (inside < concurrency) {
      inside++;
      return;
    }
    if (waiting.length >= maxWaiting)
      throw new TributaryError('overloaded', `${inside} questions to the archive run and ${waiting.length} wait already`);
    // The next one that waits goes in where this one came out: `inside` stays as it is.
    await new Promise<void>((resolve, reject) => {
      const go = () => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = () => {
        waiting.splice(waiting.indexOf(go), 1);
        reject(new TributaryError('archive_timeout', `no turn at the archive came within ${timeoutMs} ms`));
      };
      signal.addEventListener('abort', giveUp, { once: true });
      waiting.push(go);
    });
  }

  function leave(): void {
    const next = waiting.shift();
    if (next === undefined) inside--;
    else next();
  }

  return {
    async run(work) {
      const signal = AbortSignal.timeout(timeoutMs);
      await enter(signal);
      try {
        return await work(signal);
      } catch (cause) {
        if (signal.aborted && !(cause instanceof TributaryError))
          throw new TributaryError('archive_timeout', `the archive did not answer within ${timeoutMs} ms`, { cause });
        throw cause;
      } finally {
        leave();
      }
    },
  };
}

/** For large records: one at a time, and of each owner one in all, so that no key has all the turns. */
export interface SerialLimit {
  /** Runs `work` when its turn comes. Rejects with `overloaded`, or as `work` does. */
  run<T>(owner: string, work: () => Promise<T>): Promise<T>;
}

export function createSerialLimit(mostWaiting: number): SerialLimit {
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
