/**
 * The small cases that once read as if they were certain: what `attribution run --bootstrap` printed of them (before), and what it must say now.
 */
import { expect, test } from 'vitest';
import { file, fileOf, json, run } from './path-runs.ts';

const DRAWN = ['--bootstrap', '200'] as const;

interface Cells {
  readonly conversionsShare: number;
  readonly conversionsShareLow: number | null;
  readonly conversionsShareHigh: number | null;
  readonly conversionsRankFrom: number | null;
  readonly conversionsRankTo: number | null;
  readonly conversionsAboveNext: number | null;
  readonly conversionsCautions: string;
  readonly valueShareLow: number | null;
  readonly valueShareHigh: number | null;
  readonly valueLow: number | null;
  readonly roasLow: number | null;
  readonly cpaLow: number | null;
}

async function answered(path: string, model: string, ...options: string[]) {
  const { answer } = await json(path, '--models', model, ...DRAWN, ...options);
  const { cautions, models } = answer['uncertainty'] as {
    cautions: { code: string }[];
    models: { reward: string; cautions: { code: string }[] }[];
  };
  return {
    of: (channel: string) => answer.rows.find((row) => row.channel === channel) as unknown as Cells,
    codes: cautions.map(({ code }) => code),
    ofValue: models.find(({ reward }) => reward === 'value')?.cautions.map(({ code }) => code) ?? [],
  };
}

const widthOf = ({ conversionsShareLow: low, conversionsShareHigh: high }: Cells) => (high ?? Number.NaN) - (low ?? Number.NaN);

test('one conversion in a channel: no width of 0, “too few”, no ROAS and no CPA (before: an interval of no width in half of the samples)', async () => {
  const { of } = await answered(file('a,40,400,500', 'podcast,1,10,9'), 'last', '--costs', 'a=10,podcast=1');
  expect(of('podcast').conversionsCautions).toBe('too_few_conversions fewer_than_10_conversions');
  expect(of('podcast').conversionsShareLow).toBeGreaterThan(0);
  expect(widthOf(of('podcast'))).toBeGreaterThan(0.05);
  expect([of('podcast').roasLow, of('podcast').cpaLow]).toEqual([null, null]);
  expect(of('a').cpaLow).toBeGreaterThan(0);
});

test('no conversion in a channel: up to 2.7 of C + 2.7, and no rank (before: 0.0 (0.0–0.0) #6 100 %)', async () => {
  const { of } = await answered(file('a,40,400,500', 'fax,0,0,30'), 'last');
  expect(of('fax')).toMatchObject({ conversionsShareLow: 0, conversionsRankFrom: null, conversionsCautions: 'no_conversions' });
  expect(of('fax').conversionsShareHigh).toBeCloseTo(2.7055 / (40 + 2.7055), 3);
});

test('no conversion at all: no ranks (before: #1 and #2 at 100 %)', async () => {
  const { of } = await answered(file('a,0,0,5', 'b,0,0,7'), 'last');
  for (const channel of ['a', 'b'])
    expect(of(channel)).toMatchObject({
      conversionsRankFrom: null,
      conversionsAboveNext: null,
      conversionsCautions: 'no_conversions',
    });
});

test('exact ties share a rank (before: 50.0 (50.0–50.0) #1 100 %, … #2 100 %)', async () => {
  const path = file('a,30,300,5', 'b,30,300,5');
  const { of } = await answered(path, 'last');
  for (const channel of ['a', 'b']) expect(of(channel)).toMatchObject({ conversionsRankFrom: 1, conversionsRankTo: 2 });
  expect(of('a').conversionsAboveNext).toBeGreaterThan(0.3);
  expect(of('a').conversionsAboveNext).toBeLessThan(0.7);
  expect(widthOf(of('a'))).toBeGreaterThan(0.1);
  expect((await run(path, '--models', 'last', ...DRAWN)).stdout).toContain('#1–2=');
});

test('42, 41, 40, 39 and 38 conversions are one group (before: #1 … #5)', async () => {
  const { of } = await answered(file('a,42,1,0', 'b,41,1,0', 'c,40,1,0', 'd,39,1,0', 'e,38,1,0'), 'last');
  for (const channel of ['a', 'b', 'c', 'd', 'e'])
    expect(of(channel)).toMatchObject({ conversionsRankFrom: 1, conversionsRankTo: 5 });
});

