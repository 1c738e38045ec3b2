/** What sums and lists must say at their bounds: sums that pass 2^53 on the way, and how far back a list depends on events. */
import { exactJson } from '@tributary/model/exact-json';
import { DAY_MS } from '@tributary/model/time';
import { createRandom } from '@tributary/testkit/inputs/random';
import { expect, test } from 'vitest';
import { quotient, quotientOfAny, sumOf, sumOfSquares } from '../src/kinds/exact.ts';
import { timelineOf } from '../src/timeline.ts';
import { valueText } from '../src/value-text.ts';
import { event, written } from './written.ts';

test('law 4: a sum that passes 2^53 on the way loses no digit, whatever it ends at', () => {
  const most = Number.MAX_SAFE_INTEGER;
  expect(sumOf([most, 2, -most])).toBe(2);
  expect(sumOf([-most, -4, most])).toBe(-4);
});

test('law 4: quotients in plain numbers are those of integers of any size, on both sides of 2^53', () => {
  const random = createRandom(4);
  for (let i = 0; i < 20_000; i++) {
    const of = random.between(-(2 ** random.between(1, 52)), 2 ** random.between(1, 52));
    const by = random.between(1, 2 ** random.between(1, 52));
    expect({ of, by, is: quotient(of, by) }).toEqual({ of, by, is: quotientOfAny(of, by) });
  }
  expect(quotient(-1, 2_000_000)).toBe(-0.000001);
  expect(quotient(0, 3)).toBe(0);
  expect(quotient(Number.MAX_SAFE_INTEGER, 1)).toBe(Number.MAX_SAFE_INTEGER);
});

test('law 4: a sum of squares loses no digit', () => {
  expect(sumOfSquares([94_906_265, 94_906_267, 3])).toBe(94_906_265n ** 2n + 94_906_267n ** 2n + 9n);
  expect(sumOfSquares([-3, 4])).toBe(25);
});

test('texts of values are as JSON.stringify writes them, at each of their places', () => {
  for (let unit = 0; unit < 0x180; unit++)
    for (const text of [String.fromCharCode(unit), `a${String.fromCharCode(unit)}`, 'x'.repeat(70) + String.fromCharCode(unit)])
      expect(valueText(text, 100)).toBe(JSON.stringify(text));
  for (const text of ['', '\ud800', 'a\udfff', '\u2028', '😀']) expect(valueText(text, 100)).toBe(JSON.stringify(text));
});

test('law 4: lists are as exact JSON writes them, few items as many, and no sum in them loses a digit', () => {
  const items = Array.from({ length: 70 }, (_, i) => ({
    ts: 1_795_556_597_799 + i,
    value: `"${i}\\ä`,
    count: -i,
    share: i / 7,
    isOpen: i % 2 === 0,
    page: null,
  }));
  for (let length = 0; length <= items.length; length++) {
    const some = items.slice(0, length);
    expect(valueText(some, 1e6)).toBe(JSON.stringify(some));
    const large = [...some, { sum: 2n ** 70n }];
    expect(valueText(large, 1e6)).toBe(exactJson(large));
  }
});

test('law 7: a list that is not full depends on all of its age, a full one on its oldest event', () => {
  const list = written({ signals: { last: { type: 'view', keep: { count: 2, age: '7d' } } } }).get('last');
  const from = (...ids: string[]) =>
    list?.evaluate(timelineOf(ids.map((id, i) => event(id, 'view', 8 * DAY_MS + i))), 9 * DAY_MS).fromMs;
  expect(from()).toBe(2 * DAY_MS);
  expect(from('a')).toBe(2 * DAY_MS);
  expect(from('a', 'b', 'c')).toBe(8 * DAY_MS + 1);
});
