/** An erasure is lifted while readers go back to a generation from before it: of both at once, at most one is done. */
import type { Receipt } from '@tributary/archive/erasures';
import type { GenerationManifest, Publication } from '@tributary/archive/layout';
import { partitionOf } from '@tributary/model/user-key';
import { beforeEach, expect, test, vi } from 'vitest';
import { digestOf } from './memory-erasures.ts';
import { ADMIN, createWorld, NOON, PARTITIONS, type World } from './world.ts';

const P = partitionOf('ada', PARTITIONS);
let world: World;
let id: string;
/** Generation 1 has the user, 2 was computed without them and is what readers get. */
beforeEach(async () => {
  world = await createWorld();
  const order = { ts: NOON, type: 'purchase', receivedAt: NOON, source: 'test', value: 100, currency: 'EUR' };
  await world.ingest({ ...order, id: 'order-1', userId: 'ada' });
  await world.cut(1);
  await world.publish(1);
  await world.tick();
  [{ id }] = (await world.drop('/v1/users/ada')).body.erasures as [{ id: string }];
  await world.commit(P, { rewrites: new Map([['ada', '']]) }, { ...world.states[P], erased: [digestOf('ada')] });
  await world.cut(2, false);
  const second = world.manifests.get(2);
  if (second !== undefined) world.manifests.set(2, { ...second, erased: [digestOf('ada')], cut: second.cut.map(() => '9') });
  await world.publish(2);
  await world.tick();
});

const rollback = () => world.post('/v1/generations/1/rollback', {}, ADMIN);
const lift = () => world.post(`/v1/erasures/${id}/lift`, { user: 'ada' }, ADMIN);
const published = async () => (await world.deps.source.publication())?.generation;
const lines = () => world.appended.flatMap(({ body }) => body.split('\n'));
/** What another process does with the receipt. */
const lifted = async (by: string) => {
  const { erasures } = world.deps;
  await erasures.write({ ...(await erasures.read(id)), lifted: { at: NOON, by } });
};
/** Before and after the first publication that the API makes. */
function aroundPublish(before: () => Promise<unknown>, after: () => Promise<unknown> = async () => {}): void {
  const { source } = world.deps;
  const own = source.publish;
  let isFirst = true;
  Object.assign(source, {
    publish: async (...args: Parameters<typeof own>) => {
      if (!isFirst) return own(...args);
      isFirst = false;
      await before();
      const publication = await own(...args);
      await after();
      return publication;
    },
  });
}
/** Before the first receipt that the API writes. */
function beforeWrite(work: () => Promise<unknown>): void {
  const { erasures } = world.deps;
  const own = erasures.write;
  Object.assign(erasures, {
    write: async (receipt: Receipt) => {
      Object.assign(erasures, { write: own });
      await work();
      await own(receipt);
    },
  });
}

test('law 9: lifted right before an older generation is published, readers get back what they had', async () => {
  aroundPublish(() => lifted('another process'));
  expect(await rollback()).toMatchObject({ status: 409, body: { detail: expect.stringContaining('lifted since (got 1)') } });
  expect(await published()).toBe(2);
  expect((await world.get('/v1/publications', ADMIN)).body.publications[0]).toMatchObject({
    ...{ generation: 2, action: 'publish', held: false },
    why: 'taken back: an erasure was lifted meanwhile',
  });
});

test('law 9: an older generation is published right before the lift is written, and the erasure stays in force', async () => {
  const { erasures } = world.deps;
  beforeWrite(async () => expect((await rollback()).status).toBe(200));
  expect(await lift()).toMatchObject({ status: 409, body: { detail: expect.stringContaining('got notCounted') } });
  expect((await erasures.read(id)).lifted).toBeNull();
  expect([await published(), lines().length]).toEqual([1, 1]);
  // Readers go forward again, and it can be.
  expect((await world.post('/v1/generations/2/publish', {}, ADMIN)).status).toBe(200);
  await world.tick();
  expect([(await lift()).status, lines().length]).toEqual([202, 2]);
  expect((await rollback()).status).toBe(409);
});

const sinceLifted = { status: 409, body: { detail: expect.stringContaining('lifted since (got 1)') } };

