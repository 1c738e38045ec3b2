/** Law 4, of campaigns: what a channel earned goes to its campaigns by what was sold and refunded there, in one currency, the same in every breakdown. */
import { expect, test } from 'vitest';
import { type AnyRow, walked } from './walked.ts';

const ask = async (world: AnyRow, query: string) => (await world['get'](`/v1/attribution?${query}`)).body;
const column = (body: AnyRow, ...names: string[]): string[] =>
  body['rows'].map((row: AnyRow) => names.map((name) => row[name]).join(' ')).sort();
const sale = (path: string, more = {}) => ({ path: path.split('>'), converted: true, value: 100, ...more });

const OVER_PATHS = ['model=last&transform=exposure', 'model=jShaped', 'model=orderedShapley'];
const ALL_KINDS = [...OVER_PATHS, 'model=last', 'model=shapley', 'model=markov', 'model=rateShapley', 'model=hybrid'];

test.each(ALL_KINDS)('%s: value goes to campaigns by value, not by conversions', async (query) => {
  const world = await walked([sale('a', { campaign: 'x', value: 2 }), sale('a', { campaign: 'y', value: 1000 })]);
  expect(column(await ask(world, `${query}&by=campaign`), 'campaign', 'valueMinor')).toEqual(['x 2', 'y 1000']);
});

test.each(ALL_KINDS)('%s: value stays within its currency', async (query) => {
  const world = await walked([
    sale('a', { campaign: 'x', currency: 'EUR' }),
    sale('a', { campaign: 'y', currency: 'USD', value: 900 }),
  ]);
  expect(column(await ask(world, `${query}&by=campaign,currency`), 'campaign', 'currency', 'valueMinor')).toEqual([
    'x EUR 100',
    'y USD 900',
  ]);
});

test.each(ALL_KINDS)(
  '%s: an order that is refunded the next day leaves nothing to its campaign, in every breakdown',
  async (query) => {
    const world = await walked([
      sale('a', { campaign: 'x', value: 10_000, daysAgo: 1 }),
      sale('a', { campaign: 'x', value: -10_000 }),
      sale('a', { campaign: 'y', daysAgo: 1 }),
    ]);
    const byDay = await ask(world, `${query}&by=day,campaign`);
    const [before, after] = [...new Set(byDay.rows.map((row: AnyRow) => row['day']))].sort();
    expect(column(byDay, 'day', 'campaign', 'valueMinor')).toEqual([`${before} x 10000`, `${before} y 100`, `${after} x -10000`]);
    expect(column(await ask(world, `${query}&by=campaign`), 'campaign', 'valueMinor')).toEqual(['x 0', 'y 100']);
    expect(column(await ask(world, `${query}&by=day,channel`), 'day', 'valueMinor')).toEqual([
      `${before} 10100`,
      `${after} -10000`,
    ]);
  },
);

test.each(ALL_KINDS)('%s: a campaign has the same credit in every breakdown', async (query) => {
  const world = await walked([sale('b>a', { campaign: 'x' }), sale('a>b', { campaign: 'y', daysAgo: 1 })]);
  const total = async (by: string) => {
    const { rows } = await ask(world, `${query}&by=${by}&channel=a`);
    return ['x', 'y'].map((name) =>
      rows.filter((row: AnyRow) => row['campaign'] === name).reduce((sum: number, row: AnyRow) => sum + row['creditMicros'], 0),
    );
  };
  expect(await total('campaign')).toEqual(await total('day,campaign'));
  expect(await total('campaign')).toEqual(await total('currency,type,campaign'));
});

test.each(['shapley', 'markov'])('%s: a refund of one cent moves a cent', async (model) => {
  const sales = [
    ...Array.from({ length: 50 }, () => sale('a', { campaign: 'x' })),
    sale('a', { campaign: 'y', value: 1_000_000 }),
  ];
  const refunded = [...sales, sale('a', { campaign: 'z', value: -1 })];
  const values = async (given: typeof sales) =>
    column(await ask(await walked(given), `model=${model}&by=campaign`), 'campaign', 'valueMinor');
  expect(await values(sales)).toEqual(['x 5000', 'y 1000000']);
  expect(await values(refunded)).toEqual(['x 5000', 'y 1000000', 'z -1']);
});

test('the positions of a path share what was refunded of it', async () => {
  const world = await walked([sale('a>b>a', { campaign: 'x', value: 360 }), sale('a>b>a', { campaign: 'y', value: -120 })]);
  // Half of 240 is a's; linear credit says 240 and -80, and what is 40 less goes by their sizes.
  const answer = await ask(world, 'model=orderedShapley&by=campaign&channel=a');
  expect(column(answer, 'campaign', 'valueMinor')).toEqual(['x 210', 'y -90']);
});
