/** What sums and lists must say at their bounds: sums that pass 2^53 on the way, and how far back a list depends on events. */
import { DAY_MS } from '@tributary/model/time';
import { expect, test } from 'vitest';
import { sumOf } from '../src/kinds/exact.ts';
import { timelineOf } from '../src/timeline.ts';
import { event, written } from './written.ts';

test('law 4: a sum that passes 2^53 on the way loses no digit, whatever it ends at', () => {
  const most = Number.MAX_SAFE_INTEGER;
  expect(sumOf([most, 2, -most])).toBe(2);
  expect(sumOf([-most, -4, most])).toBe(-4);
});

test('law 7: a list that is not full depends on all of its age, a full one on its oldest event', () => {
  const list = written({ signals: { last: { type: 'view', keep: { count: 2, age: '7d' } } } }).get('last');
  const from = (...ids: string[]) =>
    list?.evaluate(timelineOf(ids.map((id, i) => event(id, 'view', 8 * DAY_MS + i))), 9 * DAY_MS).fromMs;
  expect(from()).toBe(2 * DAY_MS);
  expect(from('a')).toBe(2 * DAY_MS);
  expect(from('a', 'b', 'c')).toBe(8 * DAY_MS + 1);
});
