/** Computations beside the platform: who may register one, how far each is, and what answers with its values say of it. */
import { COMPUTATION_ROUTES, MOST_COMPUTATIONS } from '@tributary/contract/groups/computations';
import { StatusAnswer } from '@tributary/contract/groups/operations';
import { UserValuesAnswer } from '@tributary/contract/groups/signal-values';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { readDefinitions } from '@tributary/signals/definitions/file';
import { createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { Registry } from 'prom-client';
import { expect, onTestFinished, test, vi } from 'vitest';
import { computationMetrics } from '../src/http/metrics.ts';
import { createComputationWatch } from '../src/stream/computation-watch.ts';
import { idOfPlaces, nameOfLog } from '../src/stream/event-id.ts';
import { ADMIN, createWorld, event, NOON, PARTITIONS } from './world.ts';

const WRITE = 'Bearer tw_writer_x';
const FILE = {
  fields: { item: 'properties.item', items: 'properties.items' },
  signals: {
    lastItems: { type: 'view', fields: ['item'] },
    recommended: { last: 'computed.items' },
    itemsOfOrders: { last: 'purchase.items' },
    inHats: { count: 'view', window: { session: 'hats' } },
  },
  sessions: { hats: { where: "items == 'hat'" } },
};
const CO_VIEWED = {
  name: 'coViewed',
  version: '1',
  reads: { kinds: ['event.enriched'], signals: ['lastItems'] },
  writes: { fields: ['items'] },
  mostLagMs: 60_000,
};

/** A platform with an output log, of which a computation has worked through `upTo` entries of partition 0. */
async function platform() {
  let nowMs = NOON;
  const log = createMemoryLog({ partitions: PARTITIONS, now: () => nowMs });
  const definitions = readDefinitions(JSON.stringify(FILE), sha256Hex);
  const world = await createWorld({ definitions, openOutputs: async () => log });
  const advance = (ms: number) => {
    nowMs += ms;
    world.advance(ms);
    world.computations.forget();
  };
  const line = () => log.append(0, { kind: 'events', body: '{}' });
  const idBehind = (position: string | null, identity = log.identity) =>
    idOfPlaces(
      nameOfLog(identity),
      Array.from({ length: PARTITIONS }, (_, i) => ({ after: i === 0 ? position : null, lines: 0 })),
    );
  const report = (after: string, version = '1', key = WRITE) =>
    world.post('/v1/computations/coViewed/progress', { version, after }, key);
  const seen = async () => {
    world.computations.forget();
    return (await world.get('/v1/computations')).body.computations;
  };
  return { world, log, advance, line, idBehind, report, seen };
}

test('law 7: a computation that is behind, or says nothing, is named in its values, in the status and in metrics', async () => {
  const { world, log, advance, line, idBehind, report, seen } = await platform();
  await world.ingest(event({ type: 'view', ts: NOON - 5 }));
  await world.ingest(event({ type: 'computed', ts: NOON - 4, properties: { items: 'hat' } }));
  await world.tick();
  const registered = await world.post('/v1/computations', CO_VIEWED, ADMIN);
  expect(COMPUTATION_ROUTES.registerComputation.answer.parse(registered.body)).toEqual(registered.body);
  expect(registered.body.computation).toMatchObject({
    ...CO_VIEWED,
    state: 'NOT_STARTED',
    lagMs: null,
    at: NOON,
    by: 'key ta_admin',
  });
  expect(world.actions.at(-1)).toContain('a computation was registered');

  const values = async (names = 'recommended') => {
    await world.tick();
    await seen();
    const { body } = await world.get(`/v1/users/u1/values?signals=${names}`);
    return UserValuesAnswer.parse(body);
  };
  const first = await line();
  expect((await report(idBehind(first))).body.computation).toEqual({
    ...{ name: 'coViewed', version: '1', state: 'RUNNING', lagMs: 0, reportedAt: NOON },
  });
  const running = await values();
  expect(running.values['recommended']).toMatchObject({ value: 'hat', status: 'READY' });
  expect(running.meta).toMatchObject({
    complete: true,
    warnings: [],
    computations: [{ state: 'RUNNING', lagMs: 0, version: '1' }],
  });
  // What reads nothing of it, of its events or of its fields, says nothing of it.
  for (const name of ['lastItems', 'itemsOfOrders']) expect((await values(name)).meta).not.toHaveProperty('computations');
  expect((await values('inHats')).meta.computations).toMatchObject([{ name: 'coViewed' }]);

  // Nothing waits for it: it may be idle for as long as it says so.
  advance(300_000);
  expect((await report(idBehind(first))).body.computation).toMatchObject({ state: 'RUNNING', lagMs: 0 });
  const second = await line();
  advance(60_000);
  expect((await report(idBehind(first))).body.computation).toMatchObject({ state: 'RUNNING', lagMs: 60_000 });
  advance(1);
  expect((await report(idBehind(first))).body.computation).toMatchObject({ state: 'BEHIND', lagMs: 60_001 });
  expect((await values()).meta.warnings).toEqual([
    'computation coViewed (version 1) is behind: a line has waited for it for 1 min 0 s',
  ]);
  expect((await report(idBehind(second))).body.computation).toMatchObject({ state: 'RUNNING', lagMs: 0 });
  advance(60_000);
  expect(await seen()).toMatchObject([{ state: 'RUNNING' }]);
  advance(60_001);
  const still = await values();
  expect(still.meta).toMatchObject({ complete: true, computations: [{ state: 'STANDS_STILL', lagMs: 0 }] });
  expect(still.meta.warnings).toEqual([
    expect.stringMatching(/^computation coViewed \(version 1\) stands still: it has said nothing for /),
  ]);
  const status = (await world.get('/v1/status')).body;
  expect(StatusAnswer.parse(status).computations).toMatchObject([{ name: 'coViewed', state: 'STANDS_STILL' }]);
  const registry = new Registry();
  computationMetrics(registry, world);
  const page = await registry.metrics();
  expect(page).toContain('tributary_api_computation_stands_still{computation="coViewed"} 1');
  expect(page).toContain('tributary_api_computation_lag_ms{computation="coViewed"} 0');

  // A new version has said nothing yet, whatever the one before it said; its program cannot report for it.
  await world.post('/v1/computations', { ...CO_VIEWED, version: '2' }, ADMIN);
  expect(await seen()).toMatchObject([{ version: '2', state: 'NOT_STARTED', lagMs: null, reportedAt: null }]);
  const refused = await report(idBehind(second));
  expect([refused.status, refused.body.detail]).toEqual([
    409,
    expect.stringContaining('version must be "2", which is registered (got "1")'),
  ]);
  advance(60_001);
  expect((await values()).meta.warnings).toEqual([
    'computation coViewed (version 2) stands still: it has never said how far it is',
  ]);

  // A place of another output log says nothing of what waits in this one.
  expect((await report(idBehind(second, 'another'), '2')).body.computation).toMatchObject({ state: 'RUNNING', lagMs: null });
  expect((await values()).meta.warnings).toEqual([
    'computation coViewed (version 2) runs, but it is not known how long lines have waited for it',
  ]);
  // Nor does one that this log has not reached, or that no log has, nor one behind which lines are gone.
  for (const place of [second.replace(/\d$/, '9'), '0-0'])
    expect((await report(idBehind(place), '2')).body.computation).toMatchObject({ state: 'RUNNING', lagMs: null });
  expect((await report(idBehind(first), '2')).body.computation.lagMs).toBeGreaterThan(0);
  await log.trim(0, second);
  expect((await report(idBehind(first), '2')).body.computation).toMatchObject({ lagMs: null });
  expect((await report(idBehind(second), '2')).body.computation).toMatchObject({ lagMs: 0 });
  expect((await world.drop('/v1/computations/coViewed')).body).toEqual({ removed: 'coViewed' });
  expect(await seen()).toEqual([]);
  expect((await report(idBehind(second), '2')).status).toBe(404);
  expect((await world.drop('/v1/computations/coViewed')).status).toBe(404);
  // Registered again, it has said nothing yet.
  await world.post('/v1/computations', { ...CO_VIEWED, version: '2' }, ADMIN);
  expect(await seen()).toMatchObject([{ state: 'NOT_STARTED', reportedAt: null }]);
});

test('law 7: answers with values do not say what was known of computations when values were last asked for', async () => {
  const { world, idBehind, report } = await platform();
  await world.tick();
  await world.post('/v1/computations', CO_VIEWED, ADMIN);
  await report(idBehind(null));
  const state = async () => (await world.get('/v1/users/u1/values?signals=recommended')).body.meta;
  expect((await state()).computations).toMatchObject([{ state: 'RUNNING' }]);
  const clock = performance.now.bind(performance);
  const later = vi.spyOn(performance, 'now').mockImplementation(() => clock() + 2_001);
  onTestFinished(() => later.mockRestore());
  world.advance(60_001);
  expect((await state()).computations).toMatchObject([{ state: 'STANDS_STILL' }]);
  // What cannot be read is not passed over.
  world.deps.computations.list = () => Promise.reject(new Error('the folder is away'));
  later.mockImplementation(() => clock() + 4_002);
  expect(await state()).toMatchObject({ warnings: expect.arrayContaining(['it is not known how far computations are']) });
  expect((await world.get('/v1/users/u1/values?signals=lastItems')).body.meta.warnings).not.toContain(
    'it is not known how far computations are',
  );
  expect((await world.get('/v1/status')).body.computations).toBeNull();
});

test('law 7: an output log that does not answer holds up one answer; a read that others overtake is an answer', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const own = { ...CO_VIEWED, at: NOON, by: 'key ta_admin' };
  const log = createMemoryLog({ partitions: 1, now: () => NOON });
  const after = idOfPlaces(nameOfLog(log.identity), [{ after: null, lines: 0 }]);
  const options = { partitions: 1, now: () => NOON, onWarning: () => {} };
  const progress = async () => new Map([['coViewed', { version: '1', after, at: NOON }]]);
  const silent = { ...log, ends: () => new Promise<never>(() => {}) };
  const held = createComputationWatch({
    ...options,
    desk: { list: async () => [own], progress },
    openOutputs: async () => silent,
  });
  const first = held.latest();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(await first).toBeNull();
  expect(await held.latest()).toBeNull();

  const lists: ((found: (typeof own)[]) => void)[] = [];
  const list = () => new Promise<(typeof own)[]>((resolve) => lists.push(resolve));
  const watch = createComputationWatch({ ...options, desk: { list, progress }, openOutputs: async () => log });
  const asked = watch.latest();
  watch.forget();
  const newer = watch.read();
  lists[0]?.([own]);
  expect(await asked).toMatchObject([{ name: 'coViewed', seen: { state: 'RUNNING', lagMs: 0 } }]);
  lists[1]?.([]);
  expect(await newer).toEqual([]);
  await Promise.all([held.close(), watch.close()]);
});

