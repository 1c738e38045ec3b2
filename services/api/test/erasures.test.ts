/** Erasing users over HTTP: what the log gets, and what a receipt says at each moment. */
import type { GenerationManifest } from '@tributary/archive/layout';
import type { Event } from '@tributary/model/event';
import { partitionOf } from '@tributary/model/user-key';
import { expect, test } from 'vitest';
import { digestOf } from './memory-erasures.ts';
import { ADMIN, createWorld, NOON, PARTITIONS, READ } from './world.ts';

type World = Awaited<ReturnType<typeof createWorld>>;
type Shown = {
  id: string;
  state: string;
  generation: number | null;
  bytes: { gone: boolean; places: { place: string; state: string }[] };
};

const P = partitionOf('ada', PARTITIONS);
const order = (id: string, userId: string): Event => ({
  ...{ ts: NOON, type: 'purchase', id, userId, receivedAt: NOON, source: 'test' },
  ...{ value: 100, currency: 'EUR' },
});

async function worldOf(options: Parameters<typeof createWorld>[0] = {}): Promise<World> {
  const world = await createWorld(options);
  await world.ingest(order('order-1', 'ada'));
  await world.ingest(order('order-2', 'eve'));
  await world.cut(1);
  await world.publish(1);
  await world.tick();
  return world;
}

/** What the speed layer makes of a record: its user is refused from here on, or not any longer. */
const reads = (world: World, erased: readonly string[]) =>
  world.commit(P, { rewrites: new Map([['ada', '']]) }, { ...world.states[P], erased });

async function recompute(world: World, generation: number, cut = '9'): Promise<void> {
  await world.cut(generation, false);
  const manifest = world.manifests.get(generation);
  if (manifest !== undefined)
    world.manifests.set(generation, { ...manifest, erased: [digestOf('ada')], cut: manifest.cut.map(() => cut) });
  await world.publish(generation);
  await world.tick();
}

const receiptOf = async (world: World, id: string): Promise<Shown> => (await world.get(`/v1/erasures/${id}`, ADMIN)).body.erasure;
const placesWithout = ({ bytes }: Shown) =>
  bytes.places.filter(({ state }) => state === 'writtenWithout').map(({ place }) => place);

