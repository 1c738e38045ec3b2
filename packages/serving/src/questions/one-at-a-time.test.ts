/** Rows of answers of the archive in memory: one set at a time, loaded once for all that need it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { createOneAtATime } from './one-at-a-time.ts';

const LIMITS = { mostWaiting: 100, idleMs: 60_000 };

test('law 7: however many ask of two things in turn, one is in memory at a time, loaded once for all that wait', async () => {
  const things = createOneAtATime<string>(LIMITS);
  const loads: string[] = [];
  const inUse = new Map<string, number>();
  let most = 0;
  const use = (id: string) =>
    things.use(
      id,
      async () => {
        loads.push(id);
        return id;
      },
      async (thing) => {
        inUse.set(thing, (inUse.get(thing) ?? 0) + 1);
        most = Math.max(most, [...inUse.values()].filter((users) => users > 0).length);
        await sleep(2);
        inUse.set(thing, (inUse.get(thing) ?? 0) - 1);
        return thing;
      },
    );
  const asked = Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? 'a' : 'b'));
  expect(await Promise.all(asked.map(use))).toEqual(asked);
  // The first, then those that waited, in the order of their coming.
  expect([loads, most]).toEqual([['a', 'b', 'a'], 1]);
  expect(await use('a')).toBe('a');
  expect(loads).toEqual(['a', 'b', 'a']);
});

test('law 7: more calls than may wait are refused; one that waits comes before later ones for what is held', async () => {
  const things = createOneAtATime<string>({ ...LIMITS, mostWaiting: 2 });
  const order: string[] = [];
  const first = Promise.withResolvers<void>();
  const use = (id: string, until = Promise.resolve()) =>
    things.use(
      id,
      async () => id,
      async () => {
        order.push(id);
        await until;
      },
    );
  const all = [use('a', first.promise), use('b'), use('a')];
  const refused = use('c').then(
    () => 'was taken',
    ({ code }) => code,
  );
  expect(await Promise.race([refused, sleep(100, 'waits')])).toBe('overloaded');
  first.resolve();
  await Promise.all(all);
  expect(order).toEqual(['a', 'b', 'a']);
});

test('what could not be loaded is loaded again for the next one, and what is not used is given up in time', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const things = createOneAtATime<string>({ mostWaiting: 9, idleMs: 1_000 });
    let loads = 0;
    const load = async () => {
      if (++loads === 1) throw new Error('the folder is away');
      return 'rows';
    };
    const failed = things.use('a', load, async (thing) => thing);
    await expect(failed).rejects.toThrow('the folder is away');
    expect(await things.use('a', load, async (thing) => thing)).toBe('rows');
    expect(
      await things.use(
        'b',
        async () => 'others',
        async (thing) => thing,
      ),
    ).toBe('others');
    expect(await things.use('b', load, async (thing) => thing)).toBe('others');
    await vi.advanceTimersByTimeAsync(999);
    await things.use('b', load, async (thing) => thing);
    // Since it was last used.
    await vi.advanceTimersByTimeAsync(500);
    await things.use('b', load, async (thing) => thing);
    expect(loads).toBe(2);
    await vi.advanceTimersByTimeAsync(1_000);
    await things.use('b', load, async (thing) => thing);
    expect(loads).toBe(3);
  } finally {
    vi.useRealTimers();
  }
});
