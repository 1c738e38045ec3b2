/** Lifts, erasures and publications that were killed or came at once: what a receipt says is what the log has, and what readers get was computed without who was lifted. */
import type { GenerationManifest, Publication } from '@tributary/archive/layout';
import { ERASE_TYPE, LIFT_TYPE } from '@tributary/model/erasure';
import { partitionOf } from '@tributary/model/user-key';
import { createServing } from '@tributary/serving/serving';
import { beforeEach, expect, test, vi } from 'vitest';
import { liftedFrom, liftedSince } from '../src/erasures/lifted-since.ts';
import { takeBackAtStart, takeBackIfLifted } from '../src/erasures/take-back.ts';
import { digestOf } from './memory-erasures.ts';
import { ADMIN, createWorld, NOON, PARTITIONS, type World } from './world.ts';

const P = partitionOf('ada', PARTITIONS);
let world: World;
let id: string;
/** Generation 1 has the user, 2 was computed without them and is what readers get. */
beforeEach(async () => {
  world = await createWorld();
  await world.cut(1);
  await world.publish(1);
  await world.tick();
  [{ id }] = (await world.drop('/v1/users/ada')).body.erasures as [{ id: string }];
  await world.commit(P, { rewrites: new Map([['ada', '']]) }, { ...world.states[P], erased: [digestOf('ada')] });
  await computed(2);
  await world.publish(2);
  await world.tick();
});

async function computed(generation: number): Promise<void> {
  await world.cut(generation, false);
  const made = world.manifests.get(generation);
  if (made !== undefined)
    world.manifests.set(generation, { ...made, erased: [digestOf('ada')], cut: made.cut.map(() => String(7 + generation)) });
}

const lift = () => world.post(`/v1/erasures/${id}/lift`, { user: 'ada' }, ADMIN);
const receipt = () => world.deps.erasures.read(id);
const newest = () => world.publications.at(-1) as Publication;
const typesOf = () =>
  world.appended.flatMap(({ body }) => body.split('\n')).map((line) => (JSON.parse(line) as { type: string }).type);
const lifted = async () => world.deps.erasures.write({ ...(await receipt()), lifted: { at: NOON, by: 'another process' } });
const killed = (generation: number) =>
  world.publications.push({
    ...{ sequence: newest().sequence + 1, generation },
    ...{ action: 'rollback', held: true, at: NOON, by: 'killed' },
  });

test('law 9: what a rollback left that was killed before it looked for lifts is taken back as the API starts', async () => {
  killed(1);
  await takeBackAtStart(world);
  expect(newest()).toMatchObject({ generation: 1, by: 'killed' });
  await lifted();
  await world.deps.store.setPointer({ sequence: newest().sequence, generation: 1 });
  await takeBackAtStart(world);
  expect(newest()).toMatchObject({ generation: 2, action: 'publish', why: 'taken back: an erasure was lifted meanwhile' });
  expect(world.warnings).toContain('readers had to get back what they had before');
  const { sequence } = newest();
  await takeBackAtStart(world);
  expect(newest().sequence).toBe(sequence);
});

test('law 9: readers get back no generation from before an erasure that was lifted since', async () => {
  await computed(3);
  // Two were killed: of what readers had before the last one, the newest is not from before the erasure.
  killed(1);
  killed(3);
  const third = world.manifests.get(3);
  if (third !== undefined) world.manifests.set(3, { ...third, erased: [] });
  await computed(4);
  await lifted();
  await takeBackAtStart(world);
  expect(newest()).toMatchObject({ generation: 2, why: 'taken back: an erasure was lifted meanwhile' });
});

test('law 9: readers get back what they had where what they had before cannot be read', async () => {
  await lifted();
  killed(1);
  Object.assign(world.deps.source, { publications: () => Promise.reject(new Error('EIO')) });
  const before = { generation: 2, action: 'publish', held: false } as const;
  const first = world.manifests.get(1) as GenerationManifest;
  await expect(takeBackIfLifted(world, first, newest(), before)).rejects.toMatchObject({ code: 'conflict' });
  expect(newest()).toMatchObject({ generation: 2, why: 'taken back: an erasure was lifted meanwhile' });
});