test('law 9: a receipt says at each moment what is true of it, and never that bytes are gone', async () => {
  const world = await worldOf();
  const asked = await world.drop('/v1/users/ada?reason=request%204711');
  expect(asked.status).toBe(202);
  const [erasure] = asked.body.erasures as Shown[];
  const { id } = erasure as Shown;
  expect(erasure).toMatchObject({ state: 'recorded', by: 'key ta_admin', reason: 'request 4711', generation: null });
  expect(world.appended).toEqual([{ partition: P, kind: 'events', body: expect.stringContaining('"type":"tributary.erase"') }]);
  expect(JSON.parse(world.appended[0]?.body ?? '')).toMatchObject({ userId: 'ada', id });
  expect(JSON.stringify(erasure)).not.toContain('ada');
  const user = { user: 'ada' };
  expect((await world.post(`/v1/erasures/${id}/lift`, user, ADMIN)).status).toBe(409);

  await reads(world, [digestOf('ada')]);
  expect(await receiptOf(world, id)).toMatchObject({ state: 'notCounted', generation: null, bytes: { gone: false } });
  expect(placesWithout(await receiptOf(world, id))).toEqual(['record', 'segments']);
  expect((await world.post(`/v1/erasures/${id}/lift`, user, ADMIN)).status).toBe(409);

  await recompute(world, 2);
  expect(await receiptOf(world, id)).toMatchObject({ state: 'recomputed', generation: 2, bytes: { gone: false } });
  // The generation of before is kept, for a rollback.
  expect(placesWithout(await receiptOf(world, id))).toEqual(['record', 'segments']);
  const first = world.manifests.get(1);
  if (first !== undefined) world.manifests.set(1, { ...first, state: 'retired' });
  expect(placesWithout(await receiptOf(world, id))).toEqual(['record', 'segments', 'generations']);
  // Whose conversions real time counted is known until nothing is left of the generations from before, which no manifest may name.
  world.manifests.delete(1);
  expect(placesWithout(await receiptOf(world, id))).not.toContain('conversionIndex');
  if (first !== undefined) world.manifests.set(1, { ...first, state: 'retired' });
  await world.deps.store.retireDeltas(1);
  expect(placesWithout(await receiptOf(world, id))).not.toContain('conversionIndex');
  await world.deps.store.retireDeltas(2);
  expect(placesWithout(await receiptOf(world, id))).toEqual(['record', 'conversionIndex', 'segments', 'generations']);
  const placed = async (name: string) => (await receiptOf(world, id)).bytes.places.find(({ place }) => place === name)?.state;
  const archived = () => placed('archive');
  // The cut of the generation is at '9', in each partition; what is declared dropped may be there for a while.
  const others = new Array<string>(PARTITIONS).fill('99');
  for (const [starts, hasDropped, state] of [
    [others.with(P, '8'), true, 'mayHold'],
    [others.with(P + 1, '8'), true, 'mayHold'],
    [others.with(P, '9'), false, 'mayHold'],
    [others.with(P, '9'), true, 'searched'],
  ] as const) {
    Object.assign(world.deps.logReach, { starts: async () => starts, hasDropped: async () => hasDropped });
    expect(await placed('log')).toBe(state);
  }
  Object.assign(world.deps.logReach, { starts: () => Promise.reject(new Error('the log is away')) });
  expect(await placed('log')).toBe('mayHold');
  const forgotten = {
    generation: 2,
    erased: [digestOf('ada')],
    lifted: {},
    lastSegment: [],
    cut: new Array(PARTITIONS).fill('9'),
  };
  for (const [searchedAt, cut, state] of [
    [null, '9', 'mayHold'],
    [NOON, '0', 'mayHold'],
    [NOON, '9', 'searched'],
  ] as const) {
    Object.assign(world.deps.erasures, {
      forgotten: async () => ({ ...forgotten, searchedAt, cut: forgotten.cut.map(() => cut) }),
    });
    expect(await archived()).toBe(state);
  }
  // Files of this partition that were replaced still stand, from before the record or after it.
  for (const [partition, after, state] of [
    [P, null, 'mayHold'],
    [P, '0', 'mayHold'],
    [P, '8', 'searched'],
    [P + 1, null, 'searched'],
  ] as const) {
    Object.assign(world.deps.erasures, {
      forgotten: async () => ({ ...forgotten, searchedAt: NOON, replaced: [{ path: 'a', partition, after }] }),
    });
    expect(await archived()).toBe(state);
  }
  // Dead letters may be of any partition too: a generation without the user was read in each before they were looked at.
  for (const [generation, partitions, state] of [
    [1, PARTITIONS, 'mayHold'],
    [2, PARTITIONS - 1, 'mayHold'],
    [9, PARTITIONS, 'mayHold'],
    [2, PARTITIONS, 'searched'],
  ] as const) {
    const { states } = world.deps.store;
    const noted = async () =>
      (await states()).map((one, partition) => one && { ...one, ...(partition < partitions && { lettersWithout: generation }) });
    Object.assign(world.deps.store, { states: noted });
    expect(await placed('deadLetters'), `${generation} in ${partitions}`).toBe(state);
    Object.assign(world.deps.store, { states });
  }
  // Records that are not events may be of any partition. A version of before did not look at them.
  for (const [ofDead, path, state] of [
    [true, 'archive/events/date=2026-11/p00-000000-a.parquet', 'searched'],
    [true, 'archive/dead/p00-000000-a.ndjson', 'mayHold'],
    [undefined, 'archive/events/date=2026-11/p00-000000-a.parquet', 'mayHold'],
  ] as const) {
    const replaced = [{ path, partition: P + 1, after: null }];
    Object.assign(world.deps.erasures, { forgotten: async () => ({ ...forgotten, searchedAt: NOON, replaced, ofDead }) });
    expect(await placed('deadRecords')).toBe(state);
  }

  expect(await world.post(`/v1/erasures/${id}/lift`, { user: 'eve' }, ADMIN)).toMatchObject({ status: 400 });
  const lifted = await world.post(`/v1/erasures/${id}/lift`, user, ADMIN);
  expect(lifted).toMatchObject({ status: 202, body: { erasure: { state: 'lifting', lifted: { by: 'key ta_admin' } } } });
  expect(JSON.parse(world.appended[1]?.body ?? '')).toMatchObject({ type: 'tributary.lift', userId: 'ada', id });
  await reads(world, []);
  expect((await receiptOf(world, id)).state).toBe('lifted');
  expect((await world.post(`/v1/erasures/${id}/lift`, user, ADMIN)).status).toBe(409);
  expect(world.actions.filter((action) => action.includes('eras'))).toHaveLength(2);
  expect(world.actions.join()).not.toContain('ada');
});

