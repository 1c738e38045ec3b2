/** Answers about users where keys of one person are joined (decision 43): what counts for a key, never a message, and nothing of what was lent away. */
import { KeysAnswer } from '@tributary/contract/groups/users';
import { type Event, encodeEvent } from '@tributary/model/event';
import { linksOf } from '@tributary/model/identity/links-of';
import { encodeMessage, messageNumber } from '@tributary/model/identity/message-line';
import { decodeLine } from '@tributary/model/reading/decode-line';
import { DAY_MS, MINUTE_MS } from '@tributary/model/time';
import { partitionOf, userKeyOf } from '@tributary/model/user-key';
import { cutMark } from '@tributary/views/record';
import { ANYWHERE, namedMark } from '@tributary/views/said-marks';
import { expect, test } from 'vitest';
import { append, BUY, CLICK, DEFINITIONS, joinedWorld, NUMBERED } from './joined-world.ts';
import { digestOf } from './memory-erasures.ts';
import { ADMIN, createWorld, event, NOON, PARTITIONS, READ } from './world.ts';

test('law 5: signals, journeys and explanations of a user have what was lent to them, as it was sent', async () => {
  const world = await joinedWorld();
  const { body } = await world.get('/v1/users/ada/signals');
  expect(body.signals).toEqual([BUY, CLICK]);
  const queried = await world.post('/v1/signals/query', { users: ['ada', 'eve'], limit: 5 });
  expect(queried.body.results.map(({ signals }: { signals: unknown }) => signals)).toEqual([[BUY, CLICK], []]);
  const journeys = (await world.get('/v1/users/ada/journey')).body.journeys;
  expect(journeys).toMatchObject([
    { status: 'converted', touches: [{ id: 'click', channel: 'mail' }], conversion: { id: 'order' } },
  ]);
  const explained = await world.get('/v1/conversions/order');
  expect([explained.status, explained.body.userId]).toEqual([200, 'ada']);
  expect(JSON.stringify(explained.body)).toContain('"click"');
  expect(JSON.stringify([body, journeys, explained.body])).not.toContain('tributary');
});

test('law 7: a generation alone says that it lacks what was in flight at its cut, and both layers together do not', async () => {
  const world = await joinedWorld();
  const number = messageNumber('00000001.0000000', 0);
  const [cookie, ada] = [partitionOf('cookie', PARTITIONS), partitionOf('ada', PARTITIONS)];
  const numbers = (partition: number) => Array.from({ length: PARTITIONS }, (__, at) => (at === partition ? number : ''));
  const complete = async (path: string) => {
    await world.tick();
    return (await world.get(path)).body.meta.complete;
  };
  const each = async () => ({
    alone: await complete('/v1/activity?layer=batch'),
    listed: await complete('/v1/conversion-list'),
    merged: await complete('/v1/activity?layer=merged'),
  });
  for (let partition = 0; partition < PARTITIONS; partition++)
    await world.commit(partition, {}, { relayed: { sent: [], applied: [] } });
  await world.commit(cookie, {}, { relayed: { sent: numbers(ada), applied: [] } });
  await world.cut(1);
  await world.publish(1);
  expect(await each()).toEqual({ alone: false, listed: false, merged: false });
  await world.commit(ada, {}, { relayed: { sent: [], applied: numbers(cookie) } });
  expect(await each()).toEqual({ alone: false, listed: false, merged: true });
  await world.cut(2);
  await world.publish(2);
  expect(await each()).toEqual({ alone: true, listed: true, merged: true });
});

test('laws 1 and 5: a key that is linked is answered for by its owner, everywhere', async () => {
  const world = await joinedWorld();
  const under = async (key: string) => {
    const signals = (await world.get(`/v1/users/${key}/signals`)).body.signals;
    const journey = (await world.get(`/v1/users/${key}/journey`)).body.journeys;
    const { values } = (await world.get(`/v1/users/${key}/values?asOf=${NOON}`)).body;
    const explained = (await world.get(`/v1/conversions/order?user=${key}`)).body;
    return { signals, journey, values, explained };
  };
  const [ofCookie, ofUser] = [await under('cookie'), await under('ada')];
  expect(ofCookie).toEqual(ofUser);
  expect(ofUser.signals).toEqual([BUY, CLICK]);
  expect(ofUser.values).toMatchObject({ all: { value: 2, status: 'READY' } });
  const both = (await world.post('/v1/signals/query', { users: ['cookie', 'eve', 'ada'], limit: 5 })).body.results;
  expect(both.map(({ userId, signals }: { userId: string; signals: unknown[] }) => [userId, signals.length])).toEqual([
    ['cookie', 2],
    ['eve', 0],
    ['ada', 2],
  ]);
});

