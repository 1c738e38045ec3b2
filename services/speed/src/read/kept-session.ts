/** One session for the segments that are read one after the other: to open and close one takes longer than to read a small segment. */
import type { DuckDb } from '@tributary/archive/duckdb';

export interface KeptSession {
  /** Runs `work` with the session, which a failure ends: the next work gets a new one. */
  use<T>(work: (session: DuckDb) => Promise<T>): Promise<T>;
}

interface Kept {
  readonly session: Promise<DuckDb>;
  users: number;
}

/** `idleMs`: after so long without work the session is closed. */
export function keepSession(open: () => Promise<DuckDb>, idleMs: number): KeptSession {
  let kept: Kept | undefined;
  let idle: NodeJS.Timeout | undefined;

  /** What is under way in it ends first. */
  async function close(one: Kept): Promise<void> {
    if (kept === one) kept = undefined;
    if (one.users > 0) return;
    await one.session.then((session) => session.close()).catch(() => {});
  }

  return {
    async use(work) {
      clearTimeout(idle);
      const mine = (kept ??= { session: open(), users: 0 });
      mine.users++;
      let isSound = false;
      try {
        const done = await work(await mine.session);
        isSound = true;
        return done;
      } finally {
        mine.users--;
        if (!isSound || kept !== mine) await close(mine);
        else if (mine.users === 0) idle = setTimeout(() => void close(mine), idleMs).unref();
      }
    },
  };
}
