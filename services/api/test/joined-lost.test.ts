/** Where keys of one person are joined, what the log lost of one of them is lacking in answers about all. */

import { encodeMessage } from '@tributary/model/identity/message-line';
import { DAY_MS, MINUTE_MS } from '@tributary/model/time';
import { partitionOf } from '@tributary/model/user-key';
import { recordReachMs } from '@tributary/serving/users/record-reach';
import { cutMark } from '@tributary/views/record';
import { ANYWHERE, namedMark } from '@tributary/views/said-marks';
import { expect, test } from 'vitest';
import { append, DEFINITIONS, joinedWorld, NUMBERED } from './joined-world.ts';
import { ADMIN, NOON, PARTITIONS, type World } from './world.ts';

const HOMES = ['cookie', 'ada'].map((key) => partitionOf(key, PARTITIONS)) as [number, number];
const APART = [0, 1, 2, 3].find((partition) => !HOMES.includes(partition)) as number;
/** The partition that lost something, whether two users were merged, and whether answers about these keys lack it. */
const CASES: readonly [partition: number, isMerged: boolean, isLacking: boolean][] = [
  [HOMES[0], false, true],
  [HOMES[1], false, true],
  [APART, false, false],
  [APART, true, true],
];

test('law 7: an answer of a user lacks what the log lost of each key that may have lent to them, and of no other', async () => {
  const isElsewhere = (key: string) => ![...HOMES, APART].includes(partitionOf(key, PARTITIONS));
  const other = Array.from({ length: 40 }, (_, i) => `user-${i}`).find(isElsewhere);
  // In the partition of ada, and read before: nothing is lent to this user.
  const beside = Array.from({ length: 40 }, (_, i) => `user-${i}`).find((key) => partitionOf(key, PARTITIONS) === HOMES[1]);
  expect([other, beside]).not.toContain(undefined);
  const users = [other, beside, 'ada'];
  const asked = { entities: { user: users }, features: ['all'] };
  for (const [partition, isMerged, isLacking] of CASES) {
    const world = await joinedWorld();
    if (isMerged) await append(world, 'ada', namedMark(ANYWHERE).trimEnd());
    const lacking = async () => {
      await world.tick();
      const answers: [string, Awaited<ReturnType<World['get']>>][] = [];
      for (const key of ['ada', 'cookie']) {
        for (const path of ['journey', 'signals', 'values', 'keys'])
          answers.push([`${path} of ${key}`, await world.get(`/v1/users/${key}/${path}`)]);
        answers.push([`order of ${key}`, await world.get(`/v1/conversions/order?user=${key}`)]);
      }
      answers.push(['order', await world.get('/v1/conversions/order')]);
      answers.push(['query', await world.post('/v1/signals/query', { users, limit: 5 })]);
      answers.push(['many', await world.post('/v1/signals/values', { users, signals: ['all'] })]);
      const said = answers.map(([name, { body }]) => [name, body.meta?.reasons]);
      const { results } = (await world.post('/get-online-features', asked)).body;
      return [...said, ['features', results[1].statuses[2] === 'PRESENT' ? [] : ['record_cut']]];
    };
    const all = (names: unknown[][], reasons: string[]) => names.map(([name]) => [name, reasons]);
    const whole = await lacking();
    expect(whole).toEqual(all(whole, []));
    // What is kept of values of a whole record is not found again.
    expect(await lacking()).toEqual(whole);
    await world.commit(partition, {}, { cutTs: NOON - MINUTE_MS });
    const after = await lacking();
    expect([partition, isMerged, after]).toEqual([partition, isMerged, all(whole, isLacking ? ['record_cut'] : [])]);
    expect((await world.post('/v1/signals/query', { users: [other], limit: 5 })).body.meta.complete).toBe(true);
    // Signals of later are there.
    const since = (await world.get(`/v1/users/ada/signals?from=${NOON - MINUTE_MS + 1}`)).body.meta;
    expect(since.complete).toBe(true);
  }
});

test('law 7: who was lent events, and has said no link since they were erased and lifted, may lack what the log lost anywhere', async () => {
  for (const isNamed of [true, false]) {
    const world = await joinedWorld(isNamed);
    await world.commit(APART, {}, { cutTs: NOON - MINUTE_MS });
    await world.tick();
    for (const path of ['users/ada/journey', 'users/ada/signals', 'users/ada/values', 'users/ada/keys', 'conversions/order'])
      expect([path, (await world.get(`/v1/${path}`)).body.meta.reasons]).toEqual([path, isNamed ? [] : ['record_cut']]);
  }
});

test('law 9: an erasure says that it may not know all keys of a person where what names them may be lost', async () => {
  const warned = async (world: World) => {
    await world.tick();
    const asked = await world.drop('/v1/users/ada');
    const together = await world.post('/v1/erasures', { users: ['cookie'] }, ADMIN);
    expect([asked.status, together.status]).toEqual([202, 202]);
    expect(asked.body.erasures.length).toBe(2);
    return [asked, together].map(({ body }) => body.warnings.length);
  };
  for (const [partition, isMerged, isLacking] of CASES) {
    const world = await joinedWorld();
    if (isMerged) await append(world, 'ada', namedMark(ANYWHERE).trimEnd());
    await world.commit(partition, {}, { cutTs: NOON - MINUTE_MS });
    const expected = isLacking ? 1 : 0;
    expect([partition, isMerged, await warned(world)]).toEqual([partition, isMerged, [expected, expected]]);
  }
  for (const key of ['ada', 'cookie']) {
    const world = await joinedWorld();
    await append(world, key, cutMark(NOON - DAY_MS).trimEnd());
    expect([key, await warned(world)]).toEqual([key, [1, 1]]);
  }
});

