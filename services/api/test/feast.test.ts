/** The wire of Feast, where its SDK's recorded exchange (test/conformance/feast-sdk.test.ts) does not reach: bounds, refusals, and values that are not known. */
import { parseDefinitions } from '@tributary/model/definitions';
import { HOUR_MS, MINUTE_MS } from '@tributary/model/time';
import { partitionOf } from '@tributary/model/user-key';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { expect, test } from 'vitest';
import { createWorld, event, NOON, PARTITIONS } from './world.ts';

const DEFINITIONS = parseDefinitions(
  JSON.stringify({
    signals: { views1h: { count: 'view', window: '1h' }, views2d: { count: 'view', window: '2d' } },
    segments: { planner: { enter: "type == 'search'", ttl: '12h' } },
  }),
  sha256Hex,
);
const FEATURES = ['profile:views1h', 'profile:views2d'];

async function worldWithViews() {
  const world = await createWorld({ definitions: DEFINITIONS });
  for (const [i, userId] of ['ada', 'eve'].entries())
    await world.ingest(event({ type: 'view', userId, ts: NOON - (i + 1) * 20 * MINUTE_MS, receivedAt: NOON - MINUTE_MS }));
  await world.tick();
  return world;
}

test('law 7: what records do not hold is INVALID and null, beside what they do, and meta says why', async () => {
  const world = await worldWithViews();
  await world.commit(partitionOf('eve', PARTITIONS), {}, { cutTs: NOON - 24 * HOUR_MS });
  await world.tick();
  const { body } = await world.post('/get-online-features', { entities: { user: ['ada', 'eve', 'zed'] }, features: FEATURES });
  expect(body.metadata).toEqual({ feature_names: ['user', 'views1h', 'views2d'] });
  const [ada, eve, none] = ['2026-11-20T11:40:00.000Z', '2026-11-20T11:20:00.000Z', '1970-01-01T00:00:00Z'];
  expect(body.results).toEqual([
    { values: ['ada', 'eve', 'zed'], statuses: ['PRESENT', 'PRESENT', 'PRESENT'], event_timestamps: [none, none, none] },
    { values: [1, 1, null], statuses: ['PRESENT', 'PRESENT', 'NOT_FOUND'], event_timestamps: [ada, eve, none] },
    { values: [1, null, null], statuses: ['PRESENT', 'INVALID', 'NOT_FOUND'], event_timestamps: [ada, eve, none] },
  ]);
  expect(body.meta).toMatchObject({ asOf: NOON, partial: false, complete: false, reasons: ['record_cut'] });
});

test('law 7: a value is not PRESENT while the log holds events of the partition that it lacks', async () => {
  const world = await worldWithViews();
  const [partition, other] = [partitionOf('ada', PARTITIONS), partitionOf('eve', PARTITIONS)];
  expect(partition).not.toBe(other);
  world.unread.push({ partition, position: '50000000', appendedMs: NOON });
  world.advance(60_000);
  await world.tick();
  const { body } = await world.post('/get-online-features', { entities: { user: ['ada', 'eve', 'zed'] }, features: ['views1h'] });
  expect(body.results[1]).toMatchObject({
    values: [null, 1, null],
    statuses: ['OUTSIDE_MAX_AGE', 'PRESENT', 'NOT_FOUND'],
  });
  expect(body.meta).toMatchObject({ complete: false, reasons: ['behind'] });
});

test('the instant of a user is that of the newest event, whatever its type and the order of arrival', async () => {
  const world = await worldWithViews();
  await world.ingest(event({ type: 'visit', userId: 'ada', ts: NOON - 2 * MINUTE_MS, receivedAt: NOON - MINUTE_MS }));
  await world.ingest(event({ type: 'view', userId: 'ada', ts: NOON - 3 * HOUR_MS, receivedAt: NOON - MINUTE_MS }));
  await world.tick();
  const { body } = await world.post('/get-online-features', { entities: { user: ['ada'] }, features: ['views1h'] });
  expect(body.results[1]).toEqual({ values: [1], statuses: ['PRESENT'], event_timestamps: ['2026-11-20T11:58:00.000Z'] });
});

