/**
 * How much work one event, one user in one batch, and one entry of the log may cause. Work is counted, not timed, so that it is the same
 * in every run; its unit is one event seen by one view, 0.1 to 0.2 µs. A view more is more units for the same event: where one is added, see
 * that a touch of a user with a hundred conversions is still within the bound, and how long that takes.
 *
 * Without a bound, each early click of a user with a thousand touches and 150 purchases costs a second, and one request holds up
 * everybody else's events for half an hour. What is beyond the bound is left to the next generation, and reported.
 *
 * What all partitions do in one turn of a worker is bounded too, and nothing is left undone there: it is done in the next turn.
 */
export interface Work {
  /** What may still be spent. */
  left: number;
  /** What it is a part of, and is spent from too. */
  within: Work | undefined;
}

/**
 * 7 to 16 ms of processor time by what the user did (medians), up to 45 ms where code has just been loaded. An anchor is not divided: one of a
 * thousand touches, each of a channel of its own with a name of 500 characters, takes 43 ms.
 */
const MOST_OF_EVENT = 105_000;
/** A tenth of a second: five events. */
const MOST_OF_USER = 5 * MOST_OF_EVENT;
/** A second: an entry is applied in one piece. */
const MOST_OF_ENTRY = 4_000_000;
/** Half a second; the last entry begun may add its own. */
export const MOST_OF_TURN = 2_000_000;
/** An anchor is some work even when it sees nothing. */
export const OF_ANCHOR = 4;
/** Passing over an event is cheaper than showing it to a view. */
export const SCANNED_A_UNIT = 32;
/** As many rows of an anchor may come or go within the units of what is seen; each further one is more work than one that is added to. */
export const USUAL_ROWS = 64;
export const OF_ROW = 5;
/** Names of rows up to this length are within the units of what is seen; longer ones are copied and hashed, character by character. */
export const USUAL_ROW_KEY = 96;
export const CHARACTERS_A_UNIT = 24;
/** An event whose own rows are as little work as this always gets them. */
const LITTLE = 512;

/** What a user may cost in a batch. */
export function workOfUser(): Work {
  return { left: MOST_OF_USER, within: undefined };
}

/** A new batch begins. */
export function refill(user: Work): void {
  user.left = MOST_OF_USER;
}

/** What one entry may cost, all its users together. */
export function workOfEntry(): Work {
  return { left: MOST_OF_ENTRY, within: undefined };
}

/** What is applied before it is committed, over all partitions of a worker. */
export function workOfTurn(units = MOST_OF_TURN): Work {
  return { left: units, within: undefined };
}

/** Takes what an entry has cost from what the turn may. */
export function spend(turn: Work, entry: Work): void {
  turn.left -= MOST_OF_ENTRY - entry.left;
}

/** What one event may cost, of what its user may. */
export function workOfEvent(user: Work): Work {
  return { left: Math.min(MOST_OF_EVENT, user.left, user.within?.left ?? MOST_OF_EVENT), within: user };
}

/** Takes the work of revising an anchor; false: it is too much. Takes it also then, so that nothing further of the event is begun. */
export function takeWork(event: Work, units: number): boolean {
  for (let work: Work | undefined = event; work !== undefined; work = work.within) work.left -= units;
  return event.left >= 0;
}

/** Takes the work of the event's own rows, which are refused only when they are much. */
export function takeOwnWork(event: Work, units: number): boolean {
  return takeWork(event, units) || units <= LITTLE;
}
