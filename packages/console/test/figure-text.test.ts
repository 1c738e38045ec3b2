/** How the figure of a definition reads: in its currency where there is one, and as it is where nothing is known of it. */
import { expect, test } from 'vitest';
import { figureTextOf } from '../src/app/parts/figure-text.ts';

type Definition = Parameters<typeof figureTextOf>[0];
type Conversions = Exclude<Parameters<typeof figureTextOf>[1], undefined>;

const fields = { price: { from: 'properties.price', type: 'number' }, pieces: { from: 'properties.pieces', type: 'integer' } };
const asked = (measure: string, field: string | null, types: readonly string[] | null = ['purchase'], kind = 'aggregate') =>
  ({ fields, definition: { kind, measure, field, of: { types, where: null } } }) as unknown as Definition;
const converted = (rows: readonly (readonly [type: string, currency: string])[], complete = true) =>
  ({ rows: rows.map(([type, currency]) => ({ type, currency })), meta: { complete } }) as unknown as Conversions;
const EUROS = converted([['purchase', 'EUR']]);

test('law 4: amounts of a user are in the currency of all conversions of their types, and in minor units where there are several', () => {
  const sum = asked('sum', 'value');
  expect(figureTextOf(sum, EUROS)?.(131_650)).toBe('€1,316.50');
  expect(figureTextOf(asked('sum', 'value', ['purchase', 'renewal']), EUROS)?.(131_650)).toBe('131,650 minor');
  const others = [converted([['renewal', 'EUR']]), converted([['purchase', 'EUR']], false), undefined];
  const several = converted([
    ['purchase', 'EUR'],
    ['purchase', 'USD'],
  ]);
  for (const known of [several, ...others]) expect(figureTextOf(sum, known)?.(131_650)).toBe('131,650 minor');
  expect(figureTextOf(asked('sum', 'value', null), EUROS)?.(131_650)).toBe('131,650 minor');
  expect(figureTextOf(asked('mean', 'value'), EUROS)?.(1_250)).toBe('€12.50');
});

test('times read as times, counts have their thousands, and sums of decimals are not in millionths', () => {
  expect(figureTextOf(asked('timeSince', null), EUROS)?.(90_061_000)).toBe('1 d 1 h');
  expect(figureTextOf(asked('count', null), EUROS)?.(12_345)).toBe('12,345');
  expect(figureTextOf(asked('sum', 'pieces'), EUROS)?.(12_345n)).toBe('12,345');
  expect(figureTextOf(asked('sum', 'price'), EUROS)?.(129_900_000n)).toBe('129.9');
});

test('what may be a name keeps its digits as they are', () => {
  for (const measure of ['first', 'last', 'mostFrequent', 'variance'])
    expect(figureTextOf(asked(measure, 'pieces'), EUROS)).toBeUndefined();
  expect(figureTextOf(asked('sum', 'value', ['purchase'], 'ratio'), EUROS)).toBeUndefined();
});
