import { createRandom } from '@tributary/testkit/inputs/random';
import type { TimelineEvent } from '@tributary/views/timeline';
import { emptyUser, type UserState } from '@tributary/views/user-state';
import { expect, test } from 'vitest';
import { type CachedUser, cachedUser, createUserCache } from '../src/user-cache.ts';

const EVENT = { ts: 0, id: '' } as TimelineEvent;

/** What the cache must hold, from its definition: no bookkeeping, everything is weighed at each eviction that may see it. */
function plainCache(maxEvents: number) {
  const users = new Map<string, CachedUser>();
  const weights = new Map<CachedUser, number>();
  return {
    users,
    evict(batch: number) {
      for (const user of users.values()) if (user.batch <= batch) weights.set(user, 1 + user.state.events.length);
      let held = [...users.values()].reduce((sum, user) => sum + (weights.get(user) ?? 0), 0);
      if (held <= maxEvents) return;
      for (const [key, user] of [...users].sort(([, a], [, b]) => a.batch - b.batch)) {
        if (held <= maxEvents * 0.8 || user.batch > batch) break;
        held -= weights.get(user) ?? 0;
        users.delete(key);
      }
    },
  };
}

test('holds what its bound leaves, least recently used first, and never lets go of a batch under way', () => {
  const random = createRandom(5);
  let evicted = 0;
  for (let round = 0; round < 100; round++) {
    const maxEvents = random.pick([0, 5, 30, 200]);
    const [cache, plain] = [createUserCache(maxEvents), plainCache(maxEvents)];
    const keys = Array.from({ length: 1 + random.below(40) }, (_, i) => `u${i}`);
    const underWay: { readonly number: number; readonly own: readonly string[] }[] = [];
    let number = 0;
    const begin = () => {
      number++;
      const own = Array.from({ length: random.below(12) }, () => random.pick(keys));
      for (const key of own) {
        const known = cache.get(key, number);
        const user = known ?? cachedUser(emptyUser(), 0, 1, number);
        if (known === undefined) cache.set(key, user);
        plain.users.set(key, user);
        user.state.events.push(EVENT);
      }
      underWay.push({ number, own });
    };
    for (let step = 0; step < 100; step++) {
      begin();
      if (random.below(3) === 0) begin();
      while (underWay.length > 2) {
        const { number: committed } = underWay.shift() as { number: number };
        const before = plain.users.size;
        cache.evict(committed);
        plain.evict(committed);
        evicted += before - plain.users.size;
        const held = keys.filter((key) => cache.peek(key) !== undefined).sort();
        const lost = underWay.flatMap(({ own }) => own.filter((key) => cache.peek(key) === undefined));
        if (lost.length > 0 || held.join() !== [...plain.users.keys()].sort().join())
          throw new Error(`round ${round}, batch ${committed}: lost ${lost}, held ${held}, expected ${[...plain.users.keys()]}`);
      }
    }
  }
  expect(evicted).toBeGreaterThan(1_000);
});

test('a user of every batch is weighed once when they are at last committed, however many there were', () => {
  const cache = createUserCache(10);
  let looks = 0;
  const state: UserState = {
    ...emptyUser(),
    get events() {
      looks++;
      return [];
    },
  };
  cache.set('u', cachedUser(state, 0, 1, 1));
  for (let batch = 2; batch <= 1_000; batch++) {
    cache.get('u', batch);
    cache.evict(batch - 1);
  }
  expect(looks).toBe(0);
  cache.evict(1_000);
  expect(looks).toBe(1);
});
