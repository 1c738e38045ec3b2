/** Law 7: what one question may cost the thread that answers all of them, counted in comparisons and sorts. */
import { distanceOf } from '@tributary/runtime/config/nearest-name';
import { touches } from '@tributary/views/touches/fold';
import { afterEach, expect, test, vi } from 'vitest';
import { unknownValues } from '../src/unknown-values.ts';

afterEach(() => vi.restoreAllMocks());

/** Notes on these filters beside these names of each dimension, and what they cost. */
function asked(equal: Readonly<Record<string, readonly string[]>>, names: readonly string[]) {
  const rows = new Map(names.map((name) => [name, [1]]));
  const distance = vi.fn(distanceOf);
  const sort = vi.spyOn(Array.prototype, 'sort');
  const notes = unknownValues(
    { project: () => rows },
    [{ fromDay: null, toDay: null }],
    equal,
    () => ({ views: [touches] }),
    distance,
  );
  const sorts = sort.mock.contexts.filter((list) => (list as unknown[]).length === names.length).length;
  return { notes, compared: distance.mock.calls.length, sorts };
}

const named = (count: number, letter: string, length: number) =>
  Array.from({ length: count }, (_, i) => String(i).padStart(length, letter));

test.each([990, 20_000])(
  'law 7: 100 values that no row has, beside %i long names, cost one sort and a bounded number of comparisons',
  (known) => {
    const { notes, compared, sorts } = asked({ campaign: named(100, 'y', 64) }, named(known, 'x', 64));
    expect(compared).toBeLessThanOrEqual(1_000);
    expect(sorts).toBe(1);
    expect(notes).toHaveLength(4);
    expect(notes[3]).toBe('values of campaign that no row of this window has either: 97 more');
  },
);

test('law 7: the comparisons of all filters together are bounded', () => {
  const filters = Object.fromEntries(['channel', 'campaign', 'type', 'currency'].map((name) => [name, named(3, 'y', 64)]));
  const { notes, compared } = asked(filters, named(400, 'x', 64));
  expect(compared).toBeGreaterThan(0);
  expect(compared).toBeLessThanOrEqual(1_000);
  expect(notes).toHaveLength(12);
});

test('each of a few has its note with the nearest name, also beside many names of other lengths', () => {
  const { notes } = asked({ campaign: ['autum', 'wintr'] }, [...named(5_000, 'x', 64), 'autumn', 'winter']);
  expect(notes).toEqual([
    'no row of this window has the campaign "autum". Did you mean "autumn"?',
    'no row of this window has the campaign "wintr". Did you mean "winter"?',
  ]);
});