test('law 9: a lift that died before it looked what is published looks when it is asked again', async () => {
  const { source } = world.deps;
  const own = source.publication;
  beforeWrite(async () => {
    expect((await rollback()).status).toBe(200);
    Object.assign(source, { publication: () => Promise.reject(new Error('killed')) });
  });
  expect((await lift()).status).toBe(500);
  Object.assign(source, { publication: own });
  expect((await world.deps.erasures.read(id)).lifted).not.toBeNull();
  for (const _ of [1, 2])
    expect(await lift()).toMatchObject({ status: 409, body: { detail: expect.stringContaining('got notCounted') } });
  expect([await published(), lines().length]).toEqual([1, 1]);
  // Not what another request wrote down.
  expect((await world.deps.erasures.read(id)).lifted).not.toBeNull();
  expect((await world.post('/v1/generations/2/publish', {}, ADMIN)).status).toBe(200);
  expect([(await lift()).status, lines().length]).toEqual([202, 2]);
});

test('a lift is asked for again where a generation has it before real time does', async () => {
  expect((await lift()).status).toBe(202);
  await world.cut(3, false);
  const third = world.manifests.get(3) as GenerationManifest;
  world.manifests.set(3, {
    ...third,
    cut: third.cut.map(() => '91'),
    lifted: { [digestOf('ada')]: { position: '90', entryIndex: 0 } },
  });
  expect((await world.post('/v1/generations/3/publish', {}, ADMIN)).status).toBe(200);
  expect((await lift()).status).toBe(202);
  // One from before this erasure says nothing of it.
  world.manifests.set(3, { ...third, lifted: { [digestOf('ada')]: { position: '0', entryIndex: 0 } } });
  expect((await lift()).status).toBe(409);
});

test('law 9: of two lifts of one user at once, the one that is refused leaves the end that the other one wrote before it', async () => {
  const { erasures } = world.deps;
  const own = erasures.forgotten;
  const held = Promise.withResolvers<undefined>();
  let isFirst = true;
  Object.assign(erasures, {
    forgotten: () => {
      if (!isFirst) return own();
      isFirst = false;
      return held.promise;
    },
  });
  const second = lift();
  await vi.waitFor(() => expect(isFirst).toBe(false));
  aroundPublish(
    async () => expect((await lift()).status).toBe(202),
    async () => {
      held.resolve(undefined);
      world.advance(1);
      expect(await second).toMatchObject({ status: 409, body: { detail: expect.stringContaining('got notCounted') } });
    },
  );
  expect(await rollback()).toMatchObject(sinceLifted);
  expect([await published(), lines().length]).toEqual([2, 2]);
  expect((await erasures.read(id)).lifted).toMatchObject({ at: NOON });
});

test('law 9: of two lifts of one user at once, the one that is refused leaves the end that the other one wrote after it', async () => {
  const { source } = world.deps;
  const own = source.publication;
  beforeWrite(async () => {
    expect((await rollback()).status).toBe(200);
    Object.assign(source, {
      publication: async () => {
        await lifted('another process');
        return own();
      },
    });
  });
  expect((await lift()).status).toBe(409);
  expect((await world.deps.erasures.read(id)).lifted).toEqual({ at: NOON, by: 'another process' });
});

test('law 9: readers get back what they had, though the generation was published once more meanwhile, as retirement does it', async () => {
  const { source } = world.deps;
  let more = 3;
  aroundPublish(
    () => lifted('another process'),
    async () => {
      const own = source.publish;
      Object.assign(source, {
        publish: async (...args: Parameters<typeof own>) => {
          const newest = world.publications.at(-1) as Publication;
          if (more-- > 0) world.publications.push({ ...newest, sequence: newest.sequence + 1 });
          return own(...args);
        },
      });
    },
  );
  expect(await rollback()).toMatchObject(sinceLifted);
  expect([await published(), more]).toEqual([2, -1]);
});

test('law 9: another generation that was published meanwhile stays', async () => {
  aroundPublish(
    () => lifted('another process'),
    () => world.publish(3),
  );
  expect(await rollback()).toMatchObject(sinceLifted);
  expect([await published(), world.publications.length]).toEqual([3, 4]);
});

