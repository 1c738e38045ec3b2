/** Law 1, of touches under a filter by currency: those that cost nothing name none, and belong to a report of any. */
import { naive } from '@tributary/testkit/oracle/naive';
import { expect, test } from 'vitest';
import { createWorld, event, NOON, type World } from './world.ts';

const HOUR = 3_600_000;

/** A channel that costs nothing, two that cost in one currency each, and a cost of no currency. */
async function meet(world: World, user: string): Promise<void> {
  const touch = (channel: string, hours: number, more = {}) =>
    event({ type: 'ad_click', userId: user, channel, campaign: channel, ts: NOON - hours * HOUR, ...more });
  await world.ingest(touch('direct', 5));
  await world.ingest(touch('direct', 4));
  await world.ingest(touch('search', 4, { cost: 30, currency: 'EUR' }));
  await world.ingest(touch('search', 3));
  await world.ingest(touch('social', 3, { cost: 20, currency: 'USD' }));
  await world.ingest(touch('email', 2, { cost: 7 }));
  await world.ingest(event({ type: 'purchase', userId: user, ts: NOON - HOUR, value: 900, currency: 'EUR' }));
}

/** What the oracle says of each channel, of these currencies. */
function naiveTouches(world: World, currencies: readonly string[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [key, [count = 0]] of naive(world.log, world.definitions).get('touches') ?? []) {
    const [, channel = '', , , currency = ''] = key.split('\t');
    if (currencies.includes(currency)) sums[channel] = (sums[channel] ?? 0) + Number(count);
  }
  return sums;
}

// biome-ignore lint/suspicious/noExplicitAny: rows of an answer
const touchesOf = (rows: any[]): Record<string, number> => {
  const sums: Record<string, number> = {};
  for (const { channel, touches } of rows) if (touches > 0) sums[channel] = (sums[channel] ?? 0) + touches;
  return sums;
};

test('law 1: touches of no currency count under a filter by any, in both layers; costs are those of the currency', async () => {
  const world = await createWorld();
  await meet(world, 'u1');
  await world.tick();
  await world.cut(1);
  await world.publish(1);
  await meet(world, 'u2');
  await world.tick();
  const asked = async (query: string) => (await world.get(`/v1/attribution?model=linear&${query}`)).body;
  const expected = naiveTouches(world, ['EUR', '(none)']);
  expect(expected).toEqual({ direct: 4, search: 4, email: 2 });

  const { rows, totals } = await asked('by=channel&currency=EUR');
  expect(touchesOf(rows)).toEqual(expected);
  expect(totals).toMatchObject({ touches: 10, costMinor: 60 });
  expect(rows.find((row: { channel: string }) => row.channel === 'email')).toMatchObject({ costMinor: 0, roas: null });
  const layers = await Promise.all(['speed', 'batch'].map((layer) => asked(`by=channel&currency=EUR&layer=${layer}`)));
  for (const channel of Object.keys(expected)) {
    const parts = layers.map((answer) => touchesOf(answer.rows)[channel] ?? 0);
    expect([channel, parts]).toEqual([channel, [(expected[channel] as number) / 2, (expected[channel] as number) / 2]]);
  }

  // Whatever the report is by, and of the same model side by side.
  for (const by of ['channel,currency', 'channel,campaign', 'channel,day']) {
    const answer = await asked(`by=${by}&currency=EUR`);
    expect([by, touchesOf(answer.rows), answer.totals.touches]).toEqual([by, expected, 10]);
  }
  expect(touchesOf((await asked('by=channel&currency=USD')).rows)).toEqual(naiveTouches(world, ['USD', '(none)']));
  const compared = (await world.get('/v1/attribution/compare?models=last,shapley&by=channel&currency=EUR')).body;
  expect([touchesOf(compared.rows), compared.totals.costMinor]).toEqual([expected, 60]);
  // Asked for by its name, and asked for once.
  const ofNone = await asked('by=channel&currency=(none)');
  expect([touchesOf(ofNone.rows), ofNone.totals.costMinor]).toEqual([naiveTouches(world, ['(none)']), 14]);
  // Totals of touches say the same.
  const totalsOf = async (query: string) => (await world.get(`/v1/touches?${query}`)).body;
  const inEuros = await totalsOf('by=channel&currency=EUR');
  expect([touchesOf(inEuros.rows), inEuros.totals]).toEqual([expected, { touches: 10, costMinor: 60 }]);
  expect((await totalsOf('by=channel&currency=(none)')).totals).toEqual({ touches: 8, costMinor: 14 });
  expect((await totalsOf('currency=EUR&campaign=email')).totals).toEqual({ touches: 2, costMinor: 0 });
  expect((await world.get('/v1/views/touches?by=channel&currency=EUR')).body.totals).toEqual({ touches: 2, costMinor: 60 });
});
