/**
 * What comes between keys that are not joined and keys that are. Readers look at the states about once a second, and an answer of one that has not seen
 * yet that keys are joined would be called complete though it lacks what a link says. So a partition that comes to such definitions waits before it goes
 * on, and a reader that has not looked for nearly so long looks again before it calls an answer complete.
 */

/** How long a partition that has come to join keys waits, from when its state says so, ms. */
export const JOINING_WAIT_MS = 3_000;

/** How old what a reader knows may be where it says that keys are not joined, ms: less, as two clocks measure the two. */
export const SURELY_APART_MS = 2_000;