test('law 5: a conversion that went to another key is explained as that of who has it, also where its first key has another owner by now', async () => {
  const homeOf = (userKey: string) => partitionOf(userKey, PARTITIONS);
  const users = Array.from({ length: 40 }, (__, i) => `user-${i}`);
  const device = users.find((key) => homeOf(key) === 1) as string;
  // Partitions are asked in order: who has it lies before the device, or behind it.
  for (const user of [users.find((key) => homeOf(key) === 0) as string, users.find((key) => homeOf(key) === 2) as string]) {
    const world = await createWorld({ definitions: DEFINITIONS });
    const order = { ...CLICK, type: 'purchase', ts: NOON - 3 * MINUTE_MS, value: 700, anonymousId: device };
    const numbered = { from: homeOf(device), ...NUMBERED };
    const linkTo = (to: string, ts: number) =>
      encodeMessage(
        { kind: 'link', to: device, link: { id: `${to}\nat x`, to, ts, version: String(ts), receivedAt: NOON - 1 } },
        numbered,
      );
    const line = encodeEvent(order);
    const item = { origin: device, id: order.id, ts: order.ts, isKnown: false, path: [device], line };
    await append(world, device, line, linkTo(user, order.ts - 1), linkTo('bob', NOON));
    await append(world, user, encodeMessage({ kind: 'put', to: user, item, version: '2' }, numbered));
    await world.commit(homeOf(user), { conversions: new Map([[order.id, user]]) }, { logTimeMs: NOON });
    await world.tick();
    expect((await world.get(`/v1/users/${device}/keys`)).body.owner).toBe('bob');
    const { status, body } = await world.get(`/v1/conversions/${order.id}`);
    expect([status, body.userId], user).toEqual([200, user]);
  }
});

test('law 5: an order from before links reach stays with its key, and is explained under its id and under that key', async () => {
  const world = await createWorld({ definitions: DEFINITIONS });
  const order = { ...CLICK, type: 'purchase', id: 'old-order', ts: NOON - 31 * DAY_MS, value: 700 };
  const link = { id: 'ada\nat x', to: 'ada', ts: order.ts - 1, version: '1', receivedAt: NOON - 1 };
  await append(
    world,
    'cookie',
    encodeEvent(order),
    encodeMessage({ kind: 'link', to: 'cookie', link }, { from: 0, ...NUMBERED }),
  );
  await append(world, 'ada', encodeEvent(BUY));
  await world.tick();
  expect((await world.get('/v1/users/cookie/keys')).body.owner).toBe('ada');
  for (const query of ['', '?user=cookie'])
    expect((await world.get(`/v1/conversions/old-order${query}`)).body).toMatchObject({ userId: 'cookie' });
  expect((await world.get('/v1/conversions/order?user=cookie')).body).toMatchObject({ userId: 'ada' });
  expect((await world.get('/v1/conversions/old-order?user=ada')).status).toBe(404);
});

