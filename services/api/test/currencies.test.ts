/** Law 4, of money: euros and dollars have no sum, so no row and no total has one; what is of one currency is there. */
import { CompareAnswer } from '@tributary/contract/groups/attribution-answer';
import { PathsAnswer } from '@tributary/contract/groups/paths';
import { TotalsAnswer } from '@tributary/contract/groups/totals';
import { definitionsOf } from '@tributary/testkit/inputs/generate-definitions';
import { expect, test } from 'vitest';
import { createWorld, event, NOON, type World } from './world.ts';

const HOUR = 3_600_000;

/** The dollars of one channel are those of two orders; euros were sold some hours before they were refunded, to a user of another channel. */
async function shop(soldHours = 40): Promise<World> {
  const world = await createWorld();
  for (const [userId, channel, currency, value, hours] of [
    ['u1', 'search', 'EUR', 1_000, soldHours],
    ['u2', 'email', 'EUR', -1_000, 0],
    ['u3', 'search', 'USD', 700, 1],
  ] as const) {
    const common = { userId, currency };
    const campaign = `c-${channel}`;
    await world.ingest(event({ ...common, type: 'ad_click', channel, campaign, ts: NOON - (hours + 1) * HOUR, cost: 30 }));
    await world.ingest(event({ ...common, type: 'purchase', ts: NOON - hours * HOUR, value }));
  }
  await world.tick();
  return world;
}

const MONEY = /"(?:\w*[vV]alueMinor|\w*[cC]ostMinor|cpaMinor|roas)/;

test.each([
  '/v1/attribution',
  '/v1/attribution?model=markov&by=campaign',
  '/v1/attribution/compare?models=last,shapley',
  '/v1/paths',
  '/v1/conversions?by=type',
  '/v1/touches?by=channel',
  '/v1/views/credit?by=channel&model=linear',
])('%s has no amount of several currencies, and says so', async (path) => {
  const world = await shop();
  const { body } = await world.get(path);
  expect(JSON.stringify(body)).not.toMatch(MONEY);
  expect(body.meta.complete).toBe(true);
  // Euros are there although they sum to 0: the rows of channels would add them.
  expect(body.meta.warnings.join()).toMatch(/are in several currencies, which have no sum \(EUR, USD\)/);
  const euros = (await world.get(`${path}${path.includes('?') ? '&' : '?'}currency=EUR`)).body;
  expect(JSON.stringify(euros)).toMatch(MONEY);
  const few = /markov|shapley/.test(path) ? [expect.stringContaining('the filter by currency leaves 2 conversions')] : [];
  expect(euros.meta.warnings).toEqual(few);
});

