/**
 * Large things of which one at a time may be in memory: who needs the one that is held goes in, who needs another waits until it is not
 * used any more. Those that wait go first, in the order in which they came, so that a stream of requests for one thing does not keep out all others.
 */
import { TributaryError } from '@tributary/model/errors';

export interface OneAtATime<T> {
  /** Runs `work` with the thing of this id, which is loaded once for all that need it. Rejects with `overloaded`, or as `load` or `work` do. */
  use<R>(id: string, load: () => Promise<T>, work: (thing: T) => Promise<R>): Promise<R>;
}

interface Held<T> {
  readonly id: string;
  readonly loaded: Promise<T>;
  users: number;
  isSound: boolean;
}

interface Waiting {
  readonly id: string;
  readonly go: () => void;
}

export interface OneAtATimeLimits {
  /** Calls that wait for their turn; more are refused. */
  readonly mostWaiting: number;
  /** What was not used for so long is given up. */
  readonly idleMs: number;
}

export function createOneAtATime<T>({ mostWaiting, idleMs }: OneAtATimeLimits): OneAtATime<T> {
  let held: Held<T> | null = null;
  let waiting: Waiting[] = [];
  let idle: NodeJS.Timeout | undefined;

  async function enter(id: string, load: () => Promise<T>): Promise<Held<T>> {
    while (!mayEnter(id)) {
      if (waiting.length >= mostWaiting)
        throw new TributaryError('overloaded', `${waiting.length} requests wait for answers of the archive already`);
      await new Promise<void>((go) => waiting.push({ id, go }));
      // Those that were let in together: the first one loads, the others join it.
      if (held === null || held.id === id) break;
    }
    clearTimeout(idle);
    held ??= { id, loaded: load(), users: 0, isSound: true };
    held.users++;
    return held;
  }

  /** At once where no other call waits. */
  function mayEnter(id: string): boolean {
    if (waiting.length > 0) return false;
    if (held?.id !== id && held?.users === 0) held = null;
    return held === null || held.id === id;
  }

  function leave(own: Held<T>): void {
    own.users--;
    if (own.users > 0) return;
    const next = waiting[0]?.id;
    // What could not be loaded is loaded again for the next one.
    if (!own.isSound || (next !== undefined && next !== own.id)) held = null;
    if (next === undefined) idle = setTimeout(giveUp, idleMs).unref();
    const entering = waiting.filter(({ id }) => id === next);
    waiting = waiting.filter(({ id }) => id !== next);
    for (const { go } of entering) go();
  }

  function giveUp(): void {
    if (held?.users === 0) held = null;
  }

  return {
    async use(id, load, work) {
      const own = await enter(id, load);
      try {
        const thing = await own.loaded.catch((error: unknown) => {
          own.isSound = false;
          throw error;
        });
        return await work(thing);
      } finally {
        leave(own);
      }
    },
  };
}
