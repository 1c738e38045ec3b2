/** Law 4, of money in one currency: each sum is converted once, and what it is made of adds up to it, live and from a generation. */
import { AttributionAnswer, CompareAnswer } from '@tributary/contract/groups/attribution-answer';
import { convertSum, type Factor, factorOf } from '@tributary/model/amounts/exchange-rates';
import type { DefinitionsFile } from '@tributary/model/definitions';
import { definitionsOf } from '@tributary/testkit/inputs/generate-definitions';
import { createRandom } from '@tributary/testkit/inputs/random';
import { expect, test } from 'vitest';
import { createWorld, event, NOON, type World } from './world.ts';

const HOUR = 3_600_000;
const RATES = { to: 'EUR', rates: { USD: '0.91837', JPY: '0.0061', KWD: '2.987654321' } } as const;
const CURRENCIES = ['EUR', 'USD', 'JPY', 'KWD'];
const CHANNELS = ['search', 'email', 'social', 'maps', 'direct'];

async function shop(seed: number, exchangeRates: DefinitionsFile['exchangeRates'] | null = RATES): Promise<World> {
  const world = await createWorld({ definitions: definitionsOf(exchangeRates ? { exchangeRates } : {}) });
  await sell(world, seed);
  return world;
}

/** Touches that cost, in currencies of their own; sales and refunds. */
async function sell(world: World, seed: number): Promise<void> {
  const random = createRandom(seed);
  for (let i = 0; i < 60; i++) {
    const userId = `u${seed}-${i % 25}`;
    const ts = NOON - (1 + random.below(60)) * HOUR;
    const cost = { cost: random.below(99) + 1, currency: CURRENCIES[random.below(4)] as string };
    const place = { channel: CHANNELS[random.below(5)] as string, campaign: `c${random.below(3)}` };
    await world.ingest(event({ userId, type: 'ad_click', ...place, ...cost, ts }));
    const value = random.below(20_000) - 4_000;
    await world.ingest(
      event({ userId, type: 'purchase', currency: CURRENCIES[random.below(4)] as string, value, ts: ts + HOUR }),
    );
  }
  await world.tick();
}

type Row = Readonly<Record<string, unknown>>;
type Amounts = Readonly<Record<string, number | string>>;
const sum = (rows: readonly Amounts[], name: string) => rows.reduce((total, row) => total + Number(row[name] ?? 0), 0);