test.each([
  '/v1/attribution?campaign=c-search',
  '/v1/attribution?model=linear&by=channel,day',
  '/v1/attribution?model=orderedShapley&by=channel,position',
  '/v1/attribution?model=inverseJ&by=campaign,day',
  '/v1/attribution?model=participation',
  '/v1/attribution?model=markov',
  '/v1/attribution?model=markov&by=campaign',
  '/v1/attribution?model=shapley&value=revenue&by=day',
  '/v1/attribution/compare?models=last,shapley',
  '/v1/paths',
  '/v1/views/credit?by=channel&model=linear',
  '/v1/views/paths?by=path',
])('%s has none where euros were refunded on the day on which they were sold, to another channel', async (path) => {
  const { status, body } = await (await shop(3)).get(path);
  expect(status).toBe(200);
  expect(JSON.stringify(body)).not.toMatch(/"\w*[vV]alueMinor/);
  expect(body.meta.warnings.join()).toMatch(/are in several currencies, which have no sum \(EUR, USD\)/);
});

test.each(['/v1/attribution', '/v1/attribution?model=shapley', '/v1/paths'])(
  '%s says so where euros were taken back from the same channel, as another type',
  async (path) => {
    const world = await createWorld({
      definitions: definitionsOf({ conversions: ['purchase', 'refund'], touches: { click: {} } }),
    });
    for (const [type, currency, value] of [
      ['purchase', 'EUR', 1_000],
      ['refund', 'EUR', -1_000],
      ['purchase', 'USD', 700],
    ] as const) {
      const userId = `${type} ${currency}`;
      await world.ingest(event({ userId, type: 'click', channel: 'search', ts: NOON - HOUR }));
      await world.ingest(event({ userId, type, currency, value, ts: NOON }));
    }
    await world.tick();
    const { body } = await world.get(path);
    expect(body.meta.warnings.join()).toMatch(/values are in several currencies, which have no sum \(EUR, USD\)/);
    expect(JSON.stringify(body)).not.toMatch(/"\w*[vV]alueMinor/);
  },
);

test('costs of one row are not added to those of another currency, though these sum to nothing', async () => {
  const world = await createWorld();
  for (const [channel, currency, cost] of [
    ['search', 'EUR', 30],
    ['email', 'EUR', -30],
    ['search', 'USD', 5],
  ] as const)
    await world.ingest(event({ userId: `${channel} ${currency}`, type: 'ad_click', channel, currency, cost, ts: NOON }));
  await world.tick();
  const { body } = await world.get('/v1/attribution');
  expect(JSON.stringify(body)).not.toMatch(/"\w*[cC]ostMinor/);
  expect(body.meta.warnings.join()).toMatch(/costs are in several currencies, which have no sum \(EUR, USD\)/);
});

test('rows by currency have their amounts, and their totals have none', async () => {
  const world = await shop();
  const { body } = await world.get('/v1/attribution?by=channel,currency');
  expect(body.meta.warnings).toEqual([]);
  expect(body.rows).toContainEqual(
    expect.objectContaining({ channel: 'search', currency: 'USD', valueMinor: 700, costMinor: 30 }),
  );
  expect(body.totals).toMatchObject({ conversions: 3, creditMicros: 3_000_000, touches: 3 });
  expect(JSON.stringify(body.totals)).not.toMatch(MONEY);
  const totals = (await world.get('/v1/conversions?by=currency')).body;
  expect(TotalsAnswer.parse(totals)).toEqual(totals);
  expect(totals.rows.map(({ currency, valueMinor }: Record<string, unknown>) => [currency, valueMinor])).toEqual([
    ['EUR', 0],
    ['USD', 700],
  ]);
});

test.each(['shapley', 'markov', 'hybrid'])('%s of one currency says on how few conversions it rests', async (model) => {
  const world = await shop();
  const warnings = async (query: string) => (await world.get(`/v1/attribution?model=${model}${query}`)).body.meta.warnings;
  expect(await warnings('&currency=USD')).toEqual([
    `the filter by currency leaves 1 conversions with a path, on which ${model} cannot rest a share: take a longer window`,
  ]);
  expect(await warnings('&type=purchase&value=conversions')).toEqual([expect.stringContaining('the filter by type leaves 3')]);
  // Without a filter each row has its caution.
  expect((await warnings('&value=conversions')).join()).not.toContain('the filter by');
});

test('conversions of models of the whole window are handed down to currencies, and the answer says so', async () => {
  const world = await shop();
  const warnings = async (query: string) => (await world.get(`/v1/attribution${query}`)).body.meta.warnings;
  const handed = expect.stringMatching(/^conversions of markov are handed down to currencies by linear credit/);
  expect(await warnings('?model=markov&by=channel,currency')).toEqual([handed]);
  expect(await warnings('/compare?models=last,markov&by=currency')).toEqual([handed]);
  expect(await warnings('?model=linear&by=channel,currency')).toEqual([]);
});

test('revenue of several currencies has no shares and no ranks; what is sorted by it is refused', async () => {
  const world = await shop();
  for (const { share } of (await world.get('/v1/attribution?value=revenue')).body.rows) expect(share).toBeNull();
  const compared = await world.get('/v1/attribution/compare?models=last,linear&value=revenue');
  expect(CompareAnswer.parse(compared.body)).toEqual(compared.body);
  expect(JSON.stringify(compared.body.rows)).not.toMatch(/"rank":\d/);
  const paths = await world.get('/v1/paths');
  expect(PathsAnswer.parse(paths.body)).toEqual(paths.body);
  expect(await world.get('/v1/paths?sort=value')).toMatchObject({ status: 400, body: { code: 'invalid_query' } });
});

test('what a conversion cost is left out where it was paid in another currency, also where values are not asked for', async () => {
  const world = await createWorld();
  await world.ingest(event({ type: 'ad_click', channel: 'a', ts: NOON - HOUR, cost: 5, currency: 'EUR' }));
  await world.ingest(event({ type: 'purchase', ts: NOON - 2, value: 50, currency: 'EUR' }));
  await world.tick();
  const asked = async (query = '') => (await world.get(`/v1/attribution?value=conversions${query}`)).body;
  expect((await asked()).totals).toMatchObject({ costMinor: 5, cpaMinor: 5 });
  await world.ingest(event({ type: 'purchase', ts: NOON - 1, currency: 'USD' }));
  await world.tick();
  // One without an amount was paid in nothing.
  expect((await asked()).totals).toMatchObject({ cpaMinor: 2.5 });
  await world.ingest(event({ type: 'purchase', ts: NOON, value: 70, currency: 'USD' }));
  await world.tick();
  const { rows, totals, meta } = await asked();
  expect(totals).toMatchObject({ conversions: 3, costMinor: 5 });
  expect(JSON.stringify([rows, totals])).not.toContain('cpaMinor');
  expect(meta.warnings).toEqual([
    'conversions are paid in EUR, USD and costs are in EUR, so CPA is left out: ask by=currency, or for one currency',
  ]);
  expect((await asked('&currency=EUR')).totals).toMatchObject({ conversions: 1, cpaMinor: 5 });
  const compared = (await world.get('/v1/attribution/compare?models=last,linear&value=conversions')).body;
  expect(JSON.stringify(compared)).not.toContain('cpaMinor');
});

test('of values in one currency and costs in another both stand, and no ratio', async () => {
  const world = await createWorld();
  await world.ingest(event({ type: 'ad_click', channel: 'a', ts: NOON - HOUR, cost: 5, currency: 'USD' }));
  await world.ingest(event({ type: 'purchase', ts: NOON, value: 50, currency: 'EUR' }));
  await world.tick();
  const { rows, meta } = (await world.get('/v1/attribution')).body;
  expect(rows).toEqual([expect.objectContaining({ channel: 'a', valueMinor: 50, costMinor: 5 })]);
  for (const ratio of ['roas', 'cpaMinor']) expect(rows[0]).not.toHaveProperty(ratio);
  expect(meta.warnings.join()).toContain('values are in EUR and costs in USD, so ROAS and CPA are left out');
});
