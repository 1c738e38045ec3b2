/** Law 4, of rows whose amounts were converted: each is what its own amount comes to, and no page mixes rates. */
import type { GenerationManifest } from '@tributary/archive/layout';
import type { DefinitionsFile } from '@tributary/model/definitions';
import { definitionsOf } from '@tributary/testkit/inputs/generate-definitions';
import { expect, test } from 'vitest';
import { createWorld, event, NOON, type World } from './world.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const PAGE = '/v1/attribution?model=linear&by=channel&convertTo=EUR';
type Rates = NonNullable<DefinitionsFile['exchangeRates']>['rates'];
const inEuros = (rates: Rates) => definitionsOf({ exchangeRates: { to: 'EUR', rates } });
const open = (rates: Rates) => createWorld({ definitions: inEuros(rates) });

interface Sale {
  readonly channel: string;
  /** Minor units. */
  readonly value: number;
  readonly cost?: number;
  /** null: none was sent. */
  readonly currency: string | null;
  readonly costIn?: string;
  readonly ts?: number;
}

let users = 0;
async function sell(world: World, { channel, value, cost = value, currency, costIn, ts = NOON }: Sale): Promise<void> {
  const userId = `u${++users}`;
  const paid = currency === null ? {} : { currency };
  const click = { ...paid, ...(costIn !== undefined && { currency: costIn }) };
  await world.ingest(event({ userId, type: 'ad_click', channel, cost, ...click, ts: ts - 2 * HOUR, receivedAt: ts }));
  await world.ingest(event({ userId, type: 'purchase', value, ...paid, ts: ts - HOUR, receivedAt: ts }));
}

test('law 4: a week or a month is converted once, not day by day', async () => {
  const world = await open({ VND: '0.00004' });
  for (let day = 0; day < 18; day++)
    for (const [channel, value] of [
      ['a', 350],
      ['b', 400],
    ] as const)
      await sell(world, { channel, value, currency: 'VND', ts: NOON - day * DAY });
  await world.cut(1);
  await world.publish(1);
  await world.tick();
  // 6 300 and 7 200 dong are 25.2 and 28.8 cents; those of one day are 1.4 and 1.6.
  for (const by of ['channel', 'month,channel']) {
    const { rows, totals } = (await world.get(`/v1/attribution?model=last&by=${by}&layer=batch&convertTo=EUR`)).body;
    const amounts = rows.map((row: Record<string, unknown>) => [row['channel'], row['valueMinor'], row['costMinor']]);
    expect([by, amounts]).toEqual([
      by,
      [
        ['a', 25, 25],
        ['b', 29, 29],
      ],
    ]);
    expect([totals.valueMinor, totals.costMinor]).toEqual([54, 54]);
  }
  const weeks = (await world.get('/v1/attribution?model=last&by=week,channel&layer=batch&convertTo=EUR')).body.rows;
  for (const { week, channel, valueMinor } of weeks) {
    const days = ({ '2026-11-02': 6, '2026-11-09': 7, '2026-11-16': 5 } as Record<string, number>)[week] ?? 0;
    expect(Math.abs(valueMinor - days * (channel === 'a' ? 1.4 : 1.6))).toBeLessThan(1);
  }
});

test('law 4: what a model says of value in several currencies is not said to be of one', async () => {
  const world = await open({ USD: '0.5' });
  for (const [channel, currency] of [
    ['a', 'EUR'],
    ['a', 'USD'],
    ['b', 'USD'],
  ] as const)
    await sell(world, { channel, value: 1_000, currency });
  await world.tick();
  const { rows } = (await world.get('/v1/attribution?model=markov&by=channel&convertTo=EUR')).body;
  expect(rows.map(({ valueMinor }: { valueMinor: number }) => valueMinor)).toEqual([1_500, 500]);
  for (const row of rows) {
    expect([row.effect > 0, row.conversionsOnPaths > 0, row.valueEffect]).toEqual([true, true, null]);
    expect(Object.keys(row).filter((name) => /^lost(Value|Roas)/.test(name))).toEqual([]);
  }
});

test('law 4: a cursor of other exchange rates is refused: no page belongs to two tables', async () => {
  const world = await open({ USD: '0.5' });
  for (const channel of ['a', 'b']) await sell(world, { channel, value: 1_000, currency: 'USD' });
  const publish = async (generation: number, changed: Partial<GenerationManifest> = {}) => {
    await world.cut(generation);
    world.manifests.set(generation, { ...(world.manifests.get(generation) as GenerationManifest), ...changed });
    await world.publish(generation);
    await world.tick();
    await world.tick();
  };
  await publish(1);
  const paths = [PAGE, '/v1/attribution/compare?models=last,linear&by=channel&convertTo=EUR'];
  const cursors: string[] = [];
  for (const path of paths) cursors.push((await world.get(`${path}&limit=1`)).body.nextCursor);
  await publish(2);
  for (const [i, path] of paths.entries()) {
    const { status, body } = await world.get(`${path}&limit=1&cursor=${cursors[i]}`);
    expect([status, body.meta?.generation]).toEqual([200, 2]);
  }
  const { json, version } = inEuros({ USD: '0.9' });
  await publish(3, { definitions: json, definitionsVersion: version });
  for (const [i, path] of paths.entries()) {
    const { status, body } = await world.get(`${path}&limit=1&cursor=${cursors[i]}`);
    expect([status, body.detail]).toEqual([400, expect.stringContaining('Ask again without a cursor')]);
    expect((await world.get(`${path}&limit=1`)).body.meta.exchangeRates.rates).toEqual({ USD: '0.9' });
  }
});

test.each([
  ['values', { currency: 'CHF', costIn: 'USD' }, 'CHF', 'Add it to exchangeRates.rates'],
  ['costs', { currency: 'USD', costIn: 'CHF' }, 'CHF', 'Add it to exchangeRates.rates'],
  // A rate of no currency cannot be written.
  ['values and costs of no currency', { currency: null }, '(none)', 'name the currencies that have one with currency'],
])('law 7: %s without a rate are refused, and what is left is converted', async (_, sale, named, fix) => {
  const world = await open({ USD: '0.5' });
  await sell(world, { channel: 'a', value: 1_000, ...sale });
  await sell(world, { channel: 'a', value: 400, currency: 'USD' });
  await sell(world, { channel: 'a', value: 300, currency: 'EUR' });
  await world.tick();
  const { status, body } = await world.get(PAGE);
  expect([status, body.code]).toEqual([400, 'invalid_query']);
  expect(body.detail).toContain(`without one: ${named})`);
  expect(body.detail).toContain(fix);
  const left = await world.get(`${PAGE}&currency=USD&currency=EUR`);
  if (sale.currency === 'USD') expect(left.body.totals.valueMinor).toBe(500 + 200 + 300);
  else expect(left.body.totals.valueMinor).toBe(200 + 300);
});