test('what is registered is bounded and known, by an admin alone; progress takes a key that sends events', async () => {
  const { world, idBehind, report } = await platform();
  await world.tick();
  const refusals: readonly (readonly [object, string])[] = [
    [{ name: 'co-viewed' }, 'name must be a letter'],
    [{ version: 'a b' }, 'version must be 1 to 64 characters of ASCII without spaces'],
    [{ writes: { fields: [] } }, 'writes.fields must'],
    [
      { writes: { fields: ['price'] } },
      'writes.fields must be names of fields of the definitions in force: item, items (got "price")',
    ],
    [
      { reads: { signals: ['views'] } },
      'reads.signals must be names of signals, sessions and segments of the definitions in force: ',
    ],
    [{ reads: { kinds: ['arrivals'] } }, 'reads.kinds'],
    [{ mostLagMs: 999 }, 'mostLagMs must be at least 1000 (got 999)'],
    [{ more: 1 }, 'more'],
  ];
  for (const [change, detail] of refusals) {
    const { status, body } = await world.post('/v1/computations', { ...CO_VIEWED, ...change }, ADMIN);
    expect([status, body.code, body.detail]).toEqual([400, 'invalid_query', expect.stringContaining(detail)]);
  }
  for (const key of [WRITE, 'Bearer tr_reader_x'])
    expect((await world.post('/v1/computations', CO_VIEWED, key)).body.code).toBe('forbidden');
  for (let i = 0; i < MOST_COMPUTATIONS; i++)
    expect((await world.post('/v1/computations', { ...CO_VIEWED, name: `c${i}` }, ADMIN)).status).toBe(200);
  expect((await world.post('/v1/computations', CO_VIEWED, ADMIN)).body.detail).toContain(
    'computations must be at most 50 (got 51)',
  );
  // One of those that are there is changed all the same.
  expect((await world.post('/v1/computations', { ...CO_VIEWED, name: 'c7', version: '2' }, ADMIN)).status).toBe(200);
  expect((await report(idBehind(null), '1', 'Bearer tr_reader_x')).body.code).toBe('forbidden');
  expect((await report('never an id')).body.code).toBe('invalid_query');
  expect((await report(idBehind(null))).status).toBe(404);
});
