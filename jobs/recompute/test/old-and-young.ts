/** Events that are old enough to be retired, beside ones that are not. */
import { midnightOf } from '@tributary/archive/retention/plan';
import type { Event } from '@tributary/model/event';
import { DAY_MS } from '@tributary/model/time';
import { generateEvents } from '@tributary/testkit/inputs/generate';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { createRandom } from '@tributary/testkit/inputs/random';

export const DEFINITIONS = definitionsOf(SMALL_DEFINITIONS);
const LONG_MS = 500 * DAY_MS;

export function generated(seed: number): Event[] {
  return generateEvents(createRandom(seed), { events: 40, users: 5, lateChance: 0, duplicateChance: 0.1 }, DEFINITIONS);
}

/** What happened and came 500 days before. */
export function longAgo(events: readonly Event[]): Event[] {
  return events.map((one) => ({ ...one, id: `old-${one.id}`, ts: one.ts - LONG_MS, receivedAt: one.receivedAt - LONG_MS }));
}

/** A minute behind the last of these. */
export function nowBehind(events: readonly Event[]): number {
  return Math.max(...events.map(({ receivedAt }) => receivedAt)) + 60_000;
}

/** The midnight before which all is to go. */
export function beforeOf(nowMs: number): number {
  return midnightOf(nowMs - 400 * DAY_MS);
}
