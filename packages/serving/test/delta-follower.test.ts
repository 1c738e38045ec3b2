import type { Integer } from '@tributary/model/integer';
import { commitOf, type StoreUnderTest } from '@tributary/testkit/contracts/store-under-test';
import { createMemoryStore } from '@tributary/testkit/memory/memory-store';
import { conversions } from '@tributary/views/conversions/fold';
import { expect, test } from 'vitest';
import { createDeltaFollower } from '../src/deltas/follower.ts';
import { GENERATION_ZERO } from '../src/generations/loaded.ts';
import { projectionOf } from '../src/merge.ts';

const PARTITIONS = 4;
const TOTAL = projectionOf(conversions, { days: { fromDay: null, toDay: null }, equal: {}, by: [] });
const VIEW = ['conversions'];
const IN_1 = { deltasGeneration: 1 };

function storeUnderTest(turn?: () => Promise<void>): StoreUnderTest {
  const store = createMemoryStore({ partitions: PARTITIONS });
  return {
    speed: store.speed(),
    serving: store.serving(turn),
    async checkpoint(partition) {
      const snapshot = store.snapshot(partition);
      return async () => store.restore(partition, snapshot);
    },
  };
}

/** Counts what is asked of the store. */
function counting({ serving }: StoreUnderTest) {
  const asked = { follow: 0, whole: [] as number[] };
  const store: Pick<typeof serving, 'follow' | 'readWhole'> = {
    follow: (...question) => {
      asked.follow++;
      return serving.follow(...question);
    },
    readWhole: (partitions, ...question) => {
      asked.whole.push(partitions.length);
      return serving.readWhole(partitions, ...question);
    },
  };
  return { asked, store };
}