test('the game of rates over podcast alone once: no credit, no ROAS (before: 126.69 of 71 conversions, ROAS 141 266)', async () => {
  const rows = ['search,40,460,460', 'search > social,20,200,200', 'social,10,150,150', 'podcast,1,1,1', 'fax,0,0,3'];
  const { of } = await answered(file(...rows), 'rateShapley', '--costs', 'podcast=0.50');
  expect(of('podcast')).toMatchObject({ conversions: null, conversionsShareLow: null, roas: null, cpa: null });
  expect(of('podcast').conversionsCautions).toContain('few_journeys_alone');
  const { stdout } = await run(file(...rows), '--models', 'rateShapley', ...DRAWN);
  expect(stdout).toContain('effects only: shares below 0 or above 1 hand out no credit');
  expect(stdout).not.toContain('126.69');
});

test('a negative share hands out nothing either (before: search −9.54 conversions)', async () => {
  const rows = ['search,40,460,460', 'search > social,20,200,200', 'social,10,150,150', 'podcast,1,1,1', 'fax,0,0,3'];
  const { of } = await answered(file(...rows), 'rateShapley');
  expect(of('search')).toMatchObject({ conversions: null, conversionsShareLow: null });
  expect(of('search').conversionsShare).toBeLessThan(0);
});

test('50 orders of 10, and one of 271 among them: not the same interval of value (before: 46.9–70.6 of both)', async () => {
  const orders = (values: readonly number[], channel: string) => values.map((value) => `${channel},1,${value},0`);
  const others = orders(new Array<number>(36).fill(10), 'b');
  const wide = await answered(file(...orders(new Array<number>(50).fill(10), 'a'), ...others), 'last');
  const whale = await answered(file(...orders([271, ...new Array<number>(49).fill(4.67)], 'a'), ...others), 'last');
  expect(wide.of('a').valueShareLow).toBeGreaterThan(0.4);
  expect(whale.of('a')).toMatchObject({ valueShareLow: null, valueShareHigh: null, valueLow: null });
  expect(whale.ofValue).toContain('few_orders_decide');
});

test('rows that hold several orders: no interval of value, and the reason (before: the mean of each)', async () => {
  const { of, ofValue } = await answered(file('a,50,500,0', 'b,36,360,0'), 'last');
  expect(of('a').valueShareLow).toBeNull();
  expect(ofValue).toEqual(['values_as_sums']);
});

test('25 purchases by one user are those of one, which shows no interval (before: 46.8–70.5, as of 25 users)', async () => {
  const rows = [...Array.from({ length: 25 }, () => 'anna,a,1,10,0'), ...Array.from({ length: 18 }, (_, i) => `b${i},b,1,10,0`)];
  const path = fileOf(['user,path,total_conversions,total_conversion_value,total_null', ...rows, ''].join('\n'));
  const { of } = await answered(path, 'last', '--map', 'user=user');
  expect(of('a').conversionsShareLow).toBeNull();
  expect(of('a').conversionsCautions).toBe('too_few_conversions');
});

test('a negative value in a file of paths is refused, with its line', async () => {
  const done = await run(file('b,10,50,0', 'a,1,-10,0'), ...DRAWN);
  expect(done.code).toBe(2);
  expect(done.stderr).toContain('line 3');
  expect(done.stderr).toContain('must be 0 or more (got "-10"). Take refunds from the value of their path.');
});