test('law 9: asked again it is the same erasure, which the log gets again, and after a lift another one', async () => {
  const world = await worldOf();
  const ids = async () => ((await world.drop('/v1/users/ada')).body.erasures as Shown[]).map(({ id }) => id);
  const first = await ids();
  const recorded = async () => (await world.deps.erasures.read(first[0] as string)).recorded?.position;
  const lost = await recorded();
  world.advance(60_000);
  expect(await ids()).toEqual(first);
  expect(world.appended).toHaveLength(2);
  // The log may have lost the first record: what came before the second one may count.
  const inForce = await recorded();
  expect(inForce).not.toBe(lost);
  await reads(world, [digestOf('ada')]);
  expect(await ids()).toEqual(first);
  expect(await recorded()).toBe(inForce);
  await recompute(world, 2, '3');
  await world.post(`/v1/erasures/${first[0]}/lift`, { user: 'ada' }, ADMIN);
  await reads(world, []);
  const second = await ids();
  expect(second).not.toEqual(first);
  // The generation knows the digest of the first one.
  await reads(world, [digestOf('ada')]);
  expect(await receiptOf(world, second[0] as string)).toMatchObject({ state: 'notCounted', generation: null });
  const page = await world.get('/v1/erasures?limit=1', ADMIN);
  expect(page.body.erasures.map(({ id }: Shown) => id)).toEqual(second);
  const next = await world.get(`/v1/erasures?limit=1&cursor=${encodeURIComponent(page.body.nextCursor)}`, ADMIN);
  expect(next.body).toMatchObject({ erasures: [{ id: first[0], state: 'lifted' }], nextCursor: null });
  expect((await world.get('/v1/erasures?user=eve', ADMIN)).body.erasures).toEqual([]);
  expect((await world.get('/v1/erasures?user=ada', ADMIN)).body.erasures).toHaveLength(2);
});

test('law 9: where it is not known whether the log has it, a receipt says so until it is asked again', async () => {
  let fails = true;
  const world = await worldOf();
  const { append } = world.deps;
  Object.assign(world.deps, {
    append: (...asked: Parameters<typeof append>) => (fails ? Promise.reject(new Error('down')) : append(...asked)),
  });
  expect((await world.post('/v1/erasures', { users: ['ada', 'eve', 'ada'] }, ADMIN)).status).toBe(500);
  const states = async () => ((await world.get('/v1/erasures', ADMIN)).body.erasures as Shown[]).map(({ state }) => state);
  expect(await states()).toEqual(['requested', 'requested']);
  fails = false;
  expect((await world.post('/v1/erasures', { users: ['ada', 'eve', 'ada'] }, ADMIN)).body.erasures).toHaveLength(2);
  expect(await states()).toEqual(['recorded', 'recorded']);
});

