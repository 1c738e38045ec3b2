/** Values of definitions over HTTP: what the oracle says of the events that were sent, and never a smaller number. */
import { readFileSync } from 'node:fs';
import { SignalDefinitionsAnswer, UserValuesAnswer, ValuesQueryAnswer } from '@tributary/contract/groups/signal-values';
import { type Event, encodeEvent } from '@tributary/model/event';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '@tributary/model/time';
import { partitionOf } from '@tributary/model/user-key';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { createKeptValues } from '@tributary/serving/users/kept-values';
import { readDefinitions, signalsOf } from '@tributary/signals/definitions/file';
import type { SessionDefinition } from '@tributary/signals/resolved';
import { RANDOM_FIELDS, randomEvent } from '@tributary/testkit/inputs/generate-signals';
import { createRandom } from '@tributary/testkit/inputs/random';
import { naiveValue } from '@tributary/testkit/oracle/naive-signals';
import { cutMark } from '@tributary/views/record';
import { expect, test } from 'vitest';
import { createWorld, event, NOON, PARTITIONS, type WorldOptions } from './world.ts';

const STEP = 15 * MINUTE_MS;

/** One of every kind. */
const FILE = {
  fields: RANDOM_FIELDS,
  signals: {
    lastViews: { type: 'view', fields: ['item', 'price'], keep: { count: 5, age: '2d' } },
    views1h: { count: 'view', window: '1h' },
    today: { count: '*', window: { tumbling: '1d' } },
    spend: { sum: 'purchase.value', window: '3d' },
    prices: { mean: '*.price', where: 'price > 0.0' },
    spread: { variance: '*.quantity' },
    favourite: { mostFrequent: 'view.item', window: '2d' },
    channels: { top: '*.channel', k: 3 },
    firstPage: { first: '*.page' },
    idle: { timeSince: '*' },
    bought: { ratio: { of: { count: 'purchase' }, to: { count: ['view', 'search'] } } },
    interest: { decayedCount: 'view', halfLife: '1d' },
    inSession: { count: '*', window: { session: 'web' } },
  },
  sessions: { web: { gap: '1h', keep: { count: 4, age: '2d' } } },
  segments: {
    planner: { enter: "type == 'search'", ttl: '12h', exit: "type == 'Order Completed'" },
    lapsed: { enter: "type == 'purchase'", absence: { not: "type == 'purchase'", for: '1d' } },
  },
  signalRetention: { days: 10 },
  // Records are kept no longer for the sake of attribution.
  touches: { ad_click: { windowDays: 1 } },
};
const DEFINITIONS = readDefinitions(JSON.stringify(FILE), sha256Hex);
const NAMES = [...signalsOf(DEFINITIONS, sha256Hex).keys()].sort();

async function worldWith(events: readonly Event[] = [], options: WorldOptions = {}) {
  const world = await createWorld({ definitions: DEFINITIONS, ...options });
  for (const one of events) await world.ingest(one);
  await world.tick();
  return world;
}

function naiveValues(events: readonly Event[], asOfMs: number) {
  const set = signalsOf(DEFINITIONS, sha256Hex);
  const sessions = { web: set.get('web')?.resolved as SessionDefinition };
  const naiveOf = (name: string) => {
    const definition = set.get(name)?.resolved;
    if (definition === undefined) throw new Error(name);
    return JSON.parse(JSON.stringify(naiveValue({ definition, fields: RANDOM_FIELDS, sessions, stepMs: STEP }, events, asOfMs)));
  };
  return Object.fromEntries(NAMES.map((name) => [name, naiveOf(name) as unknown]));
}