test('shares below 0 or above 1 are effects, and no shares of a table (before: 178.4, -13.4, -31.6 and -33.4)', async () => {
  const path = file('search,40,0,460', 'search > social,20,0,200', 'social,10,0,150', 'podcast,1,0,1', 'fax,0,0,3');
  const { stdout } = await run(path, '--models', 'rateShapley,last', ...DRAWN);
  const table = stdout.slice(stdout.indexOf('share of conversions'));
  expect(table).toMatch(/^podcast +– +1\.4 \(/mu);
  expect(table.slice(0, table.indexOf('5 different paths'))).not.toMatch(/-\d|\d{3}\.\d/u);
});

test('two resamplings are refused (before: 64.9 (60.3–62.7) #1 100 %)', async () => {
  const done = await run(file('a,40,400,500'), '--bootstrap', '2');
  expect(done.code).toBe(2);
  expect(done.stderr).toContain('--bootstrap must be a whole number from 200');
});

test('rules have intervals as well (before: none, and no word of it)', async () => {
  const path = file('b > a,40,400,500', 'b,30,300,200', 'a,9,90,80');
  for (const rule of ['first', 'last', 'linear', 'positionBased']) {
    const { of, codes } = await answered(path, rule);
    expect(widthOf(of('b'))).toBeGreaterThanOrEqual(0.05);
    expect(codes).toEqual(['journeys_as_units', 'fewer_than_100_conversions']);
  }
});

test('what was drawn is said: unit, number, seed, level and what it covers (before: nothing)', async () => {
  const path = file('a,40,400,500', 'b,30,300,200');
  const { answer } = await json(path, '--models', 'last', ...DRAWN, '--seed', '7');
  expect(answer['uncertainty']).toMatchObject({
    unit: 'journey',
    replicates: 200,
    seed: 7,
    level: 0.9,
    covers: 'sampling error only, given the model and its order',
  });
  const { stdout } = await run(path, '--models', 'last', ...DRAWN, '--seed', '7');
  expect(stdout).toContain('200 resamplings of journeys (seed 7); sampling error only, given the model and its order');
});

test('an order that was chosen once is said to be: the choice is not drawn (before: not a word)', async () => {
  const rows = ['zeta > a,7,70,0', 'a,0,0,200', 'b > a,0,0,200'];
  const { stdout } = await run(file(...rows), '--models', 'markov', '--order', 'auto', ...DRAWN);
  expect(stdout).toMatch(/order \d was chosen once, outside of the resamplings/);
});

test('a chain credits a channel without a converting path: no interval (before: 26.3 (0.0–1.9), which excludes its own figure)', async () => {
  const rows = ['a,100,,0', 'c > a,0,,100', 'b,40,,30'];
  for (const model of ['markov', 'hybrid', 'markovShapley']) {
    const { of } = await answered(file(...rows), model);
    expect(of('c').conversionsShare).toBeGreaterThan(0.1);
    expect(of('c')).toMatchObject({
      ...{ conversionsShareLow: null, conversionsShareHigh: null, conversionsLow: null, conversionsEffectLow: null },
      ...{ conversionsRankFrom: null, conversionsCautions: 'credit_without_conversion' },
    });
    expect(of('a').conversionsShareLow).not.toBeNull();
  }
  const { of } = await answered(file(...rows), 'shapley');
  expect(of('c')).toMatchObject({ conversionsShareLow: 0, conversionsCautions: 'no_conversions' });
});

test('every conversion over the same path: as many witnesses as there are (before: 33.3 (33.3–33.3))', async () => {
  for (const model of ['shapley', 'markov', 'linear']) {
    const { of } = await answered(file('a > b > c,60,,100'), model);
    for (const channel of ['a', 'b', 'c']) {
      expect(of(channel).conversionsShareLow).toBeCloseTo(0.2423, 3);
      expect(of(channel).conversionsShareHigh).toBeCloseTo(0.44, 2);
    }
  }
});

test.each([
  ['orders worth 0', ['a,1,0,5', 'b,1,0,5', 'a,1,0,5']],
  ['an empty column of values', ['a,100,,100', 'b,40,,30']],
])('%s: no value, and no word of refunds or of large orders (before: refunds outweigh sales)', async (_, rows) => {
  const { of, ofValue } = await answered(file(...rows), 'last');
  expect(ofValue).toEqual(['no_value']);
  expect(of('b').valueShareLow).toBeNull();
  const { stdout } = await run(file(...rows), '--models', 'last', ...DRAWN);
  expect(stdout).toContain('no interval of value: the orders are worth 0, or have no value');
  expect(stdout).not.toMatch(/refunds|large orders|one order has/);
});

test('orders of one channel are worth 0, those of another are not: no value, not refunds', async () => {
  const rows = [...new Array<string>(60).fill('a,1,10,5'), 'b,20,0,5'];
  const { of } = await answered(file(...rows), 'last');
  expect(of('b')).toMatchObject({ valueShareLow: null, valueLow: null, valueCautions: 'no_value' });
  expect(of('a').valueLow).not.toBeNull();
});