test('law 9: what readers had back unseen is taken back too, once what they had can be read', async () => {
  await lifted();
  killed(1);
  await computed(3);
  const third = { ...(world.manifests.get(3) as GenerationManifest), erased: [] };
  world.manifests.set(3, third);
  killed(3);
  await computed(4);
  const { source } = world.deps;
  const own = source.publications;
  let left = 1;
  Object.assign(source, { publications: () => (left-- > 0 ? Promise.reject(new Error('EIO')) : own()) });
  const before = { generation: 1, action: 'rollback', held: true } as const;
  await expect(takeBackIfLifted(world, third, newest(), before)).rejects.toMatchObject({ code: 'conflict' });
  expect(newest()).toMatchObject({ generation: 1 });
  await vi.waitFor(() => expect(newest()).toMatchObject({ generation: 2, action: 'publish' }), 5_000);
  // Where receipts cannot be read, the same.
  killed(1);
  killed(3);
  const { erasures } = world.deps;
  const ids = erasures.ids;
  let unread = 1;
  Object.assign(erasures, { ids: (digest?: string) => (unread-- > 0 ? Promise.reject(new Error('EIO')) : ids(digest)) });
  await expect(takeBackIfLifted(world, third, newest(), before)).rejects.toThrow('EIO');
  expect(newest()).toMatchObject({ generation: 1 });
  await vi.waitFor(() => expect(newest()).toMatchObject({ generation: 2, action: 'publish' }), 5_000);
});

test('law 9: what a rollback left is taken back once it can be read, where it could not as the API started', async () => {
  await lifted();
  killed(1);
  const { source } = world.deps;
  const own = source.publications;
  let left = 2;
  Object.assign(source, { publications: () => (left-- > 0 ? Promise.reject(new Error('EIO')) : own()) });
  await takeBackAtStart(world);
  expect(newest()).toMatchObject({ generation: 1, by: 'killed' });
  await vi.waitFor(() => expect(newest()).toMatchObject({ generation: 2, action: 'publish' }), 5_000);
  expect(world.warnings.filter((warning) => warning.includes('could not be read'))).toHaveLength(2);
  // An API that stops looks no more.
  killed(1);
  left = Number.POSITIVE_INFINITY;
  const stopped = new AbortController();
  await takeBackAtStart(world, stopped.signal);
  stopped.abort();
  const warned = world.warnings.length;
  await new Promise((done) => setTimeout(done, 300));
  expect(world.warnings).toHaveLength(warned);
});

test('law 9: of two lifts of one user at once, the one that is refused takes back nothing of the one that is done', async () => {
  const { source } = world.deps;
  const own = source.publication;
  let looks = 0;
  Object.assign(source, { publication: async () => (looks++ === 0 ? own() : { ...newest(), generation: 1 }) });
  const append = world.deps.append;
  let looksBefore = 0;
  Object.assign(world.deps, {
    append: async (...args: Parameters<typeof append>) => {
      for (let turns = 0; turns < 100; turns++) await new Promise(setImmediate);
      looksBefore = looks;
      return append(...args);
    },
  });
  const [first, second] = await Promise.all([lift(), lift()]);
  expect(looksBefore).toBe(1);
  expect([first.status, second.status]).toEqual([202, 409]);
  expect(typesOf()).toEqual(['tributary.erase', 'tributary.lift']);
  expect((await receipt()).lifted).toEqual({ at: NOON, by: expect.any(String) });
});

test('law 9: the end of a lift that another process took back once the log had it is written again', async () => {
  const own = world.deps.append;
  Object.assign(world.deps, {
    append: async (...args: Parameters<typeof own>) => {
      await world.deps.erasures.write({ ...(await receipt()), lifted: null });
      return own(...args);
    },
  });
  expect((await lift()).status).toBe(202);
  expect((await receipt()).lifted).not.toBeNull();
});

