/** Who rested for long, so that nothing is expected of them. Each user waits once, however often something comes of them. */
export interface Shelving {
  /** The user of the slot goes to rest, at this eviction of the cache. */
  rests(slot: number, eviction: number): void;
  /** The user of the slot is awake, or not held any more. */
  leaves(slot: number): void;
  /** Some of those who rested for long enough. */
  due(eviction: number): number[];
  /** How many wait. */
  waiting(): number;
}

/** Users that are looked at at a time. */
const MOST_AT_ONCE = 256;
const NOT_AT_REST = -1;

/** `after`: how many evictions they rest before. */
export function createShelving(after: number): Shelving {
  /** By slot. */
  const restedAt: number[] = [];
  const waits: boolean[] = [];
  /** Slots, and since when each waits. */
  let queue: number[] = [];
  let since: number[] = [];
  let next = 0;

  function add(slot: number, eviction: number): void {
    waits[slot] = true;
    queue.push(slot);
    since.push(eviction);
  }

  return {
    rests(slot, eviction) {
      restedAt[slot] = eviction;
      if (waits[slot] !== true) add(slot, eviction);
    },
    leaves(slot) {
      restedAt[slot] = NOT_AT_REST;
    },
    due(eviction) {
      const due: number[] = [];
      for (let most = MOST_AT_ONCE; most > 0 && next < queue.length; most--) {
        if ((since[next] as number) + after > eviction) break;
        const slot = queue[next++] as number;
        const at = restedAt[slot] as number;
        waits[slot] = false;
        if (at === NOT_AT_REST) continue;
        // Something came since: from now on as long again, at most.
        if (at + after > eviction) add(slot, eviction);
        else due.push(slot);
      }
      if (next > MOST_AT_ONCE && 2 * next > queue.length) {
        queue = queue.slice(next);
        since = since.slice(next);
        next = 0;
      }
      return due;
    },
    waiting: () => queue.length - next,
  };
}
