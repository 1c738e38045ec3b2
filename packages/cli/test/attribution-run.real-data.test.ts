/**
 * Every figure of docs/attribution-files.md, made again from the file by slow loops: credit touch by touch, games by all
 * orders of the channels, removal by walking the chain without the channel. The file lies outside the repository; where it is
 * absent the tests say that they skip.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { tributary } from './fake-shell.ts';

const PATHS = fileURLToPath(new URL('../../../../shared/data/user_click_paths.csv', import.meta.url));
const UNCERTAINTY = fileURLToPath(new URL('../../../docs/uncertainty.md', import.meta.url));
const DOCS = fileURLToPath(new URL('../../../docs/attribution-files.md', import.meta.url));
const isHere = existsSync(PATHS);
const CHANNELS = ['a', 'b', 'c', 'd'] as const;
const PRICE: Readonly<Record<string, number>> = { a: 7, b: 5, c: 4, d: 2 };
const COMMAND = [
  'attribution',
  'run',
  '--paths',
  PATHS,
  '--models',
  'first,last,lastNonDirect,linear,positionBased,jShaped,inverseJ,shapley,rateShapley,markov,markovShapley,hybrid,hybridChain',
  '--touch-costs',
  'a=7,b=5,c=4,d=2',
  '--currency',
  'EUR',
];

interface User {
  readonly clicks: readonly string[];
  readonly converted: number;
  readonly value: number;
}
type Measure = 'converted' | 'value';
const MEASURES: readonly Measure[] = ['converted', 'value'];

const users: readonly User[] = !isHere
  ? []
  : readFileSync(PATHS, 'utf8')
      .trim()
      .split(/\r?\n/)
      .slice(1)
      .map((line) => line.split(','))
      .map((cells) => ({
        clicks: cells.slice(1, 6).filter((cell) => cell !== ''),
        converted: Number(cells[6]),
        value: Number(cells[6]) * Number(cells[7]),
      }));

describe(`user_click_paths.csv${isHere ? '' : ' (SKIPPED: there is no ../shared/data beside the repository)'}`, () => {
  test.skipIf(!isHere)('the documentation shows what the command prints', async () => {
    const { code, stdout } = await tributary([...COMMAND, '--bootstrap', '200']);
    expect(code).toBe(0);
    expect(readFileSync(DOCS, 'utf8')).toContain(stdout);
  });

  test.skipIf(!isHere)('the documentation shows what a plan prints', async () => {
    const asked = ['--channel', 'a', '--share', '5', '--width', '2', '--days', '30'];
    const { code, stdout } = await tributary(['attribution', 'power', '--paths', PATHS, ...asked]);
    expect(code).toBe(0);
    expect(readFileSync(UNCERTAINTY, 'utf8')).toContain(stdout);
  });

  test.skipIf(!isHere)('every model, cost, ROAS, CPA and removal effect is what the slow loops say', async () => {
    const { stdout } = await tributary([...COMMAND, '--json']);
    const answer = JSON.parse(stdout) as { totals: object; rows: Record<string, unknown>[] };
    const cell = (model: string, channel: string, name: string) =>
      Number(answer.rows.find((row) => row['model'] === model && row['channel'] === channel)?.[name]);

    const total = { converted: sum(users, (user) => user.converted), value: sum(users, (user) => user.value) };
    expect(answer.totals).toMatchObject({
      journeys: users.length,
      conversions: total.converted,
      value: total.value,
      nulls: users.filter((user) => user.converted === 0).length,
      unattributed: { conversions: 0, value: 0 },
    });
    for (const measure of MEASURES) {
      const name = measure === 'converted' ? 'conversions' : 'value';
      // Each of 1 232 paths is off by less than a millionth of a conversion and by less than a cent, in either direction.
      const tolerance = measure === 'converted' ? 0.001 : 1;
      const models = slowModels(measure);
      expect(models.size).toBe(13);
      for (const [model, credits] of models)
        for (const channel of CHANNELS) {
          const got = cell(model, channel, name);
          const exactBySplit = ['first', 'last', 'lastNonDirect'].includes(model);
          const off = Math.abs(got - (credits[channel] as number));
          expect([model, measure, channel, off <= (exactBySplit ? 0 : tolerance)]).toEqual([model, measure, channel, true]);
        }
    }
    for (const channel of CHANNELS) {
      const clicks = sum(users, (user) => user.clicks.filter((click) => click === channel).length);
      const cost = clicks * (PRICE[channel] as number);
      for (const model of ['first', 'linear', 'shapley', 'rateShapley', 'markov']) {
        expect(cell(model, channel, 'touches')).toBe(clicks);
        expect(cell(model, channel, 'cost')).toBe(cost);
        expect(cell(model, channel, 'roas')).toBeCloseTo(cell(model, channel, 'value') / cost, 9);
        expect(cell(model, channel, 'cpa')).toBeCloseTo(cost / cell(model, channel, 'conversions'), 9);
      }
      expect(cell('markov', channel, 'conversionsEffect')).toBeCloseTo(
        1 - walked(channel, 'converted') / walked('', 'converted'),
        9,
      );
      expect(cell('markov', channel, 'valueEffect')).toBeCloseTo(1 - walked(channel, 'value') / walked('', 'value'), 9);
    }
    // P(conversion) of the chain is that of the file (reference: an identity).
    expect(walked('', 'converted')).toBeCloseTo(total.converted / users.length, 9);
  });

  test.skipIf(!isHere)('the intervals are those of drawing users again, one by one, with another generator', async () => {
    const { stdout } = await tributary([
      'attribution',
      'run',
      '--paths',
      PATHS,
      '--models',
      'shapley',
      '--bootstrap',
      '200',
      '--json',
    ]);
    const { rows } = JSON.parse(stdout) as { rows: Record<string, unknown>[] };
    const shares: Record<string, number[]> = { a: [], b: [], c: [], d: [] };
    let state = 20_261_121;
    const draw = () => (state = (state * 48_271) % 2_147_483_647) % users.length;
    for (let replicate = 0; replicate < 200; replicate++) {
      const drawn = Array.from(users, () => users[draw()] as User);
      const credits = evenly(drawn, 'converted');
      const whole = sum(CHANNELS, (channel) => credits[channel] as number);
      for (const channel of CHANNELS) shares[channel]?.push((credits[channel] as number) / whole);
    }
    for (const channel of CHANNELS) {
      const sorted = (shares[channel] as number[]).sort((a, b) => a - b);
      const row = rows.find((each) => each['model'] === 'shapley' && each['channel'] === channel);
      // Both are estimates: their ends agree to four tenths of a percent point.
      expect(Math.abs(Number(row?.['conversionsShareLow']) - (sorted[10] as number))).toBeLessThan(0.004);
      expect(Math.abs(Number(row?.['conversionsShareHigh']) - (sorted[189] as number))).toBeLessThan(0.004);
    }
  });
});

type Credits = Record<string, number>;

function slowModels(measure: Measure): Map<string, Credits> {
  const total = sum(users, (user) => user[measure]);
  const shared = (effects: Credits): Credits => {
    const whole = sum(CHANNELS, (channel) => effects[channel] as number);
    return perChannel((channel) => ((effects[channel] as number) / whole) * total);
  };
  const shapley = evenly(users, measure);
  const chain = shared(perChannel((channel) => walked('', measure) - walked(channel, measure)));
  const game = shared(byAllOrders((kept) => walkedAmong(kept, measure)));
  return new Map<string, Credits>([
    ['first', weighed(measure, (n) => onlyAt(n, 0))],
    ['last', weighed(measure, (n) => onlyAt(n, n - 1))],
    // No channel of this file is direct.
    ['lastNonDirect', weighed(measure, (n) => onlyAt(n, n - 1))],
    ['linear', weighed(measure, (n) => new Array<number>(n).fill(1))],
    ['positionBased', weighed(measure, (n) => ends(n, 40, 40))],
    ['jShaped', weighed(measure, (n) => ends(n, 20, 60))],
    ['inverseJ', weighed(measure, (n) => ends(n, 60, 20))],
    ['shapley', shapley],
    ['rateShapley', shared(byAllOrders((kept) => rateAmong(kept, measure)))],
    ['markov', chain],
    ['markovShapley', game],
    ['hybrid', perChannel((channel) => ((chain[channel] as number) + (shapley[channel] as number)) / 2)],
    ['hybridChain', perChannel((channel) => ((chain[channel] as number) + (game[channel] as number)) / 2)],
  ]);
}

function weighed(measure: Measure, weightsOf: (length: number) => readonly number[]): Credits {
  const credits: Credits = { a: 0, b: 0, c: 0, d: 0 };
  for (const { clicks, [measure]: amount } of users) {
    const weights = weightsOf(clicks.length);
    clicks.forEach((click, i) => {
      credits[click] = (credits[click] as number) + (amount * (weights[i] as number)) / sum(weights, (weight) => weight);
    });
  }
  return credits;
}

const onlyAt = (length: number, at: number) => Array.from({ length }, (_, i) => Number(i === at));

function ends(length: number, first: number, last: number): number[] {
  if (length === 1) return [1];
  if (length === 2) return [first, last];
  return Array.from({ length }, (_, i) => (i === 0 ? first : i === length - 1 ? last : (100 - first - last) / (length - 2)));
}

/** Shapley value of the sum game, from its formula. */
function evenly(of: readonly User[], measure: Measure): Credits {
  const credits: Credits = { a: 0, b: 0, c: 0, d: 0 };
  for (const { clicks, [measure]: amount } of of) {
    const met = new Set(clicks);
    for (const channel of met) credits[channel] = (credits[channel] as number) + amount / met.size;
  }
  return credits;
}