test('what is asked wrongly is refused in the form of Feast, with the reason', async () => {
  const world = await worldWithViews();
  const refused = async (body: unknown, path = '/get-online-features') => {
    const { status, text } = await world.post(path, body);
    const { class: raised, message } = JSON.parse(JSON.parse(text)) as { class: string; message: string };
    expect(message).toMatch(/ \(\w+, request [\w-]+\)$/);
    return [status, raised, message.slice(0, message.indexOf('. '))];
  };
  const entities = { user: ['ada'] };
  expect(await refused({ entities, features: ['profile:views2h'] })).toEqual([
    400,
    'FeastError',
    'features must be names of definitions in force: planner, views1h, views2d (got "views2h")',
  ]);
  expect((await refused({ entities, features: ['views1h.since'] }))[2]).toContain('(got "views1h.since")');
  expect((await refused({ entities, features: [] }))[2]).toBe('features must have a name, such as "profile:views1h" (got none)');
  expect((await refused({ entities, features: ['p@v2:views1h'] }))[2]).toContain('name views without a version');
  expect((await refused({ entities, features: ['a:views1h', 'b:views1h'] }))[2]).toContain('(got "views1h" twice)');
  expect((await refused({ entities: { views1h: ['ada'] }, features: FEATURES }))[2]).toContain('the join key included');
  expect((await refused({ entities: { user: [null] }, features: FEATURES }))[2]).toContain('be texts of 1 to 256 characters');
  expect((await refused({ entities: { user: [''] }, features: FEATURES }))[2]).toContain('must be 1 to 256 characters');
  expect((await refused({ entities: {}, features: FEATURES }))[2]).toContain('have one join key');
  expect((await refused({ features: FEATURES }))[2]).toContain('entities must');
  expect((await refused('{'))[2]).toContain('the body must be JSON');
  expect(await refused({ entities, feature_service: 'all' })).toEqual([404, 'FeastObjectNotFoundException', expect.any(String)]);
  expect((await refused({ push_source_name: 'x', df: {} }, '/push'))[2]).toContain('/push does not take values');
  const both = { entities, features: ['a:views1h', 'b@latest:views1h'], full_feature_names: true };
  expect((await world.post('/get-online-features', both)).body.metadata.feature_names).toEqual([
    'user',
    'a__views1h',
    'b__views1h',
  ]);
});

test('entities and features have bounds, alone and together', async () => {
  const world = await worldWithViews();
  const ask = async (users: number, features: readonly string[]) =>
    world.post('/get-online-features', { entities: { user: Array.from({ length: users }, (_, i) => `u${i}`) }, features });
  const many = Array.from({ length: 21 }, (_, i) => `view${i}:views1h`);
  expect((await ask(1_000, FEATURES)).status).toBe(200);
  expect((await ask(1_001, FEATURES)).text).toContain('entities.user must');
  expect((await ask(1_000, many)).text).toContain('features must have at most 20 elements for 1000 entities');
  expect(
    (
      await ask(
        1,
        Array.from({ length: 201 }, (_, i) => `v${i}:views1h`),
      )
    ).text,
  ).toContain('features must');
});

test('a key with the scope read is asked for, and health for none', async () => {
  const world = await worldWithViews();
  const body = { entities: { user: ['ada'] }, features: FEATURES };
  const raised = async (key: string | null) => {
    const { status, text } = await world.post('/get-online-features', body, key);
    return [status, JSON.parse(JSON.parse(text)).class];
  };
  expect(await raised(null)).toEqual([401, 'FeastPermissionError']);
  expect(await raised('Bearer tw_writer_x')).toEqual([403, 'FeastPermissionError']);
  expect((await world.get('/health', null)).status).toBe(200);
  world.broken.store = true;
  expect((await world.get('/health', null)).status).toBe(503);
});
