/** How far two runs of a schedule may be apart, ms. */
import { DAY_MS, SECOND_MS } from './time.ts';

export const SHORTEST_SCHEDULE_MS = 10 * SECOND_MS;
export const LONGEST_SCHEDULE_MS = 7 * DAY_MS;