test('law 9: an erasure that real time has passed without refusing anything is to be asked for again, and is the same one', async () => {
  const world = await worldOf();
  const [{ id }] = (await world.drop('/v1/users/ada')).body.erasures as [Shown];
  expect(await receiptOf(world, id)).toMatchObject({ state: 'recorded' });
  const { erasures } = world.deps;
  const position = world.states[P]?.position ?? '';
  await erasures.write({ ...(await erasures.read(id)), recorded: { at: NOON, position } });
  expect(await receiptOf(world, id)).toMatchObject({ state: 'requested' });
  expect((await world.drop('/v1/users/ada')).body.erasures).toMatchObject([{ id, state: 'recorded' }]);
  expect(world.appended).toHaveLength(2);
  expect((await erasures.read(id)).recorded?.position).not.toBe(position);
  await reads(world, [digestOf('ada')]);
  await erasures.write({ ...(await erasures.read(id)), recorded: { at: NOON, position } });
  expect(await receiptOf(world, id)).toMatchObject({ state: 'notCounted' });
});

test('law 9: conversions of an erased user are neither listed nor explained, though the generation still has them', async () => {
  const world = await worldOf();
  const listed = async () =>
    ((await world.get('/v1/conversion-list')).body.conversions as { id: string }[]).map(({ id }) => id).sort();
  expect(await listed()).toEqual(['order-1', 'order-2']);
  expect((await world.get('/v1/conversions/order-1')).status).toBe(200);
  await reads(world, [digestOf('ada')]);
  await world.tick();
  expect(await listed()).toEqual(['order-2']);
  expect((await world.get('/v1/conversions/order-1')).status).toBe(404);
  expect((await world.get('/v1/conversions/order-1?user=ada')).status).toBe(404);
  expect((await world.get('/v1/conversions/order-2')).status).toBe(200);
});

test('law 9: a cursor of the list of conversions names no erased user, and pages of any size have all others', async () => {
  const world = await createWorld();
  const users = ['u1', 'gone', 'u2', 'gone', 'gone', 'u3'];
  for (const [i, userId] of users.entries()) await world.ingest({ ...order(`order-${i}`, userId), ts: NOON - (9 - i) * 60_000 });
  await world.cut(1);
  await world.publish(1);
  const partition = partitionOf('gone', PARTITIONS);
  await world.commit(partition, {}, { ...world.states[partition], erased: [digestOf('gone')] });
  await world.tick();
  for (const limit of [1, 2, 3, 10]) {
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { body } = await world.get(`/v1/conversion-list?limit=${limit}${cursor === '' ? '' : `&cursor=${cursor}`}`);
      seen.push(...body.conversions.map(({ id }: { id: string }) => id));
      cursor = body.nextCursor;
      expect(Buffer.from(cursor ?? '', 'base64url').toString()).not.toContain('gone');
    }
    expect(seen).toEqual(['order-5', 'order-2', 'order-0']);
  }
});

test('law 9: a conversion id that an erased user shares with another is that of the other', async () => {
  const world = await createWorld();
  for (const userId of ['ada', 'eve']) await world.ingest(order('order-1', userId));
  await world.cut(1);
  await world.publish(1);
  // The index of real time keeps whose it was until the generations of before are retired.
  Object.assign(world.deps.store, { findConversions: async () => [{ partition: P, userKey: 'ada' }] });
  await world.tick();
  expect((await world.get('/v1/conversions/order-1')).body).toMatchObject({ userId: 'ada' });
  await reads(world, [digestOf('ada')]);
  await world.tick();
  const { body } = await world.get('/v1/conversions/order-1');
  expect(body).toMatchObject({ userId: 'eve', meta: { warnings: [] } });
});

test('law 9: where the store lacks the state of a partition, what a generation has of its users is not listed, explained or exported', async () => {
  const world = await worldOf();
  const { states } = world.deps.store;
  Object.assign(world.deps.store, {
    states: async () => (await states()).map((state, partition) => (partition === P ? null : state)),
  });
  await world.tick();
  for (const path of ['/v1/conversion-list', '/v1/conversions/order-1', '/v1/conversions/order-1?user=ada'])
    expect(await world.get(path)).toMatchObject({
      status: 503,
      body: { code: 'not_ready', detail: expect.stringContaining(`of partition ${P} are erased must be known`) },
    });
  expect((await world.get('/v1/conversion-list?user=eve')).body.conversions).toHaveLength(1);
});