test.each([
  ['last', 1],
  ['linear', 2],
  ['markov', 3],
  ['shapley', 4],
  ['participation', 5],
])('law 4: %s by anything adds up to sums that were converted once, seed %i', async (model, seed) => {
  const world = await shop(seed);
  for (const by of ['channel', 'campaign', 'channel,campaign', 'day', 'week,channel', 'day,campaign,channel']) {
    const apart: Amounts[] = (await world.get(`/v1/attribution?model=${model}&by=${by},currency`)).body.rows;
    const inEuros = (name: string) =>
      CURRENCIES.map((code) => ({ code, own: apart.filter(({ currency }) => currency === code) })).reduce(
        (total, { code, own }) => total + Number(convertSum(sum(own, name), factorOf(RATES, code) as Factor)),
        0,
      );
    const { status, body } = await world.get(`/v1/attribution?model=${model}&by=${by}&convertTo=EUR`);
    expect(status).toBe(200);
    expect(AttributionAnswer.parse(body)).toEqual(body);
    for (const name of ['valueMinor', 'costMinor']) {
      expect([by, name, body.totals[name]]).toEqual([by, name, inEuros(name)]);
      expect([by, name, sum(body.rows, name)]).toEqual([by, name, body.totals[name]]);
    }
    for (const name of ['creditMicros', 'touches']) expect(sum(body.rows, name)).toBe(sum(apart, name));
    expect(body.totals.roas).toBeCloseTo(body.totals.valueMinor / body.totals.costMinor, 12);
    expect(body.meta).toMatchObject({ complete: true, exchangeRates: RATES });
    expect(body.meta.warnings.join()).toMatch(
      /amounts are converted to EUR by the rates of the definitions \(1 JPY = 0\.0061 EUR, /,
    );
  }
});

test('law 4: no cell is off by a whole minor unit', async () => {
  const world = await shop(6);
  const apart: Amounts[] = (await world.get('/v1/attribution?model=linear&by=channel,campaign,currency')).body.rows;
  const { rows } = (await world.get('/v1/attribution?model=linear&by=channel,campaign&convertTo=EUR')).body;
  for (const row of rows as Amounts[]) {
    const own = apart.filter(({ channel, campaign }) => channel === row['channel'] && campaign === row['campaign']);
    for (const name of ['valueMinor', 'costMinor']) {
      const exact = own.reduce((total, one) => {
        const { numerator, denominator } = factorOf(RATES, String(one['currency'])) as Factor;
        return total + (Number(one[name]) * Number(numerator)) / Number(denominator);
      }, 0);
      expect(Math.abs(Number(row[name]) - exact)).toBeLessThan(own.length);
    }
  }
});

test('laws 1, 4: what was converted live is what the generation says, and what both layers say together', async () => {
  const world = await shop(7);
  const paths = ['linear', 'markov'].map(
    (model) =>
      `/v1/attribution?model=${model}&by=channel,campaign&convertTo=EUR&against=2026-10-01/2026-11-19&from=2026-11-19&to=2026-11-21`,
  );
  const rowsOf = async (layer: string) =>
    Promise.all(paths.map(async (path) => (await world.get(`${path}&layer=${layer}`)).body.rows));
  const live = await rowsOf('merged');
  await world.cut(1);
  await world.publish(1);
  await world.tick();
  expect(await rowsOf('batch')).toEqual(live);
  await sell(world, 8);
  const merged = await rowsOf('merged');
  expect(merged).not.toEqual(live);
  await world.cut(2);
  await world.publish(2);
  await world.tick();
  expect(await rowsOf('batch')).toEqual(merged);
});

test('models side by side are converted, and sorted by what they are worth', async () => {
  const world = await shop(9);
  const { body } = await world.get('/v1/attribution/compare?models=last,shapley&by=channel&convertTo=EUR&sort=value&limit=2');
  expect(CompareAnswer.parse(body)).toEqual(body);
  const [first, second] = body.rows.map(({ models }: { models: Record<string, Amounts> }) =>
    Number(models['last']?.['valueMinor']),
  );
  expect(first).toBeGreaterThanOrEqual(second);
  const left = Number(body.rest.models.last.valueMinor);
  expect(first + second + left).toBe(body.totals.models.last.valueMinor);
  const { totals } = (await world.get('/v1/attribution?convertTo=EUR')).body;
  expect(body.totals.models.last.valueMinor).toBe(totals.valueMinor);
});

test('amounts of one currency alone are converted as well, and CSV names the rates', async () => {
  const world = await shop(10);
  const yen = (await world.get('/v1/attribution?by=channel&currency=JPY')).body.totals;
  const csv = await world.get('/v1/attribution?by=channel&currency=JPY&convertTo=EUR&format=csv');
  expect(csv.headers['x-tributary-exchange-rates']).toBe('EUR; JPY=0.0061; KWD=2.987654321; USD=0.91837');
  const [head = '', ...lines] = csv.text.trim().split(/\r?\n/);
  const at = head.split(',').indexOf('valueMinor');
  const total = lines.reduce((all, line) => all + Number(line.split(',')[at]), 0);
  // A yen has no minor unit, a euro has a hundred.
  expect(total).toBe(Math.round(yen.valueMinor * 0.0061 * 100));
});

test('intervals of shares of conversions are the same beside amounts that are converted', async () => {
  const world = await createWorld({ definitions: definitionsOf({ exchangeRates: RATES }), partitions: 16 });
  for (let i = 0; i < 400; i++) {
    const [userId, ts] = [`u${i}`, NOON - HOUR * (1 + (i % 40))];
    const currency = CURRENCIES[i % 4] as string;
    await world.ingest(event({ userId, type: 'ad_click', channel: CHANNELS[i % 3] as string, cost: 10, currency, ts }));
    await world.ingest(event({ userId, type: 'purchase', value: 1_000 + (i % 7), currency, ts: ts + 60_000 }));
  }
  await world.tick();
  const report = async (query: string) => (await world.get(`/v1/attribution?model=shapley&intervals=1${query}`)).body;
  const of = ({ rows }: { readonly rows: readonly Row[] }, pattern: RegExp) =>
    rows.map((row) => Object.entries(row).filter(([name]) => pattern.test(name)));
  const [plain, inEuros] = [await report('&value=conversions'), await report('&convertTo=EUR')];
  const share = /^(share|conversions|creditMicros|rank)/;
  expect(of(inEuros, share)).toEqual(of(plain, share));
  expect(inEuros.rows.some(({ shareLow }: Row) => typeof shareLow === 'number')).toBe(true);
  expect(of(inEuros, /^(value|roas).*(Low|High)/).flat()).toEqual([]);
  expect(inEuros.meta.warnings).toContain('intervals are of conversions: amounts that are converted have none');
});

test.each([
  ['convertTo=USD', RATES, 'convertTo must be EUR, which the exchange rates of the definitions convert to (got "USD")'],
  ['convertTo=EUR', null, 'convertTo must be left out where the definitions in force have no exchange rates (got "EUR")'],
  ['convertTo=eur', RATES, 'convertTo must be a code of ISO 4217, such as EUR (got "eur")'],
  ['convertTo=EUR&by=currency', RATES, 'by must not have currency where amounts are converted (got convertTo=EUR)'],
  ['convertTo=EUR&model=markov&intervals=1&value=revenue', RATES, 'intervals must be left out where revenue is converted'],
  [
    'convertTo=EUR',
    { to: 'EUR', rates: { USD: '0.9' } },
    'convertTo must be left out where amounts have a currency without a rate (got "EUR"; without one: JPY, KWD). Add it to exchangeRates.rates',
  ],
])('%s is refused, with the fix', async (query, rates, message) => {
  const world = await shop(11, rates);
  const { status, body } = await world.get(`/v1/attribution?${query}`);
  expect([status, body.code]).toEqual([400, 'invalid_query']);
  expect(body.detail).toContain(message);
});