test("laws 1 to 3: values are the oracle's, of users whose events arrived late, twice and in any order", async () => {
  const random = createRandom(11);
  const users = ['ada', 'eve', 'zoë'];
  const drawn = Array.from({ length: 240 }, (_, i) => {
    const ts = NOON - random.below(10 * 96) * STEP;
    return { ...randomEvent(random, `e${i}`, ts, 1, STEP), historical: undefined, userId: random.pick(users) };
  });
  // In the order in which they were received, some of them long after they happened, some twice.
  const sent = drawn.map((one) => {
    const receivedAt = Math.min(NOON - 1, one.ts + (random.chance(0.7) ? 0 : random.below(2 * 96) * STEP));
    return JSON.parse(JSON.stringify({ ...one, receivedAt })) as Event;
  });
  const again = sent.slice(0, 20).map((one) => ({ ...one, receivedAt: Math.min(NOON - 1, one.receivedAt + HOUR_MS) }));
  const arrivals = [...sent, ...again].sort((a, b) => a.receivedAt - b.receivedAt);
  const world = await worldWith(arrivals);
  for (const asOf of [NOON, NOON - 5 * HOUR_MS, NOON - 30 * MINUTE_MS]) {
    const { body } = await world.post('/v1/signals/values', { users: [...users, 'zed'], signals: NAMES, asOf, budgetMs: 500 });
    expect(ValuesQueryAnswer.parse(body)).toEqual(body);
    expect(body).toMatchObject({ asOf, partial: false });
    for (const user of body.results) {
      const own = arrivals.filter(({ userId }) => userId === user.userId);
      const said = Object.entries(user.values as Record<string, { value: unknown; status: string }>);
      const ready = Object.fromEntries(
        said.filter(([, { status }]) => status === 'READY').map(([name, { value }]) => [name, value]),
      );
      // What looks back as far as records are kept is not known of an earlier instant.
      const known = asOf === NOON ? NAMES : NAMES.filter((name) => Object.hasOwn(ready, name));
      const expected = naiveValues(own, asOf);
      expect(ready).toEqual(Object.fromEntries(known.map((name) => [name, expected[name]])));
      expect(known.length).toBeGreaterThan(5);
    }
    expect(body.meta.complete).toBe(asOf === NOON);
    if (asOf !== NOON) expect(body.meta.reasons).toEqual(['record_cut']);
  }
  const { body } = await world.get(`/v1/users/ada/values?asOf=${NOON}&budgetMs=500`);
  expect(UserValuesAnswer.parse(body)).toEqual(body);
  const many = await world.post('/v1/signals/values', { users: ['ada'], signals: NAMES, asOf: NOON, budgetMs: 500 });
  expect(body.values).toEqual(many.body.results[0].values);
});

test('law 7: what a record lost is not counted as less: the value is null and says INCOMPLETE', async () => {
  const lines = [1, 20, 40].map((hours) => encodeEvent(view(`v${hours}`, NOON - hours * HOUR_MS)));
  const world = await worldWith([view('first', NOON - 50 * HOUR_MS)]);
  const record = `${lines.join('\n')}\n${cutMark(NOON - 45 * HOUR_MS)}`;
  await world.commit(partitionOf('u1', PARTITIONS), { rewrites: new Map([['u1', record]]) }, {});
  await world.tick();
  const { values, meta } = (
    await world.get(`/v1/users/u1/values?asOf=${NOON}&signals=views1h,lastViews,spread,planner&budgetMs=500`)
  ).body;
  expect(values.views1h).toMatchObject({ value: 1, status: 'READY' });
  // Its window is 2 days, three of at most five events are there, and more may have been.
  expect(values.lastViews).toEqual({ value: null, status: 'INCOMPLETE', version: expect.any(String) });
  expect(values.spread.status).toBe('INCOMPLETE');
  expect(values.planner.status).toBe('INCOMPLETE');
  expect(meta).toMatchObject({
    complete: false,
    reasons: ['record_cut'],
    warnings: [expect.stringContaining('"u1": the record of the user lost events')],
  });
  expect((await world.get(`/v1/users/u1/values?asOf=${NOON}&signals=views1h&budgetMs=500`)).body.meta).toMatchObject({
    complete: true,
  });
});

test('law 7: while records do not reach back far enough yet, a value is BACKFILLING; it becomes READY by itself', async () => {
  const world = await worldWith([view('a', NOON - 30 * MINUTE_MS)]);
  const partition = partitionOf('u1', PARTITIONS);
  const said = async () => (await world.get(`/v1/users/u1/values?asOf=${NOON}&signals=views1h,lastViews&budgetMs=500`)).body;
  await world.commit(partition, {}, { cutTs: NOON - 48 * HOUR_MS });
  await world.tick();
  expect((await said()).values).toMatchObject({
    views1h: { value: 1, status: 'READY' },
    lastViews: { value: null, status: 'BACKFILLING' },
  });
  expect((await said()).meta).toMatchObject({ complete: false, reasons: ['record_cut'] });
  await world.commit(partition, {}, { cutTs: NOON - 48 * HOUR_MS - 1 });
  await world.tick();
  expect((await said()).values.lastViews).toMatchObject({
    status: 'READY',
    value: [{ item: null, price: null, ts: NOON - 30 * MINUTE_MS }],
  });
  expect((await said()).meta).toMatchObject({ complete: true });
});

