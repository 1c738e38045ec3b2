/** What one read at a time may use: taken, given back, and made when none is free, up to a bound. */
import { TributaryError } from '@tributary/model/errors';

export interface ReadPool<T> {
  /** Throws `overloaded`. */
  take(): T;
  /** The one given back last is taken first: it may hold what the next read goes on with. */
  giveBack(one: T): void;
  closeAll(): void;
}

/** `first`: one that is there already. */
export function createReadPool<T extends { close(): void }>(most: number, make: () => T, first?: T): ReadPool<T> {
  const all: T[] = first === undefined ? [] : [first];
  const idle = [...all];
  return {
    take() {
      const free = idle.pop();
      if (free !== undefined) return free;
      if (all.length >= most) throw new TributaryError('overloaded', `${most} reads of the log are under way already`);
      const made = make();
      all.push(made);
      return made;
    },
    giveBack: (one) => void idle.push(one),
    closeAll() {
      for (const one of all) one.close();
    },
  };
}
