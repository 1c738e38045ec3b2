import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import { createRecent } from './recent.ts';

afterEach(() => vi.restoreAllMocks());

test('of any keys, at least the last N different ones are known, and at most 2 N', () => {
  const sequences = fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 200 });
  fc.assert(
    fc.property(sequences, fc.integer({ min: 1, max: 12 }), (keys, atLeast) => {
      let forgotten = 0;
      const recent = createRecent<number>(atLeast, () => forgotten++);
      let order: number[] = [];
      let inOneGo = new Set<number>();
      for (const [at, key] of keys.entries()) {
        const known = recent.get(`${key}`);
        if (order.slice(-atLeast).includes(key)) expect(known, `key ${key} at ${at}`).toBe(key);
        if (!order.slice(-2 * atLeast).includes(key)) expect(known, `key ${key} at ${at}`).toBeUndefined();
        if (known === undefined) recent.set(`${key}`, key);
        order = [...order.filter((other) => other !== key), key];
        inOneGo = new Set([...inOneGo, key]);
        if (inOneGo.size <= atLeast) expect(forgotten).toBe(0);
      }
    }),
  );
});

test('its owner hears of it when something is forgotten', () => {
  let forgotten = 0;
  const recent = createRecent<number>(2, () => forgotten++);
  for (const key of ['a', 'b', 'c', 'd']) recent.set(key, 1);
  expect([forgotten, recent.get('a')]).toEqual([0, 1]);
  for (const key of ['e', 'f', 'g']) recent.set(key, 1);
  expect([forgotten > 0, recent.get('b')]).toEqual([true, undefined]);
});

test('a key costs a few look-ups, however many were forgotten before: no map is walked through, and none has holes', () => {
  const walks = (['keys', 'values', 'entries', 'forEach', 'delete', 'clear', Symbol.iterator] as const).map((name) =>
    vi.spyOn(Map.prototype, name as 'keys'),
  );
  const lookUps = (['get', 'has', 'set'] as const).map((name) => vi.spyOn(Map.prototype, name as 'get'));
  const callsOf = (spies: readonly { readonly mock: { readonly calls: readonly unknown[] } }[]) =>
    spies.reduce((sum, { mock }) => sum + mock.calls.length, 0);
  const recent = createRecent<number>(10);
  const before = [callsOf(walks), callsOf(lookUps)] as const;
  for (let i = 0; i < 1_000; i++) if (recent.get(`${i}`) === undefined) recent.set(`${i}`, i);
  const made = [callsOf(walks) - before[0], callsOf(lookUps) - before[1]] as const;
  vi.restoreAllMocks();
  expect(made[0]).toBe(0);
  expect(made[1]).toBeGreaterThanOrEqual(3_000);
  expect(made[1]).toBeLessThanOrEqual(4_000);
});
