import { MINUTE_MS } from '@tributary/model/time';
import { expect, test } from 'vitest';
import { createVisits } from './visits.ts';

test('a visit ends with half an hour without a request', () => {
  const visits = createVisits();
  expect(visits.opens('u', 0)).toBe(true);
  expect(visits.opens('u', 30 * MINUTE_MS - 1)).toBe(false);
  expect(visits.opens('v', 30 * MINUTE_MS - 1)).toBe(true);
  expect(visits.opens('u', 60 * MINUTE_MS - 1)).toBe(true);
  // A line written late does not move the visit back.
  expect(visits.opens('u', 50 * MINUTE_MS)).toBe(false);
  expect(visits.opens('u', 61 * MINUTE_MS)).toBe(false);
  expect(visits.users).toBe(2);
});

test('a bounded memory says when it can no longer count exactly', () => {
  const visits = createVisits(2);
  for (const user of ['a', 'b', 'a']) visits.opens(user, 0);
  expect([visits.users, visits.exact]).toEqual([2, true]);
  for (const user of ['c', 'b']) visits.opens(user, 0);
  expect(visits.exact).toBe(false);
});