test('law 9: a partition whose first commit came after the last look is known at once', async () => {
  const world = await createWorld();
  await world.tick();
  await world.ingest(order('order-1', 'ada'));
  expect((await world.get('/v1/conversions/order-1')).status).toBe(200);
});

test('erasures need an admin key, and room among those in force', async () => {
  const world = await worldOf();
  expect((await world.drop('/v1/users/ada', READ)).status).toBe(403);
  expect((await world.get('/v1/erasures')).status).toBe(403);
  expect((await world.get('/v1/erasures/erasure-mwb5i8cg-5f0c1d3b7a9e4f2086d1c3b5a7e9f001', ADMIN)).status).toBe(404);
  await reads(
    world,
    Array.from({ length: 10_000 }, (_, i) => i.toString(16).padStart(32, '0')),
  );
  const refused = await world.drop('/v1/users/ada');
  expect(refused).toMatchObject({
    status: 409,
    body: { detail: expect.stringContaining('at most 10000 in a partition (got 10001') },
  });
  expect(world.appended).toEqual([]);
});

test('law 9: a receipt that was lifted says nothing of a newer erasure, and cannot lift it before a generation lacks the user', async () => {
  const world = await worldOf();
  const erase = async () => ((await world.drop('/v1/users/ada')).body.erasures as Shown[])[0]?.id ?? '';
  const first = await erase();
  await reads(world, [digestOf('ada')]);
  await recompute(world, 2, '3');
  await world.post(`/v1/erasures/${first}/lift`, { user: 'ada' }, ADMIN);
  await reads(world, []);
  world.advance(60_000);
  const second = await erase();
  await reads(world, [digestOf('ada')]);
  expect((await receiptOf(world, first)).state).toBe('lifted');
  // As a client that lost the answer would ask again.
  const again = await world.post(`/v1/erasures/${first}/lift`, { user: 'ada' }, ADMIN);
  expect(again).toMatchObject({ status: 409, body: { detail: expect.stringContaining(`Name ${second}`) } });
  expect((await receiptOf(world, second)).state).toBe('notCounted');
  expect(world.appended.filter(({ body }) => body.includes('tributary.lift'))).toHaveLength(1);
});

test('users who were lifted are bounded, as each generation names them', async () => {
  const world = await worldOf();
  const [{ id }] = (await world.drop('/v1/users/ada')).body.erasures as [Shown];
  await reads(world, [digestOf('ada')]);
  await recompute(world, 2);
  const place = { position: '1', entryIndex: 0 };
  const knows = (lifted: number, more: object = {}) => {
    const all = Array.from({ length: lifted }, (_, i) => [i.toString(16).padStart(32, '0'), place]);
    world.manifests.set(2, {
      ...(world.manifests.get(2) as GenerationManifest),
      lifted: { ...Object.fromEntries(all), ...more },
    });
  };
  const lift = () => world.post(`/v1/erasures/${id}/lift`, { user: 'ada' }, ADMIN);
  knows(10_000);
  expect(await lift()).toMatchObject({ status: 409, body: { detail: expect.stringContaining('at most 10000 (got 10001)') } });
  expect(world.appended).toHaveLength(1);
  knows(9_999);
  expect((await lift()).status).toBe(202);
  // Asked again, it is the same lift.
  knows(10_000, { [digestOf('ada')]: place });
  expect((await lift()).status).toBe(202);
});