test('law 7: an answer under a key lacks what the partition of its owner lacks', async () => {
  const world = await joinedWorld();
  const other = partitionOf('ada', PARTITIONS);
  expect(other).not.toBe(partitionOf('cookie', PARTITIONS));
  await append(world, 'ada', cutMark(NOON - DAY_MS).trimEnd());
  for (const path of ['signals', 'journey', 'keys']) {
    const { meta } = (await world.get(`/v1/users/cookie/${path}`)).body;
    expect([path, meta.complete, meta.reasons]).toEqual([path, false, ['record_cut']]);
  }
  const behind = await joinedWorld();
  behind.unread.push({ partition: other, position: '50000000', appendedMs: NOON });
  behind.advance(60_000);
  await behind.tick();
  const asked = { users: ['cookie'], limit: 5 };
  const answers = [
    await behind.get('/v1/users/cookie/signals'),
    await behind.get('/v1/users/cookie/journey'),
    await behind.get('/v1/users/cookie/keys'),
    await behind.get('/v1/conversions/order?user=cookie'),
    await behind.post('/v1/signals/query', asked),
    await behind.get('/v1/users/cookie/values'),
  ];
  expect(answers.map(({ body }) => body.meta.complete)).toEqual(answers.map(() => false));
});

test('law 7: an answer of a user is incomplete while messages between keys are on their way, also what was sent and applied while it was made', async () => {
  const world = await joinedWorld();
  const [of, to] = [partitionOf('cookie', PARTITIONS), partitionOf('ada', PARTITIONS)];
  const nothing = new Array<string>(PARTITIONS).fill('');
  const numberOf = (n: number) => messageNumber(`00000001.${String(n).padStart(7, '0')}`, 1);
  const relay = (partition: number, sent: readonly string[], applied: readonly string[]) =>
    world.commit(partition, {}, { ...world.states[partition], relayed: { sent, applied } });
  const send = (n: number) => relay(of, nothing.with(to, numberOf(n)), nothing);
  const apply = (n: number) => relay(to, nothing, nothing.with(of, numberOf(n)));
  const complete = async () => {
    const answers = [
      await world.get('/v1/users/ada/signals'),
      await world.get('/v1/users/cookie/journey'),
      await world.get('/v1/users/cookie/keys'),
      await world.get('/v1/conversions/order?user=ada'),
      await world.post('/v1/signals/query', { users: ['ada', 'eve'], limit: 5 }),
      await world.get('/v1/users/ada/values'),
    ];
    return new Set(answers.map(({ body }) => body.meta.complete));
  };
  expect(await complete()).toEqual(new Set([true]));
  // The states are not looked at otherwise in between.
  await send(1);
  expect(await complete()).toEqual(new Set([false]));
  await apply(1);
  await world.tick();
  expect(await complete()).toEqual(new Set([true]));
  const { records } = world.deps.store;
  let last = 1;
  Object.assign(world.deps.store, {
    records: async (...asked: Parameters<typeof records>) => {
      const read = await records(...asked);
      last++;
      await send(last);
      await apply(last);
      return read;
    },
  });
  expect(await complete()).toEqual(new Set([false]));
});

test('law 7: what is in flight to keys that a user never named in links concerns them not, but where two users were merged, or all are asked about', async () => {
  const world = await joinedWorld();
  const homes = ['ada', 'cookie'].map((key) => partitionOf(key, PARTITIONS));
  const [third = 0, fourth = 0] = [0, 1, 2, 3].filter((partition) => !homes.includes(partition));
  const nothing = new Array<string>(PARTITIONS).fill('');
  /** One message from partition to partition, under way. */
  const send = async (from: number, to: number) => {
    for (const partition of [0, 1, 2, 3]) {
      const sent = partition === from ? nothing.with(to, messageNumber('00000001.0000000', 1)) : nothing;
      await world.commit(partition, {}, { ...world.states[partition], relayed: { sent, applied: nothing } });
    }
    await world.tick();
  };
  const complete = async (...paths: string[]) =>
    Promise.all(paths.map(async (path) => (await world.get(path)).body.meta.complete as boolean));
  const own = ['/v1/users/ada/signals', '/v1/users/cookie/journey', '/v1/conversions/order?user=ada', '/v1/users/ada/values'];
  await send(homes[0] as number, third);
  expect(await complete(...own)).toEqual([true, true, true, true]);
  expect(await complete('/v1/activity')).toEqual([false]);
  expect(await complete('/v1/users/ada/signals')).toEqual([true]);
  // To the key, to its owner, and to one that the owner named in a link.
  for (const to of new Set(homes)) {
    await send(fourth, to);
    expect(await complete('/v1/users/cookie/signals')).toEqual([false]);
  }
  await append(world, 'ada', encodeEvent({ ...BUY, type: 'page', id: 'page' }));
  await world.commit(homes[0] as number, { appends: new Map([['ada', namedMark(third)]]) }, {});
  await send(fourth, third);
  expect(await complete(...own)).toEqual([false, false, false, false]);
  await send(third, fourth);
  expect(await complete(...own)).toEqual([true, true, true, true]);
  await world.commit(homes[0] as number, { appends: new Map([['ada', namedMark(ANYWHERE)]]) }, {});
  await send(third, fourth);
  expect(await complete(...own)).toEqual([false, false, false, false]);
});