/** Shapley value from its definition: the mean of what a channel adds over all 24 orders. */
function byAllOrders(worthOf: (kept: ReadonlySet<string>) => number): Credits {
  const effects: Credits = { a: 0, b: 0, c: 0, d: 0 };
  const orders = permutations(CHANNELS);
  for (const order of orders)
    order.forEach((channel, i) => {
      const added = worthOf(new Set(order.slice(0, i + 1))) - worthOf(new Set(order.slice(0, i)));
      effects[channel] = (effects[channel] as number) + added / orders.length;
    });
  return effects;
}

function permutations(items: readonly string[]): string[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item) => permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]));
}

const known = new Map<string, number>();
function remembered(key: string, compute: () => number): number {
  let value = known.get(key);
  if (value === undefined) known.set(key, (value = compute()));
  return value;
}

function rateAmong(kept: ReadonlySet<string>, measure: Measure): number {
  return remembered(`rate ${measure} ${[...kept].sort().join('')}`, () => {
    const within = users.filter(({ clicks }) => clicks.every((click) => kept.has(click)));
    return within.length === 0 ? 0 : sum(within, (user) => user[measure]) / within.length;
  });
}

const walked = (removed: string, measure: Measure) =>
  walkedAmong(new Set(CHANNELS.filter((channel) => channel !== removed)), measure);

