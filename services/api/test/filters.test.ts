/** Several values of one filter mean any of them, in every report; a value that no row has is named. */
import { TOTALS_ROUTES } from '@tributary/contract/groups/totals';
import { definitionsOf } from '@tributary/testkit/inputs/generate-definitions';
import { createRandom } from '@tributary/testkit/inputs/random';
import { naive } from '@tributary/testkit/oracle/naive';
import { addRow, type Rows } from '@tributary/views/deltas';
import { VIEWS } from '@tributary/views/registry';
import { expect, test } from 'vitest';
import { createWorld, event, NOON, type World } from './world.ts';

const HOUR = 3_600_000;
const CHANNELS = ['email', 'search', 'social', 'tv'];
const TYPES = ['booking', 'purchase', 'signup'];
const CURRENCIES = ['EUR', 'JPY', 'USD'];

/** Half of the events before the cut that is served, half after it. */
async function mixedWorld(): Promise<World> {
  const definitions = definitionsOf({ conversions: TYPES, touches: { click: {} } });
  const world = await createWorld({ definitions });
  const random = createRandom(17);
  for (let i = 0; i < 240; i++) {
    const common = { userId: `u${random.below(15)}`, ts: NOON - 9 * HOUR + i * 60_000, currency: random.pick(CURRENCIES) };
    if (random.chance(0.4))
      await world.ingest(event({ ...common, type: random.pick(TYPES), value: random.between(-200, 5_000) }));
    else
      await world.ingest(
        event({
          ...common,
          type: 'click',
          channel: random.pick(CHANNELS),
          campaign: random.pick(['a', 'b', 'c']),
          cost: random.below(70),
        }),
      );
    if (i !== 120) continue;
    await world.cut(1);
    await world.publish(1);
  }
  await world.tick();
  return world;
}

/** The oracle's rows of a view with any of these values, by `by`. */
function naiveRows(world: World, name: string, wanted: Readonly<Record<string, readonly string[]>>, by: readonly string[]): Rows {
  const { dimensions = [] } = VIEWS.find((view) => view.name === name) ?? {};
  const rows: Rows = new Map();
  for (const [key, measures] of naive(world.log, world.definitions).get(name) ?? []) {
    const parts = key.split('\t');
    const at = (dimension: string) => parts[dimensions.indexOf(dimension)] as string;
    if (Object.entries(wanted).every(([dimension, values]) => values.includes(at(dimension))))
      addRow(rows, by.map(at).join('\t'), measures);
  }
  return rows;
}

const queryOf = (wanted: Readonly<Record<string, readonly string[]>>) =>
  Object.entries(wanted)
    .flatMap(([name, values]) => values.map((value) => `${name}=${encodeURIComponent(value)}`))
    .join('&');

test('law 1: every view, by any two values of each of its dimensions, equals the oracle in both layers', async () => {
  const world = await mixedWorld();
  let asked = 0;
  for (const view of VIEWS) {
    const rows = naive(world.log, world.definitions).get(view.name) ?? new Map();
    const filters = view.dimensions.filter((dimension) => !['day', 'from', 'to'].includes(dimension));
    for (const dimension of filters) {
      const values = [...new Set([...rows.keys()].map((key) => key.split('\t')[view.dimensions.indexOf(dimension)] as string))];
      const wanted = {
        [dimension]: values
          .filter((value) => value !== '' && !value.includes('\u001f'))
          .sort()
          .reverse()
          .slice(0, 2),
      };
      // Amounts of several currencies have no sum.
      const by = dimension !== 'currency' && view.dimensions.includes('currency') ? [dimension, 'currency'] : [dimension];
      const { status, body } = await world.get(`/v1/views/${view.name}?by=${by.join(',')}&${queryOf(wanted)}`);
      expect(status).toBe(200);
      const expected = naiveRows(world, view.name, wanted, by);
      const keyOf = (row: Record<string, unknown>) => by.map((name) => row[name]).join('\t');
      expect(body.rows.map((row: Record<string, unknown>) => [keyOf(row), view.measures.map((name) => row[name])])).toEqual(
        [...expected].sort(([a], [b]) => (a < b ? -1 : 1)),
      );
      asked++;
    }
  }
  expect(asked).toBeGreaterThan(25);
});

