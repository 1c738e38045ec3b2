/** Work in turns: others are served in between, and the time of this work alone counts. */
import { setImmediate } from 'node:timers/promises';

/** After this long others have their turn, ms. */
const TURN_MS = 5;

export interface Turns {
  /** Asked before each step: a promise to wait for where others are to be served first. */
  next(): Promise<void> | undefined;
  /** Whether all turns together have taken as long as they may. */
  isOver(): boolean;
}

/** `budgetMs`: what all turns together may take. */
export function turnsWithin(budgetMs: number, now = () => performance.now()): Turns {
  let leftMs = budgetMs;
  let beganMs = now();
  return {
    next() {
      const tookMs = now() - beganMs;
      if (tookMs < TURN_MS) return undefined;
      leftMs -= tookMs;
      return setImmediate().then(() => {
        beganMs = now();
      });
    },
    isOver: () => now() - beganMs > leftMs,
  };
}
