/** The largest rows first: what is shown and what is left out are together the totals, to the unit. */
import { AttributionAnswer, CompareAnswer } from '@tributary/contract/groups/attribution-answer';
import { PathsAnswer } from '@tributary/contract/groups/paths';
import { TotalsAnswer } from '@tributary/contract/groups/totals';
import { createRandom } from '@tributary/testkit/inputs/random';
import { expect, test } from 'vitest';
import { createWorld, event, NOON, type World } from './world.ts';

const HOUR = 3_600_000;
type Row = Readonly<Record<string, number>>;

async function shop(): Promise<World> {
  const world = await createWorld();
  const random = createRandom(3);
  for (let i = 0; i < 200; i++) {
    const common = { userId: `u${random.below(15)}`, ts: NOON - 5 * HOUR + i * 60_000, currency: 'EUR' };
    if (random.chance(0.4)) await world.ingest(event({ ...common, type: 'purchase', value: random.between(-300, 5_000) }));
    else await world.ingest(event({ ...common, type: 'ad_click', channel: `c${random.below(9)}`, cost: random.below(80) }));
    if (i !== 100) continue;
    await world.cut(1);
    await world.publish(1);
  }
  await world.tick();
  return world;
}

const FIGURES = { conversions: 'creditMicros', value: 'valueMinor', cost: 'costMinor', touches: 'touches' } as const;

test.each(['last', 'shapley', 'markov', 'inverseJ'])(
  'law 4: under %s the first rows and the rest are the totals, by every figure',
  async (model) => {
    const world = await shop();
    const all = (await world.get(`/v1/attribution?model=${model}`)).body;
    expect(all.rest).toBeNull();
    for (const [sort, figure] of Object.entries(FIGURES)) {
      const { body } = await world.get(`/v1/attribution?model=${model}&sort=${sort}&limit=3`);
      expect(AttributionAnswer.parse(body)).toEqual(body);
      const order = all.rows.toSorted((a: Row, b: Row) => (b[figure] ?? 0) - (a[figure] ?? 0));
      expect(body.rows.map((row: Row) => row[figure])).toEqual(order.slice(0, 3).map((row: Row) => row[figure]));
      for (const row of body.rows) expect(all.rows).toContainEqual(row);
      expect(body.totals).toEqual(all.totals);
      expect([body.rest.rows, body.nextCursor]).toEqual([all.rows.length - 3, null]);
      for (const name of Object.values(FIGURES)) {
        const shown = body.rows.reduce((sum: number, row: Row) => sum + (row[name] ?? 0), 0);
        expect([name, shown + body.rest[name]]).toEqual([name, body.totals[name]]);
      }
    }
  },
);

test('totals and views are sorted by each of their measures; CSV says how many rows it lacks', async () => {
  const world = await shop();
  for (const measure of ['touches', 'costMinor']) {
    const { body } = await world.get(`/v1/touches?sort=${measure}&limit=2`);
    expect(TotalsAnswer.parse(body)).toEqual(body);
    const all = (await world.get('/v1/touches')).body.rows.toSorted((a: Row, b: Row) => (b[measure] ?? 0) - (a[measure] ?? 0));
    expect(body.rows.map((row: Row) => row[measure])).toEqual(all.slice(0, 2).map((row: Row) => row[measure]));
    expect(body.rest.rows).toBe(all.length - 2);
    expect(body.rest[measure] + body.rows[0][measure] + body.rows[1][measure]).toBe(body.totals[measure]);
  }
  const views = (await world.get('/v1/views/credit?model=linear&by=channel&sort=creditMicros&limit=1')).body;
  expect(views.rest.creditMicros + views.rows[0].creditMicros).toBe(views.totals.creditMicros);
  const csv = await world.get('/v1/attribution?sort=cost&limit=4&format=csv');
  expect(csv.headers['x-tributary-left-out']).toBe(String((await world.get('/v1/attribution')).body.rows.length - 4));
});

