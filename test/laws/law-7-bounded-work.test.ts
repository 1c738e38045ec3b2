import type { Event } from '@tributary/model/event';
import { MINUTE_MS } from '@tributary/model/time';
import { loadDefinitions } from '@tributary/runtime/definitions';
import { differences } from '@tributary/testkit/compare-rows';
import { naive } from '@tributary/testkit/naive';
import type { Rows, RowsByView } from '@tributary/views/deltas';
import { VIEWS } from '@tributary/views/registry';
import { step, stepRules } from '@tributary/views/step';
import { emptyUser } from '@tributary/views/user-state';
import { describe, expect, it } from 'vitest';

const definitions = loadDefinitions('');
const NOON = Date.UTC(2026, 10, 1, 12);

/** A bot: `count` pairs of a click and a purchase, a minute apart, all within a day. */
function bot(count: number): Event[] {
  const base = { userId: 'bot', receivedAt: NOON, source: 't' };
  return Array.from({ length: count }, (_, i): Event[] => [
    { ...base, ts: NOON - (count - i) * MINUTE_MS, type: 'ad_click', id: `t${i}`, channel: 'email' },
    { ...base, ts: NOON - (count - i) * MINUTE_MS + 1, type: 'purchase', id: `c${i}`, value: 100, currency: 'EUR' },
  ]).flat();
}

const early: Event = {
  ts: NOON - 2 * 24 * 60 * MINUTE_MS,
  type: 'ad_click',
  id: 'early',
  userId: 'bot',
  receivedAt: NOON,
  source: 't',
  channel: 'sms',
};

function speedOf(events: readonly Event[]): { deltas: RowsByView; overflowed: boolean; longestMs: number } {
  const user = emptyUser();
  const rules = stepRules(VIEWS, definitions);
  const deltas: RowsByView = new Map();
  let overflowed = false;
  let longestMs = 0;
  for (const event of events) {
    const start = performance.now();
    if (step(user, event, NOON, rules, deltas).overflowed) overflowed = true;
    longestMs = Math.max(longestMs, performance.now() - start);
  }
  return { deltas, overflowed, longestMs };
}

describe('law 7: work that is left undone is told, never hidden', () => {
  it('an early touch of a user with a hundred conversions revises them all, exactly', () => {
    const events = [...bot(100), early];
    const { deltas, overflowed } = speedOf(events);
    expect(overflowed).toBe(false);
    expect(differences(deltas, naive(events, definitions))).toEqual([]);
  });

  it('an early touch of a bot with a thousand conversions is bounded work, and the outcome says what is missing', () => {
    const events = [...bot(1_000), early];
    const { deltas, overflowed, longestMs } = speedOf(events);
    expect(overflowed).toBe(true);
    expect(longestMs).toBeLessThan(1_000);
    // What needs no revision is exact all the same.
    const sum = (view: string, measure: number) =>
      [...(deltas.get(view) as Rows).values()].reduce((total, row) => total + (row[measure] as number), 0);
    expect([sum('conversions', 0), sum('conversions', 1)]).toEqual([1_000, 100_000]);
    expect(sum('touches', 0)).toBe(1_001);
  });
});
