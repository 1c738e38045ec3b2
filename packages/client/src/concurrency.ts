/** Few calls at a time; some wait for their turn, and the rest are refused at once. */
import { localProblem } from './problem.ts';

export type Limited = <T>(work: () => Promise<T>) => Promise<T>;

export function limitConcurrency(most: number, mostWaiting: number): Limited {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running < most) running++;
    else if (waiting.length < mostWaiting) await new Promise<void>((enter) => waiting.push(enter));
    else
      throw localProblem(
        'too_many_waiting',
        `calls that wait must be at most ${mostWaiting} (got one more)`,
        'Await answers before you ask for more, or raise maxWaiting.',
      );
    try {
      return await work();
    } finally {
      // The first that waits takes over this place.
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}