test('law 1: links of an alias lead on from key to key, those of a sign-in do not, and links in a circle end', async () => {
  const world = await joinedWorld();
  const link = (from: string, to: string, number: number, merges = true) =>
    encodeMessage(
      {
        kind: 'link',
        to: from,
        link: { id: `${to}\nat y`, to, ts: NOON, version: `${number}`, receivedAt: NOON, ...(merges && { merges }) },
      },
      { from: 2, ...NUMBERED },
    );
  await append(world, 'ada', link('ada', 'mallory', 2, false));
  const owner = async (key: string) => (await world.get(`/v1/users/${key}/keys`)).body.owner;
  // Who signs in with the id of a user as an anonymous one becomes not that user.
  expect([await owner('ada'), await owner('cookie')]).toEqual(['ada', 'ada']);
  await append(world, 'ada', link('ada', 'eve', 3));
  expect(await owner('cookie')).toBe('eve');
  await append(world, 'eve', link('eve', 'cookie', 4));
  const owners = [];
  for (const key of ['cookie', 'ada', 'eve']) owners.push(await owner(key));
  expect(owners).toEqual(['eve', 'cookie', 'cookie']);
});

test('keys of a person are listed with what links them, under either', async () => {
  const world = await joinedWorld();
  const keys = [{ userId: 'cookie', since: null, events: 1 }];
  const links = [{ userId: 'ada', since: NOON - MINUTE_MS, receivedAt: NOON - 1, undone: false }];
  const ofCookie = KeysAnswer.parse((await world.get('/v1/users/cookie/keys')).body);
  expect(ofCookie).toMatchObject({ userId: 'cookie', owner: 'ada', links, keys });
  expect((await world.get('/v1/users/ada/keys')).body).toMatchObject({ userId: 'ada', owner: 'ada', links: [], keys });
  const apart = await createWorld();
  expect((await apart.get('/v1/users/cookie/keys')).body).toMatchObject({ owner: 'cookie', links: [], keys: [] });
});

test('law 9: an erasure takes the keys of a person, and no other user whom they named', async () => {
  const world = await joinedWorld();
  const sign = event({ type: 'identify', id: 'sign', ts: NOON, userId: 'mallory', anonymousId: 'ada' });
  const merge = event({ type: 'alias', id: 'merge', ts: NOON, userId: 'ada', properties: { previousId: 'old-ada' } });
  await append(world, 'mallory', encodeEvent(sign));
  await append(world, 'ada', encodeEvent(merge), encodeEvent({ ...sign, userId: 'ada', id: 'first', anonymousId: 'cookie' }));
  await append(world, 'old-ada', encodeEvent({ ...BUY, userId: 'old-ada' }));
  await world.tick();
  const erased = async (user: string) => {
    const before = world.appended.length;
    await world.drop(`/v1/users/${user}`);
    return world.appended
      .slice(before)
      .flatMap(({ body }) => body.split('\n').map((line) => userKeyOf(JSON.parse(line) as Event)));
  };
  expect(await erased('mallory')).toEqual(['mallory']);
  expect((await erased('ada')).sort()).toEqual(['ada', 'cookie', 'old-ada']);
});

