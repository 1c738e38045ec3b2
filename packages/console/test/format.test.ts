import { REASONS } from '@tributary/contract/shapes/meta';
import { expect, test } from 'vitest';
import { scaleOf } from '../src/app/charts/scale.ts';
import { currenciesOf } from '../src/app/parts/currencies.ts';
import { count, duration, money, NONE, parts, percent } from '../src/app/parts/format.ts';
import { daysOf, presetChange } from '../src/app/state/window.ts';
import { inItsDirection, wordsOf } from '../src/app/words.ts';

test('money is in its currency to the last digit, beyond 2^53 and without decimals too', () => {
  expect(money(123_456, 'EUR')).toBe('€1,234.56');
  expect(money(-5, 'EUR')).toBe('-€0.05');
  expect(money(1_234, 'JPY')).toBe('¥1,234');
  expect(money(9_007_199_254_740_993_12n, 'USD')).toBe('$9,007,199,254,740,993.12');
  expect(money(-7n, 'USD')).toBe('-$0.07');
  for (const other of [null, '(none)', 'eur', 'constructor']) expect(money(123_456, other)).toBe('123,456 minor');
  expect(money(undefined, 'EUR')).toBe(NONE);
});

test('a sentence with a name in it goes on in its direction, whatever marks the name has', () => {
  expect(inItsDirection('a run of \u202egnp.exe is overdue: \u2067x\u2069')).toBe(
    'a run of \ufffdgnp.exe is overdue: \ufffdx\ufffd',
  );
  expect(inItsDirection('of שלום and 用户')).toBe('of שלום and 用户');
});

test('figures that are not there look like none, and 0 is a figure', () => {
  for (const format of [count, parts, percent]) expect([format(null), format(undefined)]).toEqual([NONE, NONE]);
  expect([count(0), parts(0), percent(0)]).toEqual(['0', '0.0', '0.0 %']);
  expect([percent(0.0003155), percent(-0.0000012), percent(0.001), percent(1)]).toEqual([
    '0.032 %',
    '-0.00012 %',
    '0.1 %',
    '100.0 %',
  ]);
  expect(count(12_345_678_901_234_567_890n)).toBe('12,345,678,901,234,567,890');
});

test('law 7: each reason for an incomplete answer is said in words, each in its own', () => {
  const said = Object.keys(REASONS).map((code) => wordsOf([code]));
  expect(said.filter((words) => !/^[a-z]+,?( [a-z]+,?)+$/.test(words))).toEqual([]);
  expect(new Set(said).size).toBe(said.length);
  // A code that is newer than the page stands as it is, and no name of the language is one.
  expect(wordsOf(['behind', 'made_later', 'constructor'])).toBe('live events are behind, made_later, constructor');
});

test.each([
  [0, '0 ms'],
  [999, '999 ms'],
  [91_000, '1 min 31 s'],
  [3_600_000, '1 h'],
  [90_061_000, '1 d 1 h'],
])('%i ms are %s', (ms, text) => expect(duration(ms)).toBe(text));

const NOW = Date.UTC(2026, 10, 24, 23, 59);
const daysIn = (query: string) => daysOf(new URLSearchParams(query), NOW);

test('days are those of the address, up to and with the last one; what is none is the preset', () => {
  expect(daysIn('')).toEqual({ choice: '30', from: '2026-10-26', to: '2026-11-25' });
  expect(daysIn('days=7')).toEqual({ choice: '7', from: '2026-11-18', to: '2026-11-25' });
  expect(daysIn('days=all')).toEqual({ choice: 'all', from: undefined, to: undefined });
  expect(daysIn('from=2026-11-01&to=2026-11-30')).toEqual({ choice: 'own', from: '2026-11-01', to: '2026-12-01' });
  for (const odd of ['days=-1', 'days=__proto__', 'from=2026-11-01', 'from=x&to=y']) expect(daysIn(odd).choice).toBe('30');
});

test('own dates begin as what was shown', () => {
  const changed = presetChange('own', daysIn('days=7'), NOW);
  expect(changed).toEqual({ days: null, from: '2026-11-18', to: '2026-11-24' });
  expect(daysIn(`from=${changed['from']}&to=${changed['to']}`)).toEqual({ ...daysIn('days=7'), choice: 'own' });
});

test('an axis has round ticks, holds 0 and every value', () => {
  expect(scaleOf([388, 30]).ticks).toEqual([0, 100, 200, 300, 400]);
  expect(scaleOf([1, 0, 1], 4).ticks).toEqual([0, 1]);
  expect(scaleOf([9, 2], 4).ticks).toEqual([0, 5, 10]);
  expect(scaleOf([0.9], 4).ticks).toEqual([0, 0.25, 0.5, 0.75, 1]);
  for (const values of [[], [0], [1e-9], [-5, 7], [-3], [1e15], [0.1, 0.25]]) {
    const { ticks, at } = scaleOf(values);
    expect(ticks.length).toBeLessThanOrEqual(9);
    for (const value of [0, ...values]) expect(at(value)).toSatisfy((place: number) => place >= 0 && place <= 100);
  }
});

test('amounts have the name of a currency only where no other can be among them', () => {
  const of = (names: readonly string[], complete = true) => ({
    rows: names.map((currency) => ({ currency })),
    meta: { complete },
  });
  expect(currenciesOf([of(['EUR', '(none)']), of(['EUR'])])).toEqual({ names: ['EUR'], only: 'EUR' });
  expect(currenciesOf([of(['EUR']), of(['USD'])])).toEqual({ names: ['EUR', 'USD'], only: null });
  expect(currenciesOf([of(['EUR']), of(['EUR'], false)]).only).toBeNull();
  expect(currenciesOf([of(['EUR']), undefined]).only).toBeNull();
  expect(currenciesOf([of([]), of(['(none)'])])).toEqual({ names: [], only: null });
});