/** Expected reward of a journey through the chain of clicks when only `kept` channels lead anywhere: step by step, 2 000 steps. */
function walkedAmong(kept: ReadonlySet<string>, measure: Measure): number {
  return remembered(`walk ${measure} ${[...kept].sort().join('')}`, () => {
    const edges = new Map<string, number>();
    const leaving = new Map<string, number>();
    const rewards = new Map<string, number>();
    const add = (map: Map<string, number>, key: string, amount: number) => map.set(key, (map.get(key) ?? 0) + amount);
    for (const { clicks, [measure]: amount } of users) {
      const steps = ['start', ...clicks, 'end'];
      for (let i = 0; i + 1 < steps.length; i++) {
        add(edges, `${steps[i]} ${steps[i + 1]}`, 1);
        add(leaving, steps[i] as string, 1);
      }
      add(rewards, clicks.at(-1) ?? 'start', amount);
    }
    let there = new Map([['start', 1]]);
    let reward = 0;
    for (let step = 0; step < 2_000; step++) {
      const next = new Map<string, number>();
      for (const [state, part] of there) {
        const out = leaving.get(state) as number;
        reward += (part * (rewards.get(state) ?? 0)) / out;
        for (const channel of kept) add(next, channel, (part * (edges.get(`${state} ${channel}`) ?? 0)) / out);
      }
      there = next;
    }
    return reward;
  });
}

function perChannel(amountOf: (channel: string) => number): Credits {
  return Object.fromEntries(CHANNELS.map((channel) => [channel, amountOf(channel)]));
}

function sum<T>(items: readonly T[], amountOf: (item: T) => number): number {
  return items.reduce((total, item) => total + amountOf(item), 0);
}
