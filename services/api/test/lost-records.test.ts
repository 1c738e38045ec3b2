/** Law 7 for answers about one user: what their record lost, or has too much of, is reported. */
import { encodeEvent } from '@tributary/model/event';
import { DAY_MS, HOUR_MS } from '@tributary/model/time';
import { partitionOf } from '@tributary/model/user-key';
import { recordReachMs } from '@tributary/serving/users/record-reach';
import { createSpeedWorker } from '@tributary/speed/pipeline';
import { definitionsOf, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { createMemoryDisk, createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { cutMark } from '@tributary/views/record';
import { expect, test } from 'vitest';
import { DEFINITIONS as JOINED } from './joined-world.ts';
import { createWorld, defaults, event, NOON, PARTITIONS } from './world.ts';

const CUT = NOON - 2 * HOUR_MS;
const click = (id: string, hours: number, channel = 'c') =>
  encodeEvent(event({ type: 'ad_click', id, channel, ts: NOON + hours * HOUR_MS }));

async function worldWith(record: string) {
  const world = await createWorld();
  await world.ingest(event({ type: 'ad_click', id: 'first', channel: 'c', ts: NOON - 5 * HOUR_MS }));
  await world.commit(partitionOf('u1', PARTITIONS), { rewrites: new Map([['u1', record]]) }, {});
  await world.tick();
  return world;
}

test('law 7: signals that reach to what the record lost are reported as incomplete, newer ones are not', async () => {
  const world = await worldWith(`${click('a', -1)}\n${click('b', -0.5)}\n${cutMark(CUT)}`);
  const lost = 'the record of the user lost events up to 2026-11-20T10:00:00.000Z: signals before that may be missing';
  expect(new Date(CUT).toISOString()).toBe('2026-11-20T10:00:00.000Z');
  const all = await world.get('/v1/users/u1/signals');
  expect(all.body.signals).toHaveLength(2);
  expect(all.body.meta).toMatchObject({ complete: false, reasons: ['record_cut'], warnings: [lost] });
  expect((await world.get('/v1/users/u1/signals?limit=1')).body.meta).toMatchObject({ complete: true, warnings: [] });
  expect((await world.get(`/v1/users/u1/signals?from=${CUT + 1}`)).body.meta).toMatchObject({ complete: true });
  expect((await world.get(`/v1/users/u1/signals?from=${CUT}`)).body.meta).toMatchObject({ complete: false });
  const query = await world.post('/v1/signals/query', { users: ['u1', 'somebody else'] });
  expect(query.body.meta).toMatchObject({ complete: false, warnings: [`"u1": ${lost}`] });
  const limited = async (limit: number) => {
    const { results, meta } = (await world.post('/v1/signals/query', { users: ['u1'], limit })).body;
    return [results[0].signals.length, results[0].hasMore, meta.complete];
  };
  // Two are all that is left: that there are no more is not known.
  expect([await limited(1), await limited(2)]).toEqual([
    [1, true, true],
    [2, false, false],
  ]);
});

test('law 7: signals that reach behind what a partition kept, as before they were kept for longer, are reported while some are promised', async () => {
  const world = await worldWith(`${click('a', -1)}\n${click('b', -0.5)}\n`);
  const partition = partitionOf('u1', PARTITIONS);
  const metaOf = async (query = '') => (await world.get(`/v1/users/u1/signals${query}`)).body.meta;
  expect(await metaOf()).toMatchObject({ complete: true });
  await world.commit(partition, {}, { cutTs: CUT });
  await world.tick();
  expect(await metaOf()).toMatchObject({
    complete: false,
    reasons: ['record_cut'],
    warnings: ['the record of the user lost events up to 2026-11-20T10:00:00.000Z: signals before that may be missing'],
  });
  expect(await metaOf('?limit=1')).toMatchObject({ complete: true });
  expect(await metaOf(`?from=${CUT + 1}`)).toMatchObject({ complete: true });
  const others = Array.from({ length: 40 }, (_, i) => `other ${i}`);
  const apart = others.find((user) => partitionOf(user, PARTITIONS) !== partition) as string;
  const beside = others.find((user) => partitionOf(user, PARTITIONS) === partition) as string;
  expect((await world.post('/v1/signals/query', { users: [apart] })).body.meta).toMatchObject({ complete: true });
  // Nothing of this user is left, which is not to say that nothing was.
  const { meta } = (await world.post('/v1/signals/query', { users: [beside, apart] })).body;
  expect(meta).toMatchObject({ complete: false, warnings: [expect.stringContaining(`"${beside}": the record`)] });
  const keptMs = defaults.signalRetention.days * DAY_MS;
  await world.commit(partition, {}, { cutTs: CUT, logTimeMs: CUT + keptMs });
  await world.tick();
  expect((await metaOf()).reasons).toContain('record_cut');
  await world.commit(partition, {}, { cutTs: CUT, logTimeMs: CUT + keptMs + 1 });
  await world.tick();
  expect((await metaOf()).reasons).not.toContain('record_cut');
});

test('law 7: a journey, keys and a conversion of a record that lost events since the partition was last looked at say so', async () => {
  for (const isJoined of [false, true]) {
    const world = await createWorld(isJoined ? { definitions: JOINED } : {});
    await world.ingest(event({ type: 'ad_click', id: 'a', channel: 'c', ts: NOON - HOUR_MS }));
    await world.ingest(event({ type: 'purchase', id: 'buy', ts: NOON - 1, value: 500, currency: 'EUR' }));
    // States are read again and again for as long as a partition has none.
    for (let partition = 0; partition < PARTITIONS; partition++) await world.commit(partition, {}, {});
    await world.tick();
    for (const path of ['users/u1/journey', 'users/u1/keys', 'conversions/buy', 'conversions/buy?user=u1']) {
      const metaOf = async () => (await world.get(`/v1/${path}`)).body.meta;
      await world.commit(partitionOf('u1', PARTITIONS), {}, {});
      expect([path, await metaOf()]).toMatchObject([path, { complete: true, reasons: [] }]);
      // No record says what a hole in the log took, nor what one lost as records are kept for less long by other definitions.
      for (const lost of [{ cutTs: CUT }, { keptMs: DAY_MS }]) {
        await world.commit(partitionOf('u1', PARTITIONS), {}, lost);
        expect([path, await metaOf()]).toMatchObject([path, { complete: false, reasons: ['record_cut'] }]);
      }
    }
  }
});

test('law 7: signals of many users say what their records lost since the partitions were last looked at', async () => {
  const world = await worldWith(`${click('a', -1)}\n`);
  for (let partition = 0; partition < PARTITIONS; partition++) await world.commit(partition, {}, {});
  await world.tick();
  const others = Array.from({ length: 40 }, (_, i) => `other ${i}`);
  const apart = others.find((user) => partitionOf(user, PARTITIONS) !== partitionOf('u1', PARTITIONS)) as string;
  for (const users of [['u1'], [apart, 'u1']]) {
    const metaOf = async () => (await world.post('/v1/signals/query', { users })).body.meta;
    await world.commit(partitionOf('u1', PARTITIONS), {}, {});
    expect(await metaOf()).toMatchObject({ complete: true, reasons: [] });
    for (const lost of [{ cutTs: CUT }, { keptMs: DAY_MS }]) {
      await world.commit(partitionOf('u1', PARTITIONS), {}, lost);
      expect(await metaOf()).toMatchObject({ complete: false, warnings: [expect.stringContaining('"u1": the record')] });
    }
  }
});

test('law 7: journeys that reach behind what a partition kept are reported while records are promised from before', async () => {
  const world = await worldWith(`${click('a', -1)}\n`);
  const partition = partitionOf('u1', PARTITIONS);
  const metaOf = async () => (await world.get('/v1/users/u1/journey')).body.meta;
  expect(await metaOf()).toMatchObject({ complete: true });
  await world.commit(partition, {}, { cutTs: CUT });
  await world.tick();
  expect(await metaOf()).toMatchObject({
    complete: false,
    reasons: ['record_cut'],
    warnings: [expect.stringContaining('touches and conversions before that may be missing')],
  });
  const keptMs = Math.max(defaults.signalRetention.days * DAY_MS, defaults.latenessMs + 2 * defaults.lookbackMs);
  await world.commit(partition, {}, { cutTs: CUT, logTimeMs: CUT + keptMs + 1 });
  await world.tick();
  expect((await metaOf()).reasons).not.toContain('record_cut');
});

test('law 7: journeys are reported while a conversion that is kept may look behind the cut, where signals are kept for less long', async () => {
  const definitions = definitionsOf({ signalRetention: { days: 14 } });
  const world = await createWorld({ definitions });
  const partition = partitionOf('u1', PARTITIONS);
  await world.ingest(event({ type: 'purchase', id: 'buy', ts: NOON, value: 100, currency: 'EUR' }));
  const completeAt = async (behindMs: number) => {
    await world.commit(partition, {}, { cutTs: NOON - behindMs });
    await world.tick();
    return [
      (await world.get('/v1/users/u1/journey')).body.meta.complete,
      (await world.get('/v1/conversions/buy')).body.meta.complete,
    ];
  };
  const reachMs = definitions.latenessMs + 2 * definitions.lookbackMs;
  expect(reachMs).toBeGreaterThan(14 * DAY_MS);
  // The conversion itself looks a lookback behind.
  expect(await completeAt(definitions.lookbackMs - 1)).toEqual([false, false]);
  expect(await completeAt(reachMs - 1)).toEqual([false, true]);
  expect(await completeAt(reachMs + 1)).toEqual([true, true]);
});

test('law 7: a partition whose records were kept for less long than this version looks back is reported before a worker of it commits', async () => {
  const world = await createWorld();
  const partition = partitionOf('u1', PARTITIONS);
  await world.ingest(event({ type: 'purchase', id: 'buy', ts: NOON, value: 100, currency: 'EUR' }));
  await world.tick();
  const metaOf = async (path: string) => (await world.get(path)).body.meta;
  const paths = ['/v1/users/u1/journey', '/v1/conversions/buy', '/v1/users/u1/signals'];
  for (const path of paths) expect([path, (await metaOf(path)).complete]).toEqual([path, true]);
  await world.commit(partition, {}, { keptMs: defaults.lookbackMs - DAY_MS });
  await world.tick();
  for (const path of paths) expect([path, (await metaOf(path)).reasons]).toEqual([path, ['record_cut']]);
});

test('law 7: before the first generation an order that its record lost is not called absent for good', async () => {
  const world = await createWorld();
  await world.ingest(event({ type: 'purchase', id: 'buy', ts: NOON, value: 100, currency: 'EUR' }));
  await world.commit(partitionOf('u1', PARTITIONS), { rewrites: new Map([['u1', `${click('a', -1)}\n${cutMark(NOON)}`]]) }, {});
  await world.tick();
  const paths = ['/v1/conversions/buy', '/v1/conversions/buy?user=u1'];
  for (const path of paths) {
    const { status, body } = await world.get(path);
    expect([status, body.detail]).toEqual([404, expect.stringContaining('was not computed yet')]);
  }
  await world.cut(1);
  await world.publish(1);
  await world.tick();
  for (const path of paths) expect(await world.get(path)).toMatchObject({ status: 200, body: { conversion: { id: 'buy' } } });
  const { status, body } = await world.get('/v1/conversions/another');
  expect([status, body.detail]).toEqual([404, 'no conversion "another" is stored']);
});

test('law 7: before the first generation, an order of imported history that looks back further than records reach is explained as incomplete', async () => {
  const world = await createWorld();
  const log = createMemoryLog({ partitions: PARTITIONS, disk: createMemoryDisk() });
  let commits = 0;
  const worker = createSpeedWorker({
    ...{ log, store: world.memory.speed(), definitions: defaults, sha256Hex, digestOf: sha256Hex },
    partitions: Array.from({ length: PARTITIONS }, (_, partition) => partition),
    commitId: () => `c${++commits}`,
    limits: { waitMs: 0 },
  });
  const oldest = NOON - recordReachMs(defaults);
  const backMs = defaults.lookbackMs + defaults.longestOnceMs;
  const bought = { value: 100, currency: 'EUR' };
  for (const [userId, clickTs, orderTs] of [
    ['whole', oldest + 1, oldest + 1 + backMs],
    ['lacking', oldest, oldest + backMs],
  ] as const) {
    const touch = event({ type: 'ad_click', id: `click of ${userId}`, channel: 'c', userId, ts: clickTs });
    const order = event({ type: 'purchase', id: userId, userId, ts: orderTs, ...bought });
    await log.append(partitionOf(userId, PARTITIONS), { kind: 'events', body: [touch, order].map(encodeEvent).join('\n') });
  }
  while ((await worker.runOnce()) > 0);
  await worker.settle();
  await world.tick();
  const explained = async (id: string) => {
    const { touches, meta } = (await world.get(`/v1/conversions/${id}`)).body;
    return [touches.length, meta.sources, meta.complete, meta.reasons];
  };
  expect(await explained('whole')).toEqual([1, ['speed'], true, []]);
  expect(await explained('lacking')).toEqual([0, ['speed'], false, ['record_cut']]);
});

test('law 7: journeys of a record that lost events are reported as incomplete', async () => {
  const world = await worldWith(`${click('a', -1)}\n${cutMark(CUT)}`);
  const { body } = await world.get('/v1/users/u1/journey');
  expect(body.meta.complete).toBe(false);
  expect(body.meta.warnings[0]).toMatch(/touches and conversions before that may be missing$/);
});

test('law 7: of a very long record the journeys are of what came last, in bounded time, and reported', async () => {
  const world = await worldWith(Array.from({ length: 40_000 }, (_, i) => `${click(`x${i}`, -4 + i / 20_000)}\n`).join(''));
  const { body } = await world.get('/v1/users/u1/journey');
  expect(body.meta.complete).toBe(false);
  expect(body.meta.warnings).toEqual(["only the 2097152 bytes that came last of the user's record were read"]);
  const { touches } = body.journeys.at(-1);
  expect(touches.at(-1).id).toBe('x39999');
  expect(touches.length).toBeLessThan(2_097_152 / click('x', 0).length);
});

test('a touch before the newest 1 000 says so', async () => {
  const world = await createWorld();
  for (let i = 0; i <= 1_000; i++)
    await world.ingest(event({ type: 'ad_click', id: `t${i}`, channel: 'c', ts: NOON - 20 * HOUR_MS + i * 1_000 }));
  await world.ingest(event({ type: 'purchase', id: 'buy', value: 100, currency: 'EUR', ts: NOON - HOUR_MS }));
  await world.tick();
  const { body } = await world.get('/v1/conversions/buy');
  expect(body.touches[0]).toMatchObject({ eligible: false, reason: expect.stringMatching(/before the newest 1000 touches/) });
});