test('law 7: what is asked by a linked key lacks what its partition lost since it was last looked at', async () => {
  const world = await joinedWorld();
  await world.commit(partitionOf('cookie', PARTITIONS), {}, { cutTs: NOON - MINUTE_MS / 2 });
  for (const what of ['journey', 'keys', 'values', 'signals'])
    expect([what, (await world.get(`/v1/users/cookie/${what}`)).body.meta.reasons]).toEqual([what, ['record_cut']]);
});

test('law 7: an answer of a user lacks what the partition of a key that lent to them lost since it was last looked at', async () => {
  const asked = { entities: { user: ['ada'] }, features: ['all'] };
  for (const [partition, isMerged, isLacking] of CASES) {
    const world = await joinedWorld();
    if (isMerged) await append(world, 'ada', namedMark(ANYWHERE).trimEnd());
    // States are read again and again for as long as a partition has none.
    for (let each = 0; each < PARTITIONS; each++) await world.commit(each, {}, {});
    await world.tick();
    // The log time of another partition does not say as of when values are.
    await world.commit(partition, {}, { cutTs: NOON - MINUTE_MS / 2, ...(partition === APART && { logTimeMs: NOON + DAY_MS }) });
    const reasons = isLacking ? ['record_cut'] : [];
    for (const path of ['users/ada/journey', 'users/ada/signals', 'users/ada/values', 'users/ada/keys', 'conversions/order'])
      expect([partition, path, (await world.get(`/v1/${path}`)).body.meta.reasons]).toEqual([partition, path, reasons]);
    const query = await world.post('/v1/signals/query', { users: ['ada'], limit: 5 });
    const values = await world.post('/v1/signals/values', { users: ['ada'], signals: ['all'] });
    for (const { body } of [query, values]) expect([partition, body.meta.reasons]).toEqual([partition, reasons]);
    expect(values.body.asOf).toBe(NOON + 1);
    const { results } = (await world.post('/get-online-features', asked)).body;
    expect([partition, results[1].statuses[0] === 'PRESENT']).toEqual([partition, !isLacking]);
  }
});

test('law 7: what a key lost that lends is lacking for as long as it is promised at the log time of its user, where that of the key is ahead', async () => {
  const reachMs = recordReachMs(DEFINITIONS);
  for (const [cutTs, isLacking] of [
    [NOON - reachMs, true],
    [NOON - reachMs - 1, false],
  ] as const) {
    const world = await joinedWorld();
    for (let each = 0; each < PARTITIONS; each++) await world.commit(each, {}, { logTimeMs: NOON });
    await world.commit(HOMES[0], {}, { logTimeMs: NOON + DAY_MS, cutTs });
    for (const when of ['now', 'later']) {
      if (when === 'later') await world.tick();
      for (const what of ['journey', 'keys']) {
        const { reasons } = (await world.get(`/v1/users/ada/${what}`)).body.meta;
        expect([cutTs, when, what, reasons]).toEqual([cutTs, when, what, isLacking ? ['record_cut'] : []]);
      }
    }
  }
});

test('law 9: an erasure warns of a key that it leaves out as its record lost all events', async () => {
  for (const isLost of [true, false]) {
    const world = await joinedWorld();
    await world.cut(1);
    await world.publish(1);
    const link = { id: 'ada\nat x', to: 'ada', ts: NOON - MINUTE_MS, version: '1', receivedAt: NOON - 1 };
    const linked = encodeMessage({ kind: 'link', to: 'cookie', link }, { from: 0, ...NUMBERED });
    const record = `${linked}\n${isLost ? cutMark(NOON - DAY_MS) : ''}`;
    await world.commit(partitionOf('cookie', PARTITIONS), { rewrites: new Map([['cookie', record]]) }, {});
    // The generation has events of it, so that it may be somebody else's.
    Object.assign(world.deps.archive, { senders: async (_: unknown, keys: readonly string[]) => new Set(keys) });
    await world.tick();
    const { status, body } = await world.drop('/v1/users/ada');
    expect([status, body.erasures.length, body.warnings.length]).toEqual([202, 1, isLost ? 1 : 0]);
  }
});

test('law 7: the keys of a person may lack what the log lost in the partition of each, while records are promised from before', async () => {
  expect(new Set(HOMES).size).toBe(2);
  const lacking = async (world: World) => {
    await world.tick();
    const metas = await Promise.all(['cookie', 'ada'].map((key) => world.get(`/v1/users/${key}/keys`)));
    return metas.map(({ body }) => body.meta.reasons.includes('record_cut'));
  };
  const cutTs = NOON - DAY_MS;
  const promisedMs = recordReachMs(DEFINITIONS);
  const others = (partition: number) =>
    Array.from({ length: PARTITIONS }, (_, each) => each).filter((each) => each !== partition);
  for (const [partition, isMerged, expected] of CASES) {
    const world = await joinedWorld();
    if (isMerged) await append(world, 'ada', namedMark(ANYWHERE).trimEnd());
    expect(await lacking(world)).toEqual([false, false]);
    // As the speed layer leaves it where the log has a hole: no record says so.
    await world.commit(partition, {}, { cutTs });
    expect(await lacking(world)).toEqual([expected, expected]);
    await world.commit(partition, {}, { cutTs, logTimeMs: cutTs + promisedMs });
    expect(await lacking(world)).toEqual([expected, expected]);
    // The last partition whose log time looks back on it decides.
    for (const each of others(partition)) await world.commit(each, {}, { logTimeMs: NOON });
    for (let each = 0; each < PARTITIONS; each++) {
      expect(await lacking(world)).toEqual([expected, expected]);
      await world.commit(each, {}, { ...(each === partition && { cutTs }), logTimeMs: cutTs + promisedMs + 1 });
    }
    expect(await lacking(world)).toEqual([false, false]);
  }
});