test('law 9: a user who was lifted and erased again while a lift waited stays erased', async () => {
  const { erasures } = world.deps;
  const own = erasures.ids;
  Object.assign(erasures, {
    ids: async (digest?: string) => {
      // Behind the look at what can be lifted.
      if (digest !== undefined) {
        const before = await receipt();
        await lifted();
        await erasures.create({ ...before, id: id.replace(NOON.toString(36), (NOON + 1).toString(36)), recorded: null });
      }
      return own(digest);
    },
  });
  expect(await lift()).toMatchObject({
    status: 409,
    body: { detail: expect.stringContaining('must be the newest of its user') },
  });
  expect(typesOf()).toEqual([ERASE_TYPE]);
});

test('law 9: a user who is erased again while a lift looks what is published is erased behind the lift', async () => {
  world.advance(5);
  const { source } = world.deps;
  const own = source.publication;
  let again: ReturnType<typeof world.drop> | undefined;
  Object.assign(source, {
    publication: async () => {
      if (again !== undefined) return own();
      again = world.drop('/v1/users/ada');
      const { erasures } = world.deps;
      await vi.waitFor(async () => expect(await erasures.ids(digestOf('ada'))).toHaveLength(2));
      // Time for its record to reach the log, did it not wait.
      for (let turns = 0; turns < 100; turns++) await new Promise(setImmediate);
      return own();
    },
  });
  expect((await lift()).status).toBe(202);
  expect((await again)?.body.erasures).toMatchObject([{ lifted: null }]);
  expect(typesOf().slice(0, 2)).toEqual([ERASE_TYPE, LIFT_TYPE]);
  expect(typesOf().at(-1)).toBe(ERASE_TYPE);
});

test('law 9: a user whom another process erased again before the lift reached the log is erased once more behind it', async () => {
  const { erasures } = world.deps;
  const own = world.deps.append;
  const second = id.replace(NOON.toString(36), (NOON + 1).toString(36));
  Object.assign(world.deps, {
    append: async (...args: Parameters<typeof own>) => {
      Object.assign(world.deps, { append: own });
      const before = await receipt();
      const { position } = before.recorded ?? { position: '' };
      await erasures.create({ ...before, id: second, lifted: null, recorded: { at: NOON, position } });
      return own(...args);
    },
  });
  expect((await lift()).status).toBe(202);
  expect(typesOf()).toEqual([ERASE_TYPE, LIFT_TYPE, ERASE_TYPE]);
  const { recorded, lifted: end } = await erasures.read(second);
  expect([recorded?.position, end]).toEqual(['3', null]);
  expect((await receipt()).lifted).not.toBeNull();
});

test('law 9: a lift that fails once the log has it erases a user whom another process erased meanwhile', async () => {
  const { erasures } = world.deps;
  const own = world.deps.append;
  const second = id.replace(NOON.toString(36), (NOON + 1).toString(36));
  let isAnswered = false;
  Object.assign(world.deps, {
    append: async (...args: Parameters<typeof own>) => {
      if (typesOf().at(-1) === LIFT_TYPE) return own(...args);
      const { position } = (await receipt()).recorded ?? { position: '' };
      await erasures.create({ ...(await receipt()), id: second, by: 'eve', lifted: null, recorded: { at: NOON, position } });
      const appended = await own(...args);
      return isAnswered ? appended : Promise.reject(new Error('ECONNRESET'));
    },
    onAction: (action: string, { by }: { by: string }) => actions.push([action, by]),
  });
  const actions: string[][] = [];
  expect((await lift()).status).toBe(500);
  expect(typesOf()).toEqual([ERASE_TYPE, LIFT_TYPE, ERASE_TYPE]);
  // Who asked for the erasure stands there, and not who lifted the one before.
  expect(actions).toEqual([['a user is erased', 'eve']]);
  expect((await erasures.read(second)).recorded?.position).toBe('3');
  // It was killed right behind its lift, or could not look: who asks again is refused, and the user is erased.
  isAnswered = true;
  expect((await lift()).status).toBe(409);
  expect(typesOf().slice(3)).toEqual([ERASE_TYPE]);
  await erasures.write({ ...(await erasures.read(second)), lifted: { at: NOON, by: 'eve' } });
  expect((await lift()).status).toBe(409);
  expect(typesOf().slice(4)).toEqual([]);
});

