import { emptyKey, type Message, membersOf, receiveEvent, receiveMessage } from '@tributary/model/identity/adoption';
import { createRandom } from '@tributary/testkit/inputs/random';
import { createPackedTimelines } from '@tributary/views/packed-timelines';
import type { TimelineEvent } from '@tributary/views/timeline';
import { emptyUser } from '@tributary/views/user-state';
import { expect, test } from 'vitest';
import { type CachedUser, newUser } from '../src/partitions/cached-user.ts';
import { createRestingUsers } from '../src/partitions/resting-users.ts';
import { createShelving } from '../src/partitions/shelving.ts';
import { createUserCache } from '../src/partitions/user-cache.ts';

const EVENT = { ts: 0, id: '', kind: 'signal', rank: 0, once: '' } as TimelineEvent;

/** What the cache must hold, from its definition: no bookkeeping, everything is weighed at each eviction that may see it. */
function plainCache(maxEvents: number) {
  const users = new Map<string, CachedUser>();
  const weights = new Map<string, number>();
  return {
    users,
    evict(batch: number) {
      for (const [key, user] of users) if (user.batch <= batch) weights.set(key, 1 + user.length);
      let held = [...users.keys()].reduce((sum, key) => sum + (weights.get(key) ?? 0), 0);
      if (held <= maxEvents) return;
      for (const [key, user] of [...users].sort(([, a], [, b]) => a.batch - b.batch)) {
        if (held <= maxEvents * 0.8 || user.batch > batch) break;
        held -= weights.get(key) ?? 0;
        weights.delete(key);
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
    const [cache, plain] = [createUserCache(maxEvents, random.pick([1, 3, 1e6])), plainCache(maxEvents)];
    const keys = Array.from({ length: 1 + random.below(40) }, (_, i) => `u${i}`);
    const underWay: { readonly number: number; readonly own: readonly string[] }[] = [];
    let number = 0;
    const begin = () => {
      number++;
      const own = Array.from({ length: random.below(12) }, () => random.pick(keys));
      for (const key of own) {
        const user = cache.get(key, number) ?? cache.add(key, emptyUser(), 0, 1, number);
        plain.users.set(key, user);
        user.timelines.append(user, { ...EVENT, ts: user.length });
      }
      underWay.push({ number, own });
    };
    for (let step = 0; step < 100; step++) {
      begin();
      if (random.below(3) === 0) begin();
      while (underWay.length > 2) {
        const { number: committed } = underWay.shift() as { number: number };
        const before = plain.users.size;
        plain.evict(committed); // first: a user that is evicted has no events any more
        cache.evict(committed);
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
  const user = cache.add('u', emptyUser(), 0, 1, 1);
  Object.defineProperty(user, 'length', { get: () => looks++ });
  for (let batch = 2; batch <= 1_000; batch++) {
    cache.get('u', batch);
    cache.evict(batch - 1);
  }
  expect(looks).toBe(0);
  cache.evict(1_000);
  // Once more where the user goes to rest.
  expect(looks).toBe(2);
});

test('law 7: users that come and go leave their memory to those after them, whatever the lengths of their timelines', () => {
  const [cache, maxEvents] = [createUserCache(2_000), 2_000];
  // Those of one length leave blocks that those of the next have no use for.
  const lengths = [2, 4, 6, 8, 12, 16, 24, 32, 48];
  for (let batch = 1; batch < 70 * lengths.length; batch++) {
    for (let u = 0; u < 20; u++) {
      const user = cache.add(`${batch} ${u}`, emptyUser(), 0, 1, batch);
      const length = lengths[Math.floor(batch / 70)] as number;
      for (let i = 0; i < length; i++) user.timelines.append(user, { ...EVENT, ts: i });
    }
    cache.evict(batch);
    const { records } = (cache.peek(`${batch} 0`) as CachedUser).timelines.reserved();
    expect(records).toBeLessThan(1_024 + 5 * maxEvents);
  }
});

test('law 7: joined keys, which hold their events as lines, take no more memory the longer these are', () => {
  const maxEvents = 1_000;
  const heldOf = (length: number, isJoined: boolean) => {
    const cache = createUserCache(maxEvents);
    const keys = Array.from({ length: 100 }, (_, i) => `u${i}`);
    for (const [i, key] of keys.entries()) {
      const state = emptyKey(key, { windowMs: 1 });
      receiveEvent(state, { id: 'e', ts: 0, isKnown: true, line: 'x'.repeat(length) }, '');
      cache.add(key, emptyUser(), length, 1, i, isJoined ? state : undefined);
      cache.evict(i);
    }
    return keys.filter((key) => cache.peek(key) !== undefined).length;
  };
  expect(heldOf(160, true)).toBe(100);
  expect(heldOf(256_000, true)).toBeLessThanOrEqual(1);
  expect(heldOf(25_600, true)).toBeLessThan(10);
  // Others hold numbers alone.
  expect(heldOf(256_000, false)).toBe(100);
});

/** All that is known of a user but for where that lies. */
function knownOf(user: CachedUser) {
  const {
    timelines,
    slot: _slot,
    block: _block,
    batch: _batch,
    weight: _weight,
    isTouched: _is,
    left: _left,
    within: _within,
    ...known
  } = user;
  const events = timelines.open(user).events.map(({ ts, id }) => `${ts} ${id}`);
  const items = known.key === undefined ? undefined : membersOf(known.key);
  return {
    ...known,
    timelines: undefined,
    long: known.long !== undefined,
    events,
    key: known.key && { ...known.key, held: items },
  };
}

test.each([1, 2, 3])('law 1: who rests between batches is who they were, whatever is known of them, seed %i', (seed) => {
  const random = createRandom(seed);
  // Some of them rest for so long that the ids of their events are bytes, and long timelines are put away.
  const cache = createUserCache(1e6, 2);
  const digestOf = (key: string) => key;
  const plain = new Map<string, ReturnType<typeof knownOf>>();
  let [rested, keyed, long] = [0, 0, 0];
  for (let batch = 1; batch < 400; batch++) {
    for (let i = 0; i < 10; i++) {
      const name = `u${random.below(60)}`;
      const known = plain.get(name);
      const before = cache.peek(name);
      expect(before === undefined ? undefined : knownOf(before)).toEqual(known);
      const user = cache.get(name, batch) ?? cache.add(name, emptyUser(), 0, 1.5, batch);
      if (before !== undefined && user.long === undefined) rested++;
      if (before?.long !== undefined) long++;
      for (let n = random.below(3); n > 0; n--) addEvent(user, `${batch}`.padEnd(random.pick([1, 40]), 'x'));
      if (random.chance(0.01)) for (let n = random.pick([40, 120, 600]); n > 0; n--) addEvent(user, `${batch}-${n}`);
      user.recordLength += random.below(1_000);
      user.trimAtLength = user.recordLength * 1.25;
      if (random.chance(0.1)) user.cutTs = random.below(5);
      if (random.chance(0.1)) user.pruneAtLength = random.below(50);
      if (random.chance(0.05)) user.isErased = !user.isErased;
      if (random.chance(0.2)) (user.named ??= new Set()).add(random.pick([-1, 0, 3, 999]));
      if (random.chance(0.2)) (user.said ??= new Map()).set(`${random.below(30)}`.padStart(16, 'a'), batch);
      if (random.chance(0.2)) user.key ??= emptyKey(name, { windowMs: random.pick([1, 2]), digestOf });
      if (user.key !== undefined) {
        const line = random.pick(['x', 'é']).repeat(random.pick([10, 400]));
        receiveEvent(user.key, { id: `e${random.below(20)}`, ts: batch, isKnown: true, line }, '');
        if (user.key.links.windowMs === 2) receiveMessage(user.key, linkOf(name, random.below(40)), `${batch}`);
        keyed++;
      }
      plain.set(name, knownOf(user));
    }
    if (random.chance(0.7)) cache.evict(batch);
  }
  expect(rested).toBeGreaterThan(2_000);
  expect(keyed).toBeGreaterThan(1_000);
  expect(long).toBeGreaterThan(100);
});

/** Behind all others, as a step would. */
function addEvent(user: CachedUser, id: string): void {
  const { timelines } = user;
  const event = { ...EVENT, ts: user.length, id };
  if (timelines.append(user, event)) return;
  const state = timelines.open(user);
  state.events.push(event);
  timelines.close(user, state);
}

const idsIn = (user: CachedUser) => user.timelines.open(user).events.map(({ id }) => id);

test('law 7: long timelines of those of whom nothing comes are held as numbers, whatever their keys hold, and are the same once something does', () => {
  const cache = createUserCache(1e6, 3);
  const ids = Array.from({ length: 512 }, (_, n) => `event-${n}`);
  const key = emptyKey('keyed', { windowMs: 1 });
  for (const id of ids) receiveEvent(key, { id, ts: 0, isKnown: true, line: 'x'.repeat(100) }, '');
  const users = ['plain', 'keyed', 'very long'].map((name) =>
    cache.add(name, emptyUser(), 0, 1, 1, name === 'keyed' ? key : undefined),
  ) as [CachedUser, CachedUser, CachedUser];
  for (const user of users) for (const id of ids) addEvent(user, id);
  addEvent(users[2], 'one more');
  for (let batch = 1; batch <= 3; batch++) cache.evict(batch);
  expect(users.map(({ long }) => long !== undefined)).toEqual([true, true, true]);
  cache.evict(4);
  expect(users.map(({ long }) => long !== undefined)).toEqual([false, false, true]);
  expect(users.slice(0, 2).map((user) => new Set(idsIn(user)).size)).toEqual([1, 1]);
  const [plain, keyed] = ['plain', 'keyed'].map((name) => cache.get(name, 5)) as [CachedUser, CachedUser];
  expect(keyed).toBe(users[1]);
  for (const user of [plain, keyed]) {
    expect(user.long).toBeDefined();
    expect(idsIn(user)).toEqual(ids);
  }
  // Those who are awake are put away again, with what came.
  addEvent(keyed, 'one more');
  keyed.long?.events.shift();
  for (let batch = 5; batch <= 8; batch++) cache.evict(batch);
  expect(keyed.long).toBeUndefined();
  expect(idsIn(cache.peek('keyed') as CachedUser)).toEqual([...ids.slice(1), 'one more']);
});

test('law 7: long timelines that are put away and taken out again use the same room', () => {
  const cache = createUserCache(1e6, 1);
  const user = cache.add('u', emptyUser(), 0, 1, 1);
  for (let n = 0; n < 400; n++) addEvent(user, `${n}`);
  for (let batch = 2; batch < 50; batch++) {
    cache.evict(batch - 1);
    cache.evict(batch - 1);
    expect(cache.get('u', batch)?.length).toBe(400);
  }
  expect(user.timelines.reserved().records).toBeLessThan(2_000);
});

function linkOf(to: string, i: number): Message {
  return {
    kind: 'link',
    to,
    link: { id: `l${i % 2}`, to: 'bob', ts: i, version: `${i}`, receivedAt: i, ...(i === 3 && { merges: true }) },
  };
}

test('law 7: of a user there is an object while a batch concerns them, and none after it', () => {
  const cache = createUserCache(1e6);
  const user = cache.add('u', emptyUser(), 0, 1, 1);
  expect(cache.get('u', 2)).toBe(user);
  cache.evict(1);
  expect(cache.peek('u')).toBe(user);
  cache.evict(2);
  expect(cache.peek('u')).not.toBe(user);
});

test('law 7: what was noted of users who are not held any more takes no room', () => {
  const timelines = createPackedTimelines();
  const resting = createRestingUsers(timelines);
  for (let i = 0; i < 2_000; i++) {
    const key = emptyKey(`u${i}`, { windowMs: 1 });
    receiveEvent(key, { id: 'e', ts: 0, isKnown: true, line: 'x'.repeat(1_000) }, '');
    const slot = resting.take();
    expect(resting.rest(newUser(timelines, slot, 0, 1, 1, key))).toBe(true);
    resting.leave(slot);
  }
  expect(resting.reserved()).toBeLessThan(200_000);
});

test('law 7: ids of those of whom nothing comes are not held as texts, and are the same once something does', () => {
  const cache = createUserCache(1e6, 3);
  const textsOf = (user: CachedUser) => user.timelines.open(user).events.map(({ id }) => id);
  const ids = ['e1', 'é'.repeat(40), '🛒\n'];
  const add = (name: string, texts: readonly string[]) => {
    const user = cache.add(name, emptyUser(), 0, 1, 1);
    for (const [ts, id] of texts.entries()) user.timelines.append(user, { ...EVENT, ts, id });
    return user;
  };
  const own = add('u', ids);
  const long = add('long', ['x'.repeat(30_000)]);
  cache.evict(1);
  cache.evict(2);
  cache.evict(3);
  expect(textsOf(own)).toEqual(ids);
  cache.evict(4);
  expect(textsOf(own)).toEqual(['', '', '']);
  expect(textsOf(long)).toEqual(['x'.repeat(30_000)]);
  expect(textsOf(cache.get('u', 5) as CachedUser)).toEqual(ids);
});

test('law 7: a user waits once to be shelved, however often something comes of them, and is not while it does', () => {
  const shelving = createShelving(3);
  for (let eviction = 1; eviction <= 1_000; eviction++) {
    for (const slot of [0, 1]) {
      shelving.leaves(slot);
      shelving.rests(slot, eviction);
    }
    expect(shelving.due(eviction)).toEqual([]);
    expect(shelving.waiting()).toBe(2);
  }
  shelving.leaves(0);
  const due = Array.from({ length: 10 }, (_, i) => shelving.due(1_001 + i)).flat();
  expect(due).toEqual([1]);
  expect(shelving.waiting()).toBe(0);
});

test('law 7: users of many events are shelved a few at a time, as all others wait meanwhile', () => {
  const shelving = createShelving(1);
  for (let slot = 0; slot < 10; slot++) shelving.rests(slot, 1);
  expect(shelving.due(2, () => 500)).toEqual([0, 1, 2, 3, 4]);
  expect(shelving.due(2, () => 500)).toEqual([5, 6, 7, 8, 9]);
});

test('law 1: a user who takes the slot of one that is not held any more keeps their ids, though that one waited to be shelved', () => {
  const cache = createUserCache(5, 1);
  for (let batch = 1; batch < 10; batch++) {
    const user = cache.add(`u${batch}`, emptyUser(), 0, 1, batch);
    for (let n = 0; n < 8; n++) user.timelines.append(user, { ...EVENT, ts: n, id: `${batch} ${n}` });
    cache.evict(batch - 1);
    expect(user.timelines.open(user).events.map(({ id }) => id)).toEqual(Array.from({ length: 8 }, (_, n) => `${batch} ${n}`));
    cache.evict(batch);
  }
});