test.each(['last', 'linear', 'orderedShapley', 'inverseJ', 'shapley', 'markov', 'participation'])(
  'law 4: under %s a report of several values is the sum of the reports of each, where values choose among rows',
  async (model) => {
    const world = await mixedWorld();
    const ask = async (query: string) =>
      (await world.get(`/v1/attribution?model=${model}&by=channel,campaign,currency&${query}`)).body;
    for (const name of ['channel', 'campaign'] as const) {
      const [one = '', other = ''] = name === 'channel' ? ['search', 'tv'] : ['a', 'c'];
      const both = await ask(queryOf({ [name]: [other, one, other] }));
      const each = [await ask(queryOf({ [name]: [one] })), await ask(queryOf({ [name]: [other] }))];
      const keyed = (rows: Record<string, unknown>[]) =>
        rows
          .map(({ channel, campaign, currency, creditMicros, valueMinor, costMinor }) =>
            [channel, campaign, currency, creditMicros, valueMinor, costMinor].join(' '),
          )
          .sort();
      expect(keyed(both.rows)).toEqual(keyed(each.flatMap(({ rows }) => rows)));
      expect(both.rows.length).toBeGreaterThan(2);
      expect(both.meta.complete).toBe(true);
    }
    const ofTypes = await ask(queryOf({ type: ['purchase', 'booking'], currency: ['USD', 'EUR'] }));
    const converted = naiveRows(world, 'conversions', { type: ['booking', 'purchase'], currency: ['EUR', 'USD'] }, ['currency']);
    for (const currency of model === 'participation' ? [] : ['EUR', 'USD']) {
      const rows = (ofTypes.rows as Record<string, unknown>[]).filter((row) => row['currency'] === currency);
      const worth = rows.reduce((sum, row) => sum + Number(row['valueMinor']), 0);
      expect([currency, worth]).toEqual([currency, converted.get(currency)?.[1]]);
    }
    const count = [...converted.values()].reduce((sum, [each]) => sum + Number(each), 0);
    if (model !== 'participation') expect(ofTypes.totals.conversions).toBe(count);
    expect(ofTypes.meta.complete).toBe(true);
    const without = (await world.get(`/v1/attribution?model=${model}&type=booking&currency=USD&currency=EUR`)).body;
    expect(without.meta.warnings).toContainEqual(expect.stringContaining('which have no sum (EUR, USD)'));
    const everything = await ask(queryOf({ type: TYPES, currency: CURRENCIES }));
    // Touches have no type of conversion: a report that is filtered by it has no costs.
    expect(everything.rows).toEqual(
      (await ask('')).rows.flatMap(({ touches, costMinor, roas, cpaMinor, roasOnPaths, ...row }: Record<string, unknown>) =>
        row['creditMicros'] === 0 && row['valueMinor'] === 0 ? [] : [row],
      ),
    );
  },
);

test('paths, coalitions, transitions and the list of conversions take several types and currencies', async () => {
  const world = await mixedWorld();
  const wanted = { type: ['booking', 'signup'], currency: ['EUR', 'JPY'] };
  const [converted] = naiveRows(world, 'conversions', wanted, []).get('') ?? [];
  const paths = (await world.get(`/v1/paths?${queryOf(wanted)}`)).body;
  expect(paths.totals).toEqual({ conversions: converted });
  expect(paths.meta.warnings).toContainEqual(expect.stringContaining('(EUR, JPY)'));
  const coalitions = (await world.get(`/v1/coalitions?${queryOf(wanted)}`)).body;
  const expected = [...naiveRows(world, 'coalitions', wanted, ['channels'])].flatMap(([set, [count]]) =>
    set === '' || count === 0 ? [] : [[set, count]],
  );
  expect(
    new Map(
      coalitions.coalitions.flatMap(({ channels, conversions }: { channels: string[]; conversions: number }) =>
        conversions === 0 ? [] : [[channels.join('\u001f'), conversions]],
      ),
    ),
  ).toEqual(new Map(expected as [string, number][]));
  const transitions = (await world.get(`/v1/transitions?${queryOf(wanted)}`)).body.transitions as {
    to: string[];
    conversions: number;
  }[];
  const ended = transitions.filter(({ to }) => to[0] === '(conversion)').reduce((sum, { conversions }) => sum + conversions, 0);
  expect(ended).toBe(expected.reduce((sum, [, count]) => sum + Number(count), 0));
  const listed = (await world.get(`/v1/conversion-list?limit=1000&type=booking&type=signup`)).body.conversions as {
    type: string;
  }[];
  expect(new Set(listed.map(({ type }) => type))).toEqual(new Set(['booking', 'signup']));
});