test('laws 1 and 3: who may administer links a key and undoes that, as an event of the user, and no other key does', async () => {
  const world = await joinedWorld();
  const linked = await world.post('/v1/users/ada/links', { key: 'tab/let' }, ADMIN);
  expect(linked).toMatchObject({ status: 202, body: { userId: 'ada', key: 'tab/let', at: NOON } });
  const undone = await world.drop('/v1/users/ada/links/tab%2Flet');
  expect(undone).toMatchObject({ status: 202, body: { userId: 'ada', key: 'tab/let' } });
  const partition = partitionOf('ada', PARTITIONS);
  expect(world.appended.map((one) => [one.partition, one.kind])).toEqual([
    [partition, 'events'],
    [partition, 'events'],
  ]);
  const said = world.appended.map(({ body }) => {
    const read = decodeLine(body, partition, PARTITIONS, NOON);
    if (!read.ok) throw new Error(read.message);
    return read.event;
  });
  expect(said.map(({ id, keyId, source }) => [id, keyId, source])).toEqual(
    [linked, undone].map(({ body }) => [body.eventId, 'ta_admin', 'tributary']),
  );
  expect(said.flatMap((one) => linksOf(one, '7'))).toMatchObject([
    { kind: 'link', to: 'tab/let', link: { to: 'ada', merges: true } },
    { kind: 'unlink', to: 'tab/let', from: 'ada', version: '7' },
  ]);
  expect(world.actions.join('\n')).toMatch(/is linked.*\n.*is unlinked/);
  expect(world.actions.join('\n')).not.toContain('tab/let');
  for (const key of [READ, 'Bearer tw_writer_x']) {
    expect((await world.post('/v1/users/ada/links', { key: 'tablet' }, key)).status).toBe(403);
    expect((await world.drop('/v1/users/ada/links/tablet', key)).status).toBe(403);
  }
  expect(world.appended).toHaveLength(2);
});

test('a link that could not count is refused with a sentence: where keys are not joined, of one key alone, or of an erased one', async () => {
  const apart = await createWorld();
  const refused = [
    await apart.post('/v1/users/ada/links', { key: 'cookie' }, ADMIN),
    await apart.drop('/v1/users/ada/links/cookie'),
  ];
  for (const { status, body } of refused) {
    expect([status, body.detail]).toEqual([409, expect.stringContaining('must join keys')]);
    expect(body.fix).toContain('Set "identity" in the definitions');
  }
  const world = await joinedWorld();
  const same = await world.post('/v1/users/ada/links', { key: 'ada' }, ADMIN);
  expect(same).toMatchObject({
    status: 400,
    body: { detail: 'key must be another one than that of the user (got "ada" twice)' },
  });
  expect((await world.post('/v1/users/ada/links', {}, ADMIN)).status).toBe(400);
  const erased = partitionOf('cookie', PARTITIONS);
  await world.commit(erased, {}, { ...world.states[erased], erased: [digestOf('cookie')] });
  await world.tick();
  for (const [user, key] of [
    ['ada', 'cookie'],
    ['cookie', 'ada'],
  ]) {
    const { status, body } = await world.post(`/v1/users/${user}/links`, { key }, ADMIN);
    expect([status, body.detail]).toEqual([409, expect.stringContaining('must not be erased')]);
    expect(body.fix).toContain('Lift the erasure first');
  }
  expect([...apart.appended, ...world.appended]).toEqual([]);
});

test('laws 1 and 7: features of a key that is linked are those of its owner, in whichever partition the owner lies', async () => {
  expect(partitionOf('cookie', PARTITIONS)).not.toBe(partitionOf('ada', PARTITIONS));
  const world = await joinedWorld();
  const ask = async (...user: string[]) => {
    const { body } = await world.post('/get-online-features', { entities: { user }, features: ['all', 'idle'] });
    return body.results.slice(1).map(({ values, statuses }: Record<string, unknown>) => ({ values, statuses }));
  };
  // The log is not ahead of this server's clock.
  world.advance(2);
  const idleMs = world.deps.now() - BUY.ts;
  for (const laterMs of [0, 7]) {
    world.advance(laterMs);
    expect(await ask('cookie')).toEqual([
      { values: [2], statuses: ['PRESENT'] },
      { values: [idleMs + laterMs], statuses: ['PRESENT'] },
    ]);
  }
  expect((await ask('cookie', 'ada'))[0]).toEqual({ values: [2, 2], statuses: ['PRESENT', 'PRESENT'] });
});
