/**
 * How much work one event, one user in one batch, and one entry of the log may cause. Work is counted, not timed, so that it is the same
 * in every run; its unit is one event seen by one view, 0.2 to 0.4 µs.
 *
 * Without a bound, each early click of a user with a thousand touches and 150 purchases costs a second, and one request holds up
 * everybody else's events for half an hour. What is beyond the bound is left to the next generation, and told.
 *
 * What all partitions do in one turn of a worker is bounded too, and nothing is left undone there: it is done in the next turn.
 */
export interface Work {
  /** What may still be spent. */
  left: number;
  /** What it is a part of, and is spent from too. */
  within?: Work;
}

/** 10 to 30 ms. */
const MOST_OF_EVENT = 80_000;
/** A tenth of a second. */
const MOST_OF_USER = 400_000;
/** A second: an entry is applied in one piece. */
const MOST_OF_ENTRY = 4_000_000;
/** Half a second; the last entry begun may add its own. */
export const MOST_OF_TURN = 2_000_000;
/** An anchor is some work even when it sees nothing. */
const OF_ANCHOR = 4;
/** Passing over an event is cheaper than showing it to a view. */
const SCANNED_A_UNIT = 32;
/** An event whose own rows are as little work as this always gets them. */
const LITTLE = 512;

/** What a user may cost in a batch. */
export function workOfUser(): Work {
  return { left: MOST_OF_USER };
}

/** What one entry may cost, all its users together. */
export function workOfEntry(): Work {
  return { left: MOST_OF_ENTRY };
}

/** What is applied before it is committed, over all partitions of a worker. */
export function workOfTurn(units = MOST_OF_TURN): Work {
  return { left: units };
}

/** Takes what an entry has cost from what the turn may. */
export function spend(turn: Work, entry: Work): void {
  turn.left -= MOST_OF_ENTRY - entry.left;
}

/** What one event may cost, of what its user may. */
export interface EventWork {
  /** Whether there is work left at all: before it is found out how much is needed. */
  isLeft(): boolean;
  /** Takes the work of showing anchors that see `sizes` events, found among `scanned`, to so many views; false: it is too much. */
  take(views: number, scanned: number, ...sizes: number[]): boolean;
  /** Takes the work of the event's own rows, which are refused only when they are much. */
  takeOwn(views: number, size: number): boolean;
}

export function workOfEvent(user: Work): EventWork {
  let left = Math.min(MOST_OF_EVENT, user.left, user.within?.left ?? MOST_OF_EVENT);
  const pay = (units: number): boolean => {
    left -= units;
    user.left -= units;
    if (user.within !== undefined) user.within.left -= units;
    return left >= 0;
  };
  return {
    isLeft: () => left > 0,
    take(views, scanned, ...sizes) {
      let units = scanned / SCANNED_A_UNIT;
      for (const size of sizes) units += (size + OF_ANCHOR) * views;
      return pay(units);
    },
    takeOwn(views, size) {
      const units = size * views;
      return pay(units) || units <= LITTLE;
    },
  };
}