test('values are of one question in any order: a cursor goes on, and that of other values is refused', async () => {
  const world = await mixedWorld();
  const page = (await world.get('/v1/touches?by=channel,campaign&limit=2&channel=tv&channel=search')).body;
  const next = await world.get(`/v1/touches?by=channel,campaign&channel=search&channel=tv&channel=tv&cursor=${page.nextCursor}`);
  expect(next.body.rows.length).toBe(4);
  expect((await world.get(`/v1/touches?by=channel,campaign&channel=search&cursor=${page.nextCursor}`)).status).toBe(400);
});

const NO_CHANNEL = 'no row of this window has the channel "serch". Did you mean "search"?';
test.each([
  ['/v1/attribution?channel=serch', NO_CHANNEL],
  ['/v1/attribution?model=shapley&channel=serch&channel=tv', NO_CHANNEL],
  [
    '/v1/attribution?channel=tv&campaign=nothing-like-it',
    'no row of this window has the campaign "nothing-like-it"; there are "(none)", "a", "b", "c"',
  ],
  ['/v1/attribution?type=purchas&type=booking', 'no row of this window has the type "purchas". Did you mean "purchase"?'],
  ['/v1/attribution/compare?currency=EUR&currency=eur', 'no row of this window has the currency "eur". Did you mean "EUR"?'],
  ['/v1/attribution?from=2026-12-01&channel=tv', 'no row of this window has the channel "tv": it has no rows at all'],
  ['/v1/touches?channel=serch&channel=tv', NO_CHANNEL],
  ['/v1/views/credit?channel=serch', NO_CHANNEL],
  ['/v1/views/credit?model=linaer&model=last', 'no row of this window has the model "linaer". Did you mean "linear"?'],
  [
    '/v1/paths?type=purchase&type=refund',
    'no row of this window has the type "refund"; there are "booking", "purchase", "signup"',
  ],
  ['/v1/transitions?type=purchas', 'no row of this window has the type "purchas". Did you mean "purchase"?'],
  ['/v1/coalitions?currency=GBP', 'no row of this window has the currency "GBP"; there are "EUR", "JPY", "USD"'],
  ['/v1/conversion-list?type=purchas&type=booking', 'no row of this window has the type "purchas". Did you mean "purchase"?'],
])('%s says so', async (path, says) => {
  const { status, body } = await (await mixedWorld()).get(path);
  expect(status).toBe(200);
  expect(body.meta.complete).toBe(true);
  expect(body.meta.warnings.filter((warning: string) => warning.startsWith('no row'))).toEqual([says]);
});

test('what is there is not named, and what cannot be a value is refused', async () => {
  const world = await mixedWorld();
  const { body } = await world.get(
    '/v1/attribution?channel=tv&channel=(unattributed)&campaign=a&campaign=(none)&type=booking&currency=EUR',
  );
  expect(body.meta.warnings.filter((warning: string) => warning.startsWith('no row'))).toEqual([]);
  expect((await world.get('/v1/attribution?channel=tv&channel=')).body.detail).toBe(
    'channel must be 1 to 512 characters of valid Unicode, with no control character among them, written once for each value, at most 100 times (got a list of 2)',
  );
  const many = Array.from({ length: 101 }, (_, i) => `channel=c${i}`).join('&');
  expect((await world.get(`/v1/touches?${many}`)).status).toBe(400);
  expect(TOTALS_ROUTES.touches.query.parse({ channel: ['b', 'a', 'b'] }).channel).toEqual(['a', 'b']);
});
