/** A concurrency limit for reads with DuckDB, which takes memory and cores for each: few run, some wait, the rest are refused. */
import { TributaryError } from '@tributary/model/errors';

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
      throw new TributaryError('overloaded', `${inside} reads of the archive run and ${waiting.length} wait already`);
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
