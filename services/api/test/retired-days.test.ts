/** A generation that was computed without retired events: answers about the days that it lacks say so, all others are complete. */
import { beforeEach, expect, test } from 'vitest';
import { createWorld, NOON, type World } from './world.ts';

const DAY_MS = 86_400_000;
const day = (days: number) => new Date(NOON + days * DAY_MS).toISOString().slice(0, 10);

let world: World;
beforeEach(async () => {
  world = await createWorld();
  await world.ingest({ id: 'a', type: 'page', userId: 'anna', ts: NOON, receivedAt: NOON, source: 'web', channel: 'search' });
  await world.cut(1, true, { wholeFromMs: NOON - 12 * 3_600_000 - 2 * DAY_MS });
  await world.publish(1);
  await world.tick();
});

test.each([
  ['/v1/activity', `from=${day(-2)}`, true],
  ['/v1/activity', `from=${day(-3)}&to=${day(1)}`, false],
  ['/v1/activity', '', false],
  ['/v1/attribution', `model=linear&from=${day(-2)}&to=${day(1)}`, true],
  ['/v1/attribution', `model=linear&from=${day(-3)}&to=${day(1)}`, false],
  ['/v1/attribution', `model=shapley&from=${day(-3)}&to=${day(1)}`, false],
  ['/v1/paths', `from=${day(-3)}`, false],
  ['/v1/conversion-list', `from=${day(-2)}`, true],
  ['/v1/conversion-list', `from=${day(-3)}`, false],
])('law 7: %s?%s is complete: %s', async (path, query, complete) => {
  const { meta } = (await world.get(`${path}?${query}`)).body;
  expect(meta).toMatchObject({ complete, reasons: complete ? [] : ['events_retired'] });
  if (!complete) expect(meta.warnings[0]).toContain('were retired from the archive before generation 1 was computed from it');
});

test('law 7: what the speed layer alone says lacks nothing', async () => {
  expect((await world.get('/v1/activity?layer=speed')).body.meta).toMatchObject({ complete: true });
});

test('law 7: where generations are lost, real time that was built again of what is left lacks days as well', async () => {
  const lost = await createWorld();
  Object.assign(lost.deps.source, { retiredBefore: async () => NOON - 12 * 3_600_000 - 400 * DAY_MS });
  await lost.ingest({ id: 'a', type: 'page', userId: 'anna', ts: NOON, receivedAt: NOON, source: 'web', channel: 'search' });
  await lost.tick();
  const said = async (query: string) => (await lost.get(`/v1/activity?${query}`)).body.meta;
  expect(await said(`from=${day(-200)}`)).toMatchObject({ complete: true });
  const lacking = await said('');
  expect(lacking).toMatchObject({ complete: false, reasons: ['events_retired'] });
  expect(lacking.warnings[0]).toContain('no generation that is left has them');
  expect(await said(`from=${day(-400)}`)).toMatchObject({ complete: false });
  // Real time by itself has the very same rows.
  expect(await said('layer=speed')).toEqual({ ...lacking, view: 'speed' });
  expect(await said(`layer=speed&from=${day(-200)}`)).toMatchObject({ complete: true });
});

test.each([
  ['before', -2.5, false],
  ['after', -4.5, true],
])(
  'law 7: an order from %s the days that a generation has whole is explained, and the answer says so',
  async (_, wholeFromDays, complete) => {
    // So long ago that the generation is asked as well.
    const ts = NOON - 4 * DAY_MS;
    const sent = { userId: 'zoe', receivedAt: ts, source: 'web' };
    world = await createWorld();
    await world.ingest({ ...sent, id: 'c', type: 'ad_click', channel: 'search', ts: ts - 1 });
    await world.ingest({ ...sent, id: 'o', type: 'purchase', value: 5, currency: 'EUR', ts });
    await world.ingest({ ...sent, id: 'later', type: 'page', ts: NOON, receivedAt: NOON });
    await world.cut(1, true, { wholeFromMs: NOON + wholeFromDays * DAY_MS });
    await world.publish(1);
    await world.tick();
    const { touches, meta } = (await world.get('/v1/conversions/o')).body;
    expect([touches.length, meta.sources]).toEqual([1, ['batch', 'speed']]);
    expect(meta).toMatchObject({ complete, reasons: complete ? [] : ['events_retired'] });
  },
);