test('law 9: a lift ends every receipt that two requests at once left of one user, and waits until a generation lacks the user for each', async () => {
  const world = await worldOf();
  const { ids } = world.deps.erasures;
  Object.assign(world.deps.erasures, { ids: async () => [] });
  const erase = async () => ((await world.drop('/v1/users/ada')).body.erasures as Shown[])[0]?.id ?? '';
  const first = await erase();
  world.advance(1);
  const second = await erase();
  world.advance(1);
  // A request of which the log has nothing does not hold up the others.
  const { append } = world.deps;
  Object.assign(world.deps, { append: () => Promise.reject(new Error('down')) });
  expect((await world.drop('/v1/users/ada')).status).toBe(500);
  Object.assign(world.deps, { append });
  Object.assign(world.deps.erasures, { ids });
  const [third = ''] = await ids(digestOf('ada'));
  expect(new Set([first, second, third]).size).toBe(3);
  await world.drop('/v1/users/ada');
  const lift = () => world.post(`/v1/erasures/${third}/lift`, { user: 'ada' }, ADMIN);
  await reads(world, [digestOf('ada')]);
  expect((await lift()).status).toBe(409);
  await recompute(world, 2);
  const { read } = world.deps.erasures;
  const late = { at: NOON, position: '99' };
  Object.assign(world.deps.erasures, {
    read: async (id: string) => ({ ...(await read(id)), ...(id === first && { recorded: late }) }),
  });
  expect((await lift()).body.detail).toContain('got notCounted');
  Object.assign(world.deps.erasures, { read });
  expect((await lift()).status).toBe(202);
  await reads(world, []);
  for (const id of [first, second, third])
    expect(await receiptOf(world, id)).toMatchObject({ state: 'lifted', lifted: { by: 'key ta_admin' } });
});

test('a request of 1000 users asks for the list of receipts as often as one of one user, and no entry is larger than a topic takes', async () => {
  const world = await worldOf({ partitions: 1, limits: { bodyBytes: 2_000_000 } });
  const { ids } = world.deps.erasures;
  let lists = 0;
  Object.assign(world.deps.erasures, {
    ids(digest?: string) {
      lists++;
      return ids(digest);
    },
  });
  await world.drop('/v1/users/ada');
  const ofOne = lists;
  const users = Array.from({ length: 1_000 }, (_, i) => `${i}`.padEnd(256, '\u8a9e'));
  const asked = await world.post('/v1/erasures', { users }, ADMIN);
  expect(asked.status).toBe(202);
  expect(asked.body.erasures).toHaveLength(1_000);
  expect(lists - ofOne).toBe(ofOne);
  expect(world.appended.flatMap(({ body }) => body.split('\n'))).toHaveLength(1_001);
  expect(Math.max(...world.appended.map(({ body }) => Buffer.byteLength(body)))).toBeLessThan(200_000);
});

test('law 9: once an erasure is lifted, readers get no generation from before it again', async () => {
  const world = await worldOf();
  const [{ id }] = (await world.drop('/v1/users/ada')).body.erasures as [Shown];
  await reads(world, [digestOf('ada')]);
  await recompute(world, 2);
  const move = (generation: number, how: string) => world.post(`/v1/generations/${generation}/${how}`, {}, ADMIN);
  // While it is in force, real time refuses what came before.
  expect([(await move(1, 'rollback')).status, (await move(2, 'publish')).status]).toEqual([200, 200]);
  await world.tick();
  expect((await world.post(`/v1/erasures/${id}/lift`, { user: 'ada' }, ADMIN)).status).toBe(202);
  const refused = { status: 409, body: { detail: expect.stringContaining('lifted since (got 1)') } };
  for (const how of ['rollback', 'publish']) expect(await move(1, how)).toMatchObject(refused);
  // A generation has the lift as well, and a folder that was restored may lack the receipt.
  const lifted = { [digestOf('ada')]: { position: '5', entryIndex: 0 } };
  const { erased: _, ...second } = world.manifests.get(2) as GenerationManifest;
  world.manifests.set(2, { ...second, lifted });
  Object.assign(world.deps.erasures, { ids: async () => [] });
  for (const how of ['rollback', 'publish']) expect(await move(1, how)).toMatchObject(refused);
  // One that has the same lift counts what came after it alone.
  world.manifests.set(1, { ...(world.manifests.get(1) as GenerationManifest), lifted });
  expect((await move(1, 'rollback')).status).toBe(200);
});