test('law 4: a comparison is sorted by its baseline, and the rest of each model is what its rows lack', async () => {
  const world = await shop();
  for (const [sort, figure] of [
    ['conversions', 'creditMicros'],
    ['value', 'valueMinor'],
  ] as const) {
    const path = '/v1/attribution/compare?models=last,shapley,linear&baseline=linear';
    const { body } = await world.get(`${path}&sort=${sort}&limit=3`);
    expect(CompareAnswer.parse(body)).toEqual(body);
    const all = (await world.get(path)).body;
    expect(all.rest).toBeNull();
    type Compared = { readonly channel: string; readonly touches: number; readonly models: Record<string, Row> };
    const of = (row: Compared, model: string) => row.models[model]?.[figure] ?? 0;
    const order = all.rows.toSorted((a: Compared, b: Compared) => of(b, 'linear') - of(a, 'linear'));
    expect(body.rows.map((row: Compared) => of(row, 'linear'))).toEqual(
      order.slice(0, 3).map((row: Compared) => of(row, 'linear')),
    );
    for (const row of body.rows) expect(all.rows).toContainEqual(row);
    expect([body.rest.rows, body.nextCursor, body.totals]).toEqual([all.rows.length - 3, null, all.totals]);
    const sum = (amounts: readonly number[]) => amounts.reduce((a, b) => a + b, 0);
    for (const model of body.models)
      expect(sum(body.rows.map((row: Compared) => of(row, model))) + body.rest.models[model][figure]).toBe(
        body.totals.models[model][figure],
      );
    expect(sum(body.rows.map(({ touches }: Compared) => touches)) + body.rest.touches).toBe(body.totals.touches);
  }
  const { body } = await world.get('/v1/attribution/compare?models=last,linear&by=channel&sort=touches&limit=1');
  expect(body.rows[0].touches).toBe(Math.max(...(await world.get('/v1/touches')).body.rows.map((row: Row) => row['touches'])));
});

test('law 4: paths that are left out of the list are in its rest', async () => {
  const world = await shop();
  const whole = (await world.get('/v1/paths?limit=1000')).body;
  expect(whole.rest).toEqual({ rows: 0, conversions: 0, valueMinor: 0 });
  const { body } = await world.get('/v1/paths?sort=value&limit=2');
  expect(PathsAnswer.parse(body)).toEqual(body);
  for (const figure of ['conversions', 'valueMinor'] as const) {
    const parts = [...body.paths, body.rest, body.longer, body.unattributed];
    expect(parts.reduce((sum: number, part: Row) => sum + (part[figure] ?? 0), 0)).toBe(body.totals[figure]);
  }
  expect(body.rest.rows).toBe(whole.paths.length - 2);
});

test.each([
  ['/v1/attribution/compare?models=last&sort=value', 'sort must be of one currency, and there are EUR, USD'],
  ['/v1/attribution/compare?models=last&sort=value&value=conversions', 'sort must be one of what is attributed'],
  ['/v1/attribution?sort=cost&by=type', 'sort must be conversions or value in a report by, or of, what touches do not have'],
  ['/v1/attribution?sort=value&value=conversions', 'sort must be one of what is attributed'],
  ['/v1/attribution?sort=value', 'sort must be of one currency, and there are EUR, USD'],
  ['/v1/touches?sort=costMinor', 'sort must be of one currency, and there are EUR, USD'],
  ['/v1/touches?sort=events', 'sort must be one of touches, costMinor'],
  ['/v1/attribution?sort=conversions&cursor=AAAA', 'sorted rows have no pages'],
])('%s is refused', async (path, says) => {
  const world = await shop();
  await world.ingest(event({ type: 'ad_click', channel: 'c1', ts: NOON - 1, cost: 5, currency: 'USD' }));
  await world.ingest(event({ type: 'purchase', ts: NOON, value: 5, currency: 'USD' }));
  const { status, body } = await world.get(path);
  expect([status, body.code]).toEqual([400, 'invalid_query']);
  expect(body.detail).toContain(says);
});
