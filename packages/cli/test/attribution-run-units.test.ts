/** What `attribution run --bootstrap` draws: users where the file knows them, else journeys, and it says which. */
import { expect, test } from 'vitest';
import { file, fileOf, json, run } from './path-runs.ts';

const BOOTSTRAP = ['--models', 'last', '--bootstrap', '200'] as const;

interface Bounds {
  readonly conversionsShareLow: number;
  readonly conversionsShareHigh: number;
  readonly conversionsCautions: string;
}

async function ofChannel(path: string, channel: string, ...options: string[]) {
  const { answer } = await json(path, ...BOOTSTRAP, ...options);
  const { unit, cautions } = answer['uncertainty'] as { unit: string; cautions: { code: string }[] };
  const row = answer.rows.find((one) => one.channel === channel) as unknown as Bounds;
  return { unit, codes: cautions.map(({ code }) => code), width: row.conversionsShareHigh - row.conversionsShareLow, row };
}

/** 25 purchases by `a`, 18 by `b`, each of its own user. */
function purchases(userOfA: (i: number) => string): string[] {
  const row = (user: string, channel: string) => `${user},${channel},1,10,0`;
  return [
    ...Array.from({ length: 25 }, (_, i) => row(userOfA(i), 'a')),
    ...Array.from({ length: 18 }, (_, i) => row(`b${i}`, 'b')),
  ];
}

const COLUMNS = 'user,path,total_conversions,total_conversion_value,total_null';
const withUsers = (rows: readonly string[]) => fileOf(`${[COLUMNS, ...rows].join('\n')}\n`);
const USERS = ['--map', 'user=user'];

test('25 purchases by one user are those of one, which shows no interval; 25 by 25 users are 25', async () => {
  const one = await ofChannel(withUsers(purchases(() => 'a')), 'a', ...USERS);
  const each = await ofChannel(withUsers(purchases((i) => `a${i}`)), 'a', ...USERS);
  expect([one.unit, each.unit]).toEqual(['user', 'user']);
  expect(each.width).toBeLessThan(0.3);
  // How often users convert is not seen in one of them.
  expect(one.row.conversionsShareLow).toBeNull();
  expect(one.row.conversionsCautions).toBe('too_few_conversions');
  expect(one.codes).toContain('fewer_than_100_conversions');
});

test('without users each conversion is a journey by itself: said in JSON and below the table', async () => {
  const path = file('a,25,250,0', 'b,18,180,0');
  const { unit, codes } = await ofChannel(path, 'a');
  expect([unit, codes]).toEqual(['journey', ['journeys_as_units', 'fewer_than_100_conversions']]);
  const csv = await run(path, ...BOOTSTRAP, '--format', 'csv');
  expect(csv.stdout).toContain('journeys_as_units fewer_than_100_conversions few_conversions');
  const { stdout } = await run(path, ...BOOTSTRAP);
  expect(stdout).toContain('caution: each conversion counted as an independent journey');
  expect(stdout).toContain('200 resamplings of journeys (seed 1); sampling error only, given the model and its order');
});

test('conversions without a user among others are reported; journeys without one that did not convert are not', async () => {
  const some = purchases((i) => (i < 5 ? '' : `a${i}`));
  const { unit, codes } = await ofChannel(withUsers(some), 'b', ...USERS);
  expect([unit, codes]).toEqual(['journey', ['some_without_user', 'fewer_than_100_conversions']]);
  const nulls = [...purchases((i) => `a${i}`), ',a,0,,7'];
  const named = await ofChannel(withUsers(nulls), 'b', ...USERS);
  expect([named.unit, named.codes]).toEqual(['user', ['fewer_than_100_conversions']]);
});

test('law 7: a file is resampled by users only where every conversion names one', async () => {
  const unnamed = Array.from({ length: 60 }, () => ',b,1,10,0');
  const oneNamed = await ofChannel(withUsers(['ana,a,1,10,0', ...unnamed]), 'a', ...USERS);
  const oneUnnamed = await ofChannel(withUsers([...purchases((i) => `a${i}`), ',b,1,10,0']), 'a', ...USERS);
  for (const { unit, codes } of [oneNamed, oneUnnamed])
    expect([unit, codes]).toEqual(['journey', ['some_without_user', 'fewer_than_100_conversions']]);
});

test('the order of the rows changes nothing', async () => {
  const rows = purchases((i) => `a${i % 7}`);
  const [forth, back] = await Promise.all([rows, rows.toReversed()].map((own) => ofChannel(withUsers(own), 'b', ...USERS)));
  expect(forth).toEqual(back);
});

test('intervals of value say up to which order they go: in JSON, and below the table', async () => {
  const path = withUsers(purchases((i) => `a${i}`).map((row, i) => (i === 0 ? row.replace(',10,', ',12.50,') : row)));
  const { answer } = await json(path, ...BOOTSTRAP, ...USERS);
  const { models } = answer['uncertainty'] as { models: Record<string, unknown>[] };
  expect(models[0]).toEqual({ model: 'last', reward: 'conversions', cautions: [] });
  expect(models[1]).toMatchObject({ reward: 'value', largestOrder: 12.5 });
  expect(models[1]?.['missesOrdersBelowOneIn']).toBeCloseTo(43 / Math.log(10), 9);
  const { stdout } = await run(path, ...BOOTSTRAP, ...USERS, '--currency', 'EUR');
  expect(stdout).toContain('up to the largest order here, 12.50 EUR: larger ones, by fewer than one in 18 users who convert,');
});
