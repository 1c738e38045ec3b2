/** Who rested for long, so that nothing is expected of them. Each user waits once, however often something comes of them. */
export interface Shelving {
  /** The user of the slot goes to rest, at this eviction of the cache. */
  rests(slot: number, eviction: number): void;
  /** The user of the slot is awake, or not held any more. */
  leaves(slot: number): void;
  /** Some of those who rested for long enough. `eventsOf`: how many events a slot has, which is what it takes to shelve them. */
  due(eviction: number, eventsOf?: (slot: number) => number): number[];
  /** How many wait. */
  waiting(): number;
}

/** Events that are shelved at a time, but for those of the last user: all others wait meanwhile. */
const MOST_AT_ONCE = 2_048;
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
    due(eviction, eventsOf = () => 1) {
      const due: number[] = [];
      for (let left = MOST_AT_ONCE; left > 0 && next < queue.length; left--) {
        if ((since[next] as number) + after > eviction) break;
        const slot = queue[next++] as number;
        const at = restedAt[slot] as number;
        waits[slot] = false;
        if (at === NOT_AT_REST) continue;
        // Something came since: from now on as long again, at most.
        if (at + after > eviction) add(slot, eviction);
        else {
          due.push(slot);
          left -= eventsOf(slot);
        }
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