test('law 7: of a record with more events than are read, what looks no further than those is still READY', async () => {
  const world = await worldWith([view('first', NOON - HOUR_MS)]);
  const lines = Array.from({ length: 12_000 }, (_, i) => encodeEvent(view(`v${i}`, NOON - 1 - i * 1_000)));
  await world.commit(partitionOf('u1', PARTITIONS), { rewrites: new Map([['u1', `${lines.reverse().join('\n')}\n`]]) }, {});
  await world.tick();
  const ask = async () =>
    (await world.get(`/v1/users/u1/values?asOf=${NOON}&signals=views1h,lastViews,spread&budgetMs=500`)).body;
  let said = await ask();
  // A busy machine may need longer than the largest budget.
  while (said.partial === true) said = await ask();
  const { values, meta } = said;
  expect(values).toMatchObject({
    views1h: { value: 3_600, status: 'READY' },
    lastViews: { status: 'READY' },
    spread: { value: null, status: 'INCOMPLETE' },
  });
  expect(meta.reasons).toEqual(['bound_reached']);
});

test('law 7: what records let go of since the speed layer was last looked at is not taken for nothing', async () => {
  const world = await worldWith([view('old', NOON - 10 * DAY_MS + 500)]);
  const partition = partitionOf('u1', PARTITIONS);
  const statuses = async (asOf: number) => {
    const { values } = (await world.get(`/v1/users/u1/values?asOf=${asOf}&signals=idle,views1h&budgetMs=500`)).body;
    return Object.values(values as Record<string, { status: string }>).map(({ status }) => status);
  };
  expect(await statuses(NOON)).toEqual(['READY', 'READY']);
  world.advance(1_000);
  await world.commit(
    partition,
    { rewrites: new Map([['u1', `${encodeEvent(view('new', NOON))}\n`]]) },
    { logTimeMs: NOON + 1_000 },
  );
  expect(await statuses(NOON + 200)).toEqual(['INCOMPLETE', 'READY']);
  // Other definitions came into force: records are kept for less long, and some are shorter already.
  const lowered = await worldWith([view('old', NOON - 5 * DAY_MS)]);
  const record = `${encodeEvent(view('new', NOON - 1))}\n`;
  await lowered.commit(partition, { rewrites: new Map([['u1', record]]) }, { logTimeMs: NOON, keptMs: 2 * DAY_MS });
  const { values, meta } = (await lowered.get(`/v1/users/u1/values?asOf=${NOON}&signals=lastViews,prices,views1h&budgetMs=500`))
    .body;
  expect(values).toMatchObject({
    lastViews: { value: null, status: 'BACKFILLING' },
    prices: { value: null, status: 'BACKFILLING' },
    views1h: { value: 1, status: 'READY' },
  });
  expect(meta.complete).toBe(false);
});

test('law 7: a question of many values lets others be answered meanwhile, and its time is its own', async () => {
  const world = await worldWith([view('a', NOON - 1)], { keptValues: createKeptValues(0) });
  const lines = Array.from({ length: 9_000 }, (_, i) => encodeEvent(view(`v${i}`, NOON - 1 - i * 1_000)));
  await world.commit(partitionOf('u1', PARTITIONS), { rewrites: new Map([['u1', `${lines.join('\n')}\n`]]) }, {});
  await world.tick();
  /** How often others had a turn while `count` users were answered. */
  const turnsFor = async (count: number) => {
    let turns = 0;
    const others = setInterval(() => turns++, 0);
    const users = Array.from({ length: count }, () => 'u1');
    const { body } = await world.post('/v1/signals/values', { users, signals: ['spread'], asOf: NOON, budgetMs: 500 });
    clearInterval(others);
    expect(body.results).toHaveLength(count);
    return turns;
  };
  await turnsFor(1);
  const few = await turnsFor(1);
  expect(await turnsFor(100)).toBeGreaterThan(few + 5);
});

test('without asOf values are of now, and never before an event that was applied', async () => {
  const world = await worldWith([view('a', NOON - 1)]);
  expect((await world.get('/v1/users/u1/values?signals=views1h&budgetMs=500')).body).toMatchObject({
    asOf: NOON,
    values: { views1h: { value: 1 } },
  });
  // A log whose clock is a little ahead of this server's.
  await world.ingest(view('b', NOON + 40));
  await world.tick();
  expect((await world.get('/v1/users/u1/values?signals=views1h&budgetMs=500')).body).toMatchObject({
    asOf: NOON + 41,
    values: { views1h: { value: 2 } },
  });
});

