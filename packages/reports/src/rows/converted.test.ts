import { setImmediate as turn } from 'node:timers/promises';
import type { ModelName } from '@tributary/attribution/models/catalogue';
import { expect, test } from 'vitest';
import { convertedTo } from './converted.ts';
import type { Credited } from './report.ts';

const KEYS = ['a\tUSD', 'b\tUSD', 'c\tUSD', 'd\tUSD'];

/** What conversion reads of it. */
function credited(keys: readonly string[]): Credited {
  const rows = new Map(keys.map((key) => [key, [1_000_000, 1]]));
  const counts = { question: {}, costs: null, currencies: { values: ['USD'], costs: [] } };
  return { counts, credit: new Map<ModelName, object>([['last', { rows, channels: new Map() }]]) } as unknown as Credited;
}

test('law 4: which rows get the last minor units does not depend on the order in which rows were counted', async () => {
  const rates = { to: 'EUR', rates: { USD: '0.5' } };
  for (const keys of [KEYS, KEYS.toReversed(), ['c\tUSD', 'a\tUSD', 'd\tUSD', 'b\tUSD']]) {
    const { credit } = await convertedTo(rates, credited(keys), ['channel'], turn);
    const rows = credit.get('last')?.rows ?? new Map();
    expect([...rows].sort().map(([key, [, minor]]) => [key, minor])).toEqual([
      ['a', 1],
      ['b', 1],
      ['c', 0],
      ['d', 0],
    ]);
  }
});

test('law 7: many rows are converted in turns, so that a report of them makes no other request wait', async () => {
  const keys = Array.from({ length: 20_000 }, (_, i) => `campaign ${i}\t${i % 2 === 0 ? 'EUR' : 'USD'}`);
  let turns = 0;
  let isDone = false;
  const count = () => {
    turns++;
    if (!isDone) setImmediate(count);
  };
  setImmediate(count);
  await convertedTo({ to: 'EUR', rates: { USD: '0.5' } }, credited(keys), ['campaign'], turn);
  isDone = true;
  expect(turns).toBeGreaterThanOrEqual(Math.floor((2 * keys.length) / 5_000));
});