test('law 9: an erasure that is lifted while it is asked for again stays lifted, and the user is erased by another', async () => {
  const own = world.deps.append;
  let isFirst = true;
  Object.assign(world.deps, {
    append: async (...args: Parameters<typeof own>) => {
      if (isFirst) await lifted();
      isFirst = false;
      return own(...args);
    },
  });
  const { erasures } = (await world.drop('/v1/users/ada')).body as { erasures: { id: string; lifted: unknown }[] };
  expect((await receipt()).lifted).toEqual({ at: NOON, by: 'another process' });
  expect(erasures).toMatchObject([{ lifted: null }]);
  expect(erasures[0]?.id).not.toBe(id);
  expect(typesOf()).toEqual([ERASE_TYPE, ERASE_TYPE, ERASE_TYPE]);
  expect(await world.deps.erasures.read(erasures[0]?.id ?? '')).toMatchObject({ recorded: { position: '3' }, lifted: null });
});

test('law 9: a process that starts and cannot load the newest generation gives readers none from before a lifted erasure', async () => {
  const { source } = world.deps;
  const own = source.viewRows;
  Object.assign(source, {
    viewRows: async (manifest: Parameters<typeof own>[0]) =>
      manifest.generation === 2 ? Promise.reject(new Error('damaged')) : own(manifest),
  });
  // As main.ts has it.
  const started = () =>
    createServing({ ...world.deps, mayFallBack: async (older) => (await liftedSince(world.deps, older)) === 0 }).generations;
  const before = started();
  await before.refresh();
  expect(before.take(null)).toMatchObject({ loaded: { generation: 1 }, failure: 'damaged' });
  await lifted();
  const generations = started();
  await generations.refresh();
  expect(() => generations.take(null)).toThrow('generation 2 cannot be loaded, and readers can be given no older one: damaged');
});

test('law 9: a process that goes on with an older generation stops where another lifts a user whom that has', async () => {
  const { source } = world.deps;
  const own = source.viewRows;
  let isDamaged = false;
  Object.assign(source, {
    viewRows: async (manifest: Parameters<typeof own>[0]) =>
      manifest.generation === 3 && isDamaged ? Promise.reject(new Error('damaged')) : own(manifest),
  });
  const ask = vi.fn(async (older: GenerationManifest) => (await liftedSince(world.deps, older)) === 0);
  const { generations } = createServing({ ...world.deps, mayFallBack: ask });
  const again = async () => {
    world.advance(10_000);
    await generations.refresh();
  };
  // In memory is generation 1, and another cannot be loaded.
  killed(1);
  await generations.refresh();
  await computed(3);
  isDamaged = true;
  await world.publish(3);
  await again();
  expect(generations.take(null)).toMatchObject({ loaded: { generation: 1 }, failure: 'damaged' });
  // Where it cannot be read whether somebody was lifted, answers go on, and are incomplete.
  await lifted();
  ask.mockRejectedValueOnce(new Error('EIO'));
  await again();
  expect(generations.take(null)).toMatchObject({ loaded: { generation: 1 }, failure: 'damaged' });
  await again();
  // The next older one was computed without the user.
  expect(generations.take(null)).toMatchObject({ loaded: { generation: 2 }, failure: 'damaged' });
  isDamaged = false;
  await again();
  expect(generations.take(null)).toMatchObject({ loaded: { generation: 3 }, failure: null });
});

test('law 9: thousands of receipts are asked some at a time who was lifted since, each user once', async () => {
  const { erasures } = world.deps;
  const first = await receipt();
  const digests = Array.from({ length: 100 }, (_, i) => digestOf(`user ${i}`));
  for (const [i, digest] of digests.entries())
    await erasures.create({ ...first, id: `erasure-${NOON.toString(36)}-${digest}`, digest, lifted: { at: NOON + i, by: 'x' } });
  const own = erasures.read;
  let [now, most] = [0, 0];
  Object.assign(erasures, {
    read: async (asked: string) => {
      most = Math.max(most, ++now);
      await new Promise(setImmediate);
      now--;
      return own(asked);
    },
  });
  expect([...(await liftedFrom(world.deps, new Set(digests), NOON + 90))].sort()).toEqual(digests.slice(90).sort());
  expect(most).toBe(32);
});