test('law 1: concurrent requests share polls, and each sees what was committed before it asked', async () => {
  const under = storeUnderTest(() => new Promise((resolve) => setImmediate(resolve)));
  const { asked, store } = counting(under);
  const follower = createDeltaFollower({ partitions: PARTITIONS, store, now: () => 0 });
  const seen: Promise<void>[] = [];
  let last: string | null = null;
  for (let committed = 1; committed <= 50; committed++) {
    const position = String(committed).padStart(4, '0');
    await under.speed.commit(commitOf(last, position));
    last = position;
    const least = committed;
    for (let request = 0; request < 5; request++)
      seen.push(
        follower.poll(0, VIEW).then((taken) => {
          const counted = taken.answer(GENERATION_ZERO, TOTAL, 'merged').get('')?.[0] ?? 0;
          expect(counted).toBeGreaterThanOrEqual(least);
          expect(taken.states[2]?.position).toBe(String(counted).padStart(4, '0'));
        }),
      );
    if (committed % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(seen);
  expect(asked.follow).toBeLessThan(60);
});

test('a poll reads whole only what it must: at start, behind a gap, for another view or an older generation', async () => {
  const under = storeUnderTest();
  const { asked, store } = counting(under);
  const follower = createDeltaFollower({ partitions: PARTITIONS, store, now: () => 0 });
  const commit = async (from: string | null, to: string, generation = 1) => {
    expect(await under.speed.commit(commitOf(from, to, { deltasGeneration: generation }))).toBe('committed');
  };
  const wholeAfter = async (generation: number, views: readonly string[]) => {
    await follower.poll(generation, views);
    return asked.whole.splice(0);
  };
  expect(await wholeAfter(1, VIEW)).toEqual([PARTITIONS]);
  await commit(null, 'p1');
  await commit('p1', 'p2');
  expect(await wholeAfter(1, VIEW)).toEqual([]);
  expect(await wholeAfter(2, VIEW)).toEqual([]);
  for (let n = 2; n < 9; n++) await commit(`p${n}`, `p${n + 1}`);
  expect(await wholeAfter(1, VIEW)).toEqual([1]);
  expect(await wholeAfter(1, ['activity'])).toEqual([PARTITIONS]);
  expect(await wholeAfter(0, VIEW)).toEqual([PARTITIONS]);
  expect(await wholeAfter(0, ['activity', 'conversions'])).toEqual([]);
});

test('who only keeps up reads nothing whole, and nothing at all once it was not asked for a long time', async () => {
  const under = storeUnderTest();
  const { asked, store } = counting(under);
  let nowMs = 0;
  const follower = createDeltaFollower({ partitions: PARTITIONS, store, now: () => nowMs });
  await follower.keepUp();
  expect(asked).toEqual({ follow: 0, whole: [] });
  await follower.poll(0, VIEW);
  for (let n = 0; n < 20; n++) {
    await under.speed.commit(commitOf(n === 0 ? null : `p${10 + n}`, `p${11 + n}`));
    await follower.keepUp();
  }
  expect((await follower.poll(0, VIEW)).answer(GENERATION_ZERO, TOTAL, 'merged').get('')).toEqual([20, 5_000]);
  expect(asked).toEqual({ follow: 23, whole: [PARTITIONS] });
  const last = await follower.poll(0, VIEW);
  nowMs = 11 * 60_000;
  for (let n = 0; n < 3; n++) await follower.keepUp();
  expect(asked.follow).toBe(25);
  expect(follower.held(0, VIEW)).toBeNull();
  expect(() => last.answer(GENERATION_ZERO, TOTAL, 'merged')).toThrow('everything was read again meanwhile');
});

test('what cannot be followed is not read again with each poll, and is read whole for who asks', async () => {
  const under = storeUnderTest();
  const { asked, store } = counting(under);
  const known: boolean[] = [];
  const follow: typeof store.follow = (views, cursors) => {
    known.push(cursors[2] !== null);
    return store.follow(views, cursors);
  };
  const follower = createDeltaFollower({ partitions: PARTITIONS, store: { ...store, follow }, now: () => 0 });
  await follower.poll(0, VIEW);
  for (let n = 11; n < 30; n++) await under.speed.commit(commitOf(n === 11 ? null : `p${n}`, `p${n + 1}`));
  known.length = 0;
  for (let poll = 0; poll < 3; poll++) await follower.keepUp();
  expect(known).toEqual([true, false, false]);
  expect((await follower.poll(0, VIEW)).answer(GENERATION_ZERO, TOTAL, 'merged').get('')?.[0]).toBe(19);
  expect(asked.whole).toEqual([PARTITIONS, 1]);
  known.length = 0;
  await under.speed.commit(commitOf('p30', 'p31'));
  await follower.keepUp();
  expect((await follower.poll(0, VIEW)).answer(GENERATION_ZERO, TOTAL, 'merged').get('')?.[0]).toBe(20);
  expect(known).toEqual([true, true]);
});

test('law 7: a poll that fails leaves nothing behind that is smaller', async () => {
  const under = storeUnderTest();
  const { store } = counting(under);
  const broken = { follow: false, whole: false };
  const failing = {
    follow: (...question: Parameters<typeof store.follow>) =>
      broken.follow ? Promise.reject(new Error('connection reset')) : store.follow(...question),
    readWhole: (...question: Parameters<typeof store.readWhole>) =>
      broken.whole ? Promise.reject(new Error('connection reset')) : store.readWhole(...question),
  };
  const follower = createDeltaFollower({ partitions: PARTITIONS, store: failing, now: () => 0 });
  const total = async () => (await follower.poll(0, VIEW)).answer(GENERATION_ZERO, TOTAL, 'merged').get('')?.[0];
  broken.whole = true;
  await under.speed.commit(commitOf(null, 'p11'));
  await expect(total()).rejects.toThrow('connection reset');
  broken.whole = false;
  expect(await total()).toBe(1);
  for (let n = 11; n < 20; n++) await under.speed.commit(commitOf(`p${n}`, `p${n + 1}`));
  await under.speed.commit({ ...commitOf(null, 'p1'), partition: 3 });
  broken.whole = true;
  await expect(total()).rejects.toThrow('connection reset'); // partition 3 went on, partition 2 has a gap
  await expect(follower.poll(0, VIEW)).rejects.toThrow('connection reset');
  broken.whole = false;
  broken.follow = true;
  await expect(total()).rejects.toThrow('connection reset');
  broken.follow = false;
  expect(await total()).toBe(11);
});

test('law 7: a view that was not asked for of late misses nothing when a poll without it fails half-way', async () => {
  const under = storeUnderTest();
  const broken = { whole: false };
  let nowMs = 0;
  const follower = createDeltaFollower({
    partitions: PARTITIONS,
    now: () => nowMs,
    store: {
      ...under.serving,
      readWhole: (...question) =>
        broken.whole ? Promise.reject(new Error('connection reset')) : under.serving.readWhole(...question),
    },
  });
  await follower.poll(0, ['activity', 'conversions']);
  nowMs += 11 * 60_000;
  await under.speed.commit(commitOf(null, 'p11'));
  for (let n = 1; n < 9; n++) await under.speed.commit({ ...commitOf(n === 1 ? null : `p${n}`, `p${n + 1}`), partition: 3 });
  broken.whole = true;
  await expect(follower.poll(0, ['activity'])).rejects.toThrow('connection reset'); // partition 2 went on, partition 3 has a gap
  broken.whole = false;
  const taken = await follower.poll(0, VIEW);
  expect(taken.answer(GENERATION_ZERO, TOTAL, 'merged').get('')?.[0]).toBe(9);
});

test('law 7: a poll that the store never answers is given up, and what arrives of it late changes nothing', async () => {
  const under = storeUnderTest();
  const late = Promise.withResolvers<void>();
  let stuck = false;
  const follower = createDeltaFollower({
    partitions: PARTITIONS,
    now: () => 0,
    patienceMs: 30,
    store: {
      ...under.serving,
      async follow(...question) {
        const followed = await under.serving.follow(...question);
        if (stuck) await late.promise;
        return followed;
      },
    },
  });
  const total = async () => (await follower.poll(0, VIEW)).answer(GENERATION_ZERO, TOTAL, 'merged').get('')?.[0];
  await under.speed.commit(commitOf(null, 'p1'));
  expect(await total()).toBe(1);
  await under.speed.commit(commitOf('p1', 'p2'));
  stuck = true;
  const [one, other] = [total(), total()];
  await expect(one).rejects.toThrow('within 30 ms');
  await expect(other).rejects.toThrow('within 30 ms');
  stuck = false;
  expect(await total()).toBe(2);
  late.resolve();
  await new Promise((resolve) => setImmediate(resolve));
  expect(follower.held(0, VIEW)?.answer(GENERATION_ZERO, TOTAL, 'merged').get('')?.[0]).toBe(2);
  expect(await total()).toBe(2);
});

test('law 4: a sum that leaves the safe integers and comes back is followed to the unit', async () => {
  const { speed, serving } = storeUnderTest();
  const follower = createDeltaFollower({ partitions: PARTITIONS, now: () => 0, store: serving });
  const total = async () => (await follower.poll(0, VIEW)).answer(GENERATION_ZERO, TOTAL, 'merged').get('');
  const row = (value: Integer) => ({ deltas: new Map([['conversions', new Map([['2026-03-01\tbuy\tEUR', [1, value]]])]]) });
  const most = Number.MAX_SAFE_INTEGER;
  await speed.commit(commitOf(null, 'p1', row(most)));
  expect(await total()).toEqual([1, most]);
  const before = await follower.poll(0, VIEW);
  await speed.commit({ ...commitOf(null, 'p1', row(2)), partition: 1 });
  expect(await total()).toEqual([2, 2n ** 53n + 1n]);
  await speed.commit(commitOf('p1', 'p2', row(-(2n ** 53n))));
  expect(await total()).toEqual([3, 1]);
  expect(before.answer(GENERATION_ZERO, TOTAL, 'merged').get('')).toEqual([1, most]);
});

test('a busy store is caught up with step by step: what was read whole is not read again because others did not answer', async () => {
  const PARTITIONS_OF_TWO_STEPS = 8;
  const store = createMemoryStore({ partitions: PARTITIONS_OF_TWO_STEPS });
  const asked: (readonly number[])[] = [];
  let answered = 0;
  const follower = createDeltaFollower({
    partitions: PARTITIONS_OF_TWO_STEPS,
    now: () => 0,
    store: {
      follow: (...question) => store.serving().follow(...question),
      readWhole: (partitions, ...question) => {
        asked.push(partitions);
        return ++answered === 2
          ? Promise.reject(new Error('Command timed out'))
          : store.serving().readWhole(partitions, ...question);
      },
    },
  });
  await expect(follower.poll(0, VIEW)).rejects.toThrow('timed out');
  await follower.poll(0, VIEW);
  expect(asked).toEqual([
    [0, 1, 2, 3],
    [4, 5, 6, 7],
    [4, 5, 6, 7],
  ]);
});

test('law 7: what is held is reported with the age of the partition that was looked at longest ago, and never for what is not held', async () => {
  const under = storeUnderTest();
  let nowMs = 1_000;
  const broken = { follow: false, whole: false };
  const down = () => Promise.reject(new Error('connection reset'));
  const follower = createDeltaFollower({
    partitions: PARTITIONS,
    now: () => nowMs,
    store: {
      follow: (...question) => (broken.follow ? down() : under.serving.follow(...question)),
      readWhole: (...question) => (broken.whole ? down() : under.serving.readWhole(...question)),
    },
  });
  expect(follower.held(1, VIEW)).toBeNull();
  await under.speed.commit(commitOf(null, 'p1', IN_1));
  await follower.poll(1, VIEW);
  expect(follower.held(1, VIEW)).toMatchObject({ ageMs: 0 });
  expect(follower.held(0, VIEW)).toBeNull();
  expect(follower.held(1, ['activity'])).toBeNull();

  nowMs = 5_000;
  broken.follow = true;
  await expect(follower.poll(1, VIEW)).rejects.toThrow('connection reset');
  const held = follower.held(1, VIEW);
  expect(held?.ageMs).toBe(4_000);
  expect(held?.states[2]?.position).toBe('p1');
  expect(held?.answer(GENERATION_ZERO, TOTAL, 'speed').get('')).toEqual([1, 250]);

  // One partition goes on, another one has a gap that cannot be read: the age is that of the one left behind.
  broken.follow = false;
  broken.whole = true;
  for (let n = 1; n < 9; n++) await under.speed.commit(commitOf(`p${n}`, `p${n + 1}`, IN_1));
  await under.speed.commit({ ...commitOf(null, 'p1', IN_1), partition: 3 });
  nowMs = 9_000;
  await expect(follower.poll(1, VIEW)).rejects.toThrow('connection reset');
  expect(follower.held(1, VIEW)?.ageMs).toBe(8_000);
  expect(follower.held(1, VIEW)?.answer(GENERATION_ZERO, TOTAL, 'speed').get('')?.[0]).toBe(2);
  broken.whole = false;
  await follower.poll(1, VIEW);
  expect(follower.held(1, VIEW)).toMatchObject({ ageMs: 0 });
});

test('a generation retired while a poll is under way does not fail those who do not ask for it', async () => {
  const under = storeUnderTest();
  let retire = false;
  const follower = createDeltaFollower({
    partitions: PARTITIONS,
    now: () => 0,
    store: {
      follow: (...question) => under.serving.follow(...question),
      readWhole: async (...question) => {
        if (retire) await under.serving.retireDeltas(1);
        retire = false;
        return under.serving.readWhole(...question);
      },
    },
  });
  let last: string | null = null;
  for (const [position, generation] of [
    ['p1', 0],
    ['p2', 1],
  ] as const) {
    await under.speed.commit(commitOf(last, position, { deltasGeneration: generation }));
    last = position;
  }
  await follower.poll(0, VIEW);
  await follower.poll(1, VIEW);
  for (let n = 2; n < 10; n++) await under.speed.commit(commitOf(`p${n}`, `p${n + 1}`, { deltasGeneration: 1 }));
  retire = true;
  expect((await follower.poll(1, VIEW)).answer(GENERATION_ZERO, TOTAL, 'speed').get('')?.[0]).toBe(9);
});

test('law 7: what was not asked for of late leaves the memory, and is read again when it is asked for', async () => {
  const under = storeUnderTest();
  const { asked, store } = counting(under);
  let nowMs = 0;
  const follower = createDeltaFollower({ partitions: PARTITIONS, store, now: () => nowMs });
  await under.speed.commit(commitOf(null, 'p1', { deltasGeneration: 0 }));
  await under.speed.commit(commitOf('p1', 'p2', IN_1));
  const total = async (generation: number) =>
    (await follower.poll(generation, VIEW)).answer(GENERATION_ZERO, TOTAL, 'speed').get('')?.[0];
  await follower.poll(0, ['activity', ...VIEW]);
  expect(await total(0)).toBe(2);
  nowMs += 11 * 60_000;
  await follower.poll(1, VIEW);
  expect(follower.held(0, VIEW)).toBeNull();
  expect(follower.held(1, ['activity'])).toBeNull();
  // The readers were rolled back.
  expect(await total(0)).toBe(2);
  expect(asked.whole).toEqual([PARTITIONS, PARTITIONS]);
});

test('law 7: what is held is as old as the question, however long the store took to answer', async () => {
  const under = storeUnderTest();
  let nowMs = 0;
  let isFull = false;
  const follower = createDeltaFollower({
    partitions: PARTITIONS,
    now: () => nowMs,
    store: {
      async follow(...question) {
        const followed = await under.serving.follow(...question);
        nowMs += 2_000;
        return followed.map((one) => (isFull && one.partition === 2 ? { ...one, commits: 'gap' as const } : one));
      },
      readWhole: (...question) => under.serving.readWhole(...question).finally(() => (nowMs += 3_000)),
    },
  });
  await follower.poll(0, VIEW);
  expect(follower.held(0, VIEW)?.ageMs).toBe(2_000);
  await follower.poll(0, VIEW);
  expect(follower.held(0, VIEW)?.ageMs).toBe(2_000);
  // A feed that never reaches back to what was read: it is of the moment when it was asked for.
  isFull = true;
  await follower.poll(0, VIEW);
  expect(follower.held(0, VIEW)?.ageMs).toBe(5_000);
  // A clock that went back says nothing about how long ago that was.
  nowMs -= 3_600_000;
  expect(follower.held(0, VIEW)?.ageMs).toBeGreaterThan(3_500_000);
  await follower.poll(0, VIEW);
  expect(follower.held(0, VIEW)?.ageMs).toBe(5_000);
});

test('law 7: an answer that is no longer asked for does not hold on to all that changed since', async () => {
  const { serving } = storeUnderTest();
  const many = new Map(Array.from({ length: 200_001 }, (_, i) => [`2026-03-01\ttype ${i}\tEUR`, [1, 1]]));
  const { id, next } = commitOf(null, 'p1');
  const commit = { id, after: '', next, generation: 0, rows: new Map([['conversions', many]]), pending: 0, overflowed: 0 };
  const follow = async (...question: Parameters<typeof serving.follow>) =>
    (await serving.follow(...question)).map((found) =>
      found.partition === 2 && found.commits !== 'gap' ? { ...found, commits: [commit] } : found,
    );
  const follower = createDeltaFollower({ partitions: PARTITIONS, store: { ...serving, follow }, now: () => 0 });
  const taken = await follower.poll(0, VIEW);
  const before = taken.answer(GENERATION_ZERO, TOTAL, 'merged');
  expect(taken.answer(GENERATION_ZERO, TOTAL, 'merged')).toBe(before);
  await follower.poll(0, VIEW);
  // It was forgotten with the changes that lead away from it: who still asks for that moment is given it computed again.
  const again = taken.answer(GENERATION_ZERO, TOTAL, 'merged');
  expect(again).toEqual(before);
  expect(again).not.toBe(before);
});

test('law 7: deltas that were retired are reported as such, and not held', async () => {
  const under = storeUnderTest();
  const follower = createDeltaFollower({ partitions: PARTITIONS, store: under.serving, now: () => 0 });
  await under.speed.commit(commitOf(null, 'p1', { deltasGeneration: 0 }));
  await under.speed.commit(commitOf('p1', 'p2', IN_1));
  await follower.poll(0, VIEW);
  await under.serving.retireDeltas(1);
  await expect(follower.poll(0, VIEW)).rejects.toMatchObject({
    code: 'deltas_retired',
    message: 'the deltas of generation 0 are gone, the oldest kept is 1',
  });
  expect(follower.held(0, VIEW)).toBeNull();
  await follower.poll(1, VIEW);
  expect(follower.held(0, VIEW)).toBeNull();
});