test('law 7: an instant that has not come is refused, as what happens until then is not known', async () => {
  const world = await worldWith([view('a', NOON - 1)]);
  const ahead = await world.get(`/v1/users/u1/values?signals=views1h&asOf=${NOON + 1}`);
  expect([ahead.status, ahead.body.detail]).toEqual([
    400,
    `asOf must be an instant that has come (got ${NOON + 1}, which is 1 ms ahead). Leave it out, which is now.`,
  ]);
  const body = { users: ['u1'], signals: ['views1h'], asOf: NOON + DAY_MS };
  expect((await world.post('/v1/signals/values', body)).status).toBe(400);
  // What was applied has come, whatever this server's clock says.
  await world.ingest(view('b', NOON + 40));
  await world.tick();
  expect((await world.get(`/v1/users/u1/values?signals=views1h&asOf=${NOON + 41}&budgetMs=500`)).body).toMatchObject({
    values: { views1h: { value: 2 } },
  });
});

test('what was asked wrongly is refused, with the names that there are', async () => {
  const world = await worldWith();
  const problem = async (path: string) => (await world.get(path)).body.detail as string;
  expect(await problem('/v1/users/u1/values?signals=views2h')).toBe(
    `signals must be names of definitions in force: ${NAMES.join(', ')} (got "views2h"). One that is new in the file is in force from the next run of the batch layer on`,
  );
  expect(await problem('/v1/users/u1/values?budgetMs=501')).toContain('budgetMs must be a whole number from 1 to 500');
  expect(await problem('/v1/users/u1/values?asOf=yesterday')).toContain('asOf must be');
  const users = Array.from({ length: 1_000 }, (_, i) => `u${i}`);
  const refused = await world.post('/v1/signals/values', { users, signals: Array.from({ length: 21 }, (_, i) => `s${i}`) });
  expect([refused.status, refused.body.detail]).toEqual([
    400,
    expect.stringContaining('signals must have at most 20 elements for 1000 users'),
  ]);
  const bare = await createWorld();
  await bare.tick();
  expect((await bare.get('/v1/users/u1/values')).body).toMatchObject({ values: {}, status: 'NOT_FOUND' });
  expect((await bare.get('/v1/users/u1/values?signals=a')).body.detail).toContain('they have none (got "a")');
});

test('a definition that came into force since the last look is known when it is asked for by name', async () => {
  const world = await createWorld();
  await world.tick();
  const path = '/v1/users/u1/values?signals=views1h';
  expect((await world.get(path)).body.detail).toContain('they have none (got "views1h")');
  for (let partition = 0; partition < PARTITIONS; partition++)
    await world.commit(partition, {}, { definitions: DEFINITIONS.json });
  expect(await world.get(path)).toMatchObject({ status: 200, body: { values: { views1h: { status: 'READY' } } } });
  const feast = { entities: { user_id: ['u1'] }, features: ['profile:views1h'] };
  expect((await world.post('/get-online-features', feast)).status).toBe(200);
});

test('a time that is over leaves the rest NOT_COMPUTED, and says so', async () => {
  const world = await worldWith([view('a', NOON - 1)]);
  const record = `${Array.from({ length: 9_000 }, (_, i) => encodeEvent(view(`v${i}`, NOON - 1 - i * 1_000))).join('\n')}\n`;
  await world.commit(partitionOf('u1', PARTITIONS), { rewrites: new Map([['u1', record]]) }, {});
  await world.tick();
  const { values, partial, meta } = (await world.get(`/v1/users/u1/values?asOf=${NOON}&budgetMs=1`)).body;
  expect(partial).toBe(true);
  expect(Object.values(values as Record<string, { status: string }>).at(-1)).toMatchObject({
    value: null,
    status: 'NOT_COMPUTED',
  });
  expect(meta).toMatchObject({ complete: false, reasons: ['bound_reached'], warnings: ['the 1 ms for values were over'] });
});

test('the JSON Schema of definitions is served as it is published', async () => {
  const world = await worldWith();
  const file = readFileSync(new URL('../../../docs/definitions.schema.json', import.meta.url), 'utf8');
  expect((await world.get('/v1/definitions/schema')).body).toEqual(JSON.parse(file));
});

test('definitions in force are listed with their versions, which values name', async () => {
  const world = await worldWith();
  const { body } = await world.get('/v1/signals/definitions');
  expect(SignalDefinitionsAnswer.parse(body)).toEqual(body);
  expect(body.definitions.map(({ name }: { name: string }) => name)).toEqual(NAMES);
  const { values } = (await world.get('/v1/users/u1/values')).body;
  for (const { name, version, kind, reachMs } of body.definitions) {
    expect([name, values[name].version]).toEqual([name, version]);
    expect([kind, reachMs <= 10 * DAY_MS]).toEqual([expect.any(String), true]);
  }
});

function view(id: string, ts: number): Event {
  return event({ type: 'view', id, ts, receivedAt: ts });
}
