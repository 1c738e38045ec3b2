/** Few calls at a time; some wait for their turn, and the rest are refused at once. */
import type { Ending } from './ending.ts';
import { localProblem } from './problem.ts';

export type Limited = <T>(work: () => Promise<T>, ending: Ending) => Promise<T>;

export function limitConcurrency(most: number, mostWaiting: number): Limited {
  const waiting = new Set<() => void>();
  let running = 0;

  /** Rejects as soon as the call ends, which then waits no more. */
  function turn({ signal, reason }: Ending): Promise<void> {
    return new Promise((enter, leave) => {
      const onTurn = (): void => {
        signal.removeEventListener('abort', onEnd);
        enter();
      };
      const onEnd = (): void => {
        waiting.delete(onTurn);
        leave(reason({ wasSent: false }));
      };
      signal.addEventListener('abort', onEnd, { once: true });
      waiting.add(onTurn);
    });
  }

  return async (work, ending) => {
    if (ending.signal.aborted) throw ending.reason({ wasSent: false });
    if (running < most) running++;
    else if (waiting.size < mostWaiting) await turn(ending);
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
      const [next] = waiting;
      if (next === undefined) running--;
      else {
        waiting.delete(next);
        next();
      }
    }
  };
}