test('law 9: a rollback that was killed before it looked for lifts gives readers back what they had once it is asked for again', async () => {
  // Where publications were lost, the pointer is ahead of those that are there.
  for (const [how, ahead] of [
    ['rollback', 0],
    ['publish', 9],
  ] as const) {
    const { sequence } = world.publications.at(-1) as Publication;
    // Killed right behind its publication, with the lift written since it had looked.
    world.publications.push({ sequence: sequence + 1, generation: 1, action: 'rollback', held: true, at: NOON, by: 'killed' });
    await lifted('another process');
    await world.deps.store.setPointer({ sequence: sequence + 1 + ahead, generation: 1 });
    expect(await world.post(`/v1/generations/1/${how}`, {}, ADMIN)).toMatchObject(sinceLifted);
    expect(world.publications.at(-1)).toMatchObject({
      generation: 2,
      action: 'publish',
      held: false,
      sequence: sequence + 2 + ahead,
    });
  }
});

test('law 9: readers get back what they had where receipts cannot be read once an older generation is published', async () => {
  const { erasures } = world.deps;
  const own = erasures.read;
  aroundPublish(async () => Object.assign(erasures, { read: () => Promise.reject(new Error('EIO')) }));
  expect((await rollback()).status).toBe(500);
  expect(world.publications.at(-1)).toMatchObject({ generation: 2, why: expect.stringContaining('could not be read') });
  Object.assign(erasures, { read: own });
  expect((await rollback()).status).toBe(200);
});

test('law 9: thousands of receipts are read some at a time before readers go back, and not one after the other', async () => {
  const { erasures } = world.deps;
  const digests = Array.from({ length: 1_000 }, (_, i) => digestOf(`user ${i}`));
  const second = world.manifests.get(2);
  if (second !== undefined) world.manifests.set(2, { ...second, erased: [digestOf('ada'), ...digests] });
  for (const digest of digests)
    await erasures.create({ ...(await erasures.read(id)), id: `erasure-${NOON.toString(36)}-${digest}`, digest });
  const own = erasures.read;
  let [now, most, all] = [0, 0, 0];
  Object.assign(erasures, {
    read: async (asked: string) => {
      most = Math.max(most, ++now);
      all++;
      await new Promise(setImmediate);
      now--;
      return own(asked);
    },
  });
  expect((await rollback()).status).toBe(200);
  expect([most, all]).toEqual([32, 2 * 1_001]);
});

test('law 9: readers do not go back behind the last of two erasures that were lifted, only behind the lift of an earlier one', async () => {
  const { erasures } = world.deps;
  const move = (generation: number, how: string) => world.post(`/v1/generations/${generation}/${how}`, {}, ADMIN);
  const knows = (...digests: string[]) => world.commit(P, {}, { ...world.states[P], erased: digests });
  const computed = async (generation: number, cut: string, known: Pick<GenerationManifest, 'erased' | 'lifted'>) => {
    await world.cut(generation, false);
    const manifest = world.manifests.get(generation);
    if (manifest !== undefined) world.manifests.set(generation, { ...manifest, ...known, cut: manifest.cut.map(() => cut) });
    expect((await move(generation, 'publish')).status).toBe(200);
    await world.tick();
  };
  expect((await lift()).status).toBe(202);
  await knows();
  await computed(3, '91', { lifted: { [digestOf('ada')]: { position: '90', entryIndex: 0 } } });
  // What came before the only erasure is not in it, and what came after the lift counts.
  expect([(await rollback()).status, (await move(2, 'rollback')).status, (await move(3, 'publish')).status]).toEqual([
    409, 200, 200,
  ]);
  world.advance(60_000);
  const [{ id: second }] = (await world.drop('/v1/users/ada')).body.erasures as [{ id: string }];
  await erasures.write({ ...(await erasures.read(second)), recorded: { at: NOON, position: '92' } });
  await knows(digestOf('ada'));
  await computed(4, '93', { erased: [digestOf('ada')] });
  // While it is in force, real time refuses what came before.
  expect([(await move(2, 'rollback')).status, (await move(4, 'publish')).status]).toEqual([200, 200]);
  await world.tick();
  expect((await world.post(`/v1/erasures/${second}/lift`, { user: 'ada' }, ADMIN)).status).toBe(202);
  await knows();
  await computed(5, '95', { lifted: { [digestOf('ada')]: { position: '94', entryIndex: 0 } } });
  const refused = { status: 409, body: { detail: expect.stringContaining('lifted since (got 1)') } };
  for (const how of ['rollback', 'publish']) expect(await move(2, how)).toMatchObject(refused);
  expect((await move(4, 'rollback')).status).toBe(200);
  // Whether a record that is not known to be in the log came later than the cut is not known.
  await erasures.write({ ...(await erasures.read(second)), recorded: null });
  expect(await move(2, 'rollback')).toMatchObject(refused);
});
