/** Sessions at the edges of what a timeline holds and of what is looked at around an event. */
import type { Event } from '@tributary/model/event';
import { MINUTE_MS } from '@tributary/model/time';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { VIEWS } from '@tributary/views/registry';
import { step, stepRules } from '@tributary/views/step';
import { emptyUser } from '@tributary/views/user-state';
import { workOfUser } from '@tributary/views/work';
import { expect, test } from 'vitest';
import { merge, speedFold } from './speed-fold.ts';

const definitions = definitionsOf({ ...SMALL_DEFINITIONS, web: {} });
const BASE = Date.UTC(2026, 2, 1, 12);
const page = (i: number): Event => ({
  ts: BASE + i * 5 * MINUTE_MS,
  receivedAt: BASE + i * 5 * MINUTE_MS,
  id: `e${i}`,
  type: i === 0 ? 'page' : 'activity',
  userId: 'ana',
  source: 'web',
  page: '/',
  properties: { viewId: 'v', layout: 992, engagedMs: 1 } as never,
});

test('law 7: a session whose begin was cut off is exact, or the user is counted as overflowed', () => {
  const events = Array.from({ length: 60 }, (_, i) => page(i));
  const fold = speedFold(events, { definitions, maxEvents: 20 });
  const wrong = differences(merge(new Map(), fold, 0), naive(events, definitions));
  expect(wrong.length === 0 || fold.overflowed > 0).toBe(true);
});

test('law 7: finding the session of a visitor without a pause is work, and is reported where it is too much', () => {
  const [user, work] = [emptyUser(), workOfUser()];
  const atSecond = (second: number): Event => {
    const ts = BASE + second * 1_000;
    return { ...page(1), id: `s${second}`, ts, receivedAt: ts };
  };
  const rules = stepRules(VIEWS, definitions);
  const asMembers = { ...rules, groups: [] };
  for (let i = 0; i < 3_000; i++) step(user, atSecond(30 * i), BASE + 30_000 * i, asMembers, new Map());
  const isReported = (i: number) =>
    step(user, atSecond(90_000 + i), BASE + 90_000_000 + 1_000 * i, rules, new Map(), work).overflowed;
  const reported = Array.from({ length: 1_500 }, (_, i) => isReported(i));
  // Each passes over the 3 000 and those before it: 750 units and more, of 525 000.
  expect(reported.slice(0, 500), 'there is enough for five hundred').not.toContain(true);
  expect(reported.slice(700), 'and not for seven hundred').not.toContain(false);
});

test('law 1: what bridges a pause just before a midnight changes the session behind the next one', () => {
  const own = definitionsOf({ ...SMALL_DEFINITIONS, web: {}, latenessDays: 30 });
  const DAY = 24 * 60 * MINUTE_MS;
  const MIDNIGHT = Date.UTC(2026, 2, 2);
  const all: Event[] = [];
  for (let ts = MIDNIGHT - 35 * MINUTE_MS, i = 0; ts < MIDNIGHT + 1.2 * DAY; ts += 25 * MINUTE_MS, i++)
    all.push({
      ts,
      receivedAt: MIDNIGHT + 5 * DAY,
      id: `e${String(i).padStart(4, '0')}`,
      type: 'page',
      userId: 'ana',
      source: 'web',
      page: '/',
      properties: { viewId: 'v', layout: 992 } as never,
    });
  for (let i = 0; i < 3; i++) {
    const arriving = [...all.slice(0, i), ...all.slice(i + 1), all[i] as Event];
    const fold = speedFold(arriving, { definitions: own });
    expect(fold.overflowed).toBe(0);
    expect(differences(merge(new Map(), fold, 0), naive(all, own)), `last is ${i}`).toEqual([]);
  }
});
