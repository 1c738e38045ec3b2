import { createRandom, type Random } from '@tributary/testkit/inputs/random';
import { expect, test } from 'vitest';
import { emptyKey, type KeyRules, type KeyState, loseItems, type Message, receiveEvent, receiveMessage } from './adoption.ts';
import { byteTape } from './byte-tape.ts';
import { PLACES } from './held-items.ts';
import { fitsInBytes, MOST_KEY_BYTES, readKey, writeKey } from './key-bytes.ts';

const KEY = 'ada';
const RULES: KeyRules = { windowMs: 1_000, mostOfDay: 64, digestOf: (key) => `digest of ${key}` };

function restored(state: KeyState): KeyState {
  const tape = byteTape(new Uint8Array(MOST_KEY_BYTES));
  writeKey(tape, state);
  return readKey(byteTape(tape.bytes.slice(0, tape.at)), state.key, RULES);
}

const TEXTS = ['x', 'ü', '漢', '😀', '', '\ufeff', 'a\nb'];

function messageOf(random: Random, version: string): Message {
  const [ts, receivedAt] = [random.between(0, 2_000), random.between(0, 2_000)];
  const path = Array.from({ length: random.between(1, 3) }, () => random.pick(['c', 'cookie-é', '🍪']));
  const to = random.pick(['bob', 'eve é']);
  const link = { id: random.pick(['l1', 'l2']), to, ts, version, receivedAt };
  const item = {
    ...{ origin: path[0] as string, id: `e${random.between(0, 9)}`, ts, isKnown: random.chance(0.5), path },
    line: random.pick(TEXTS).repeat(random.between(0, 60)),
  };
  return random.pick<() => Message>([
    () => ({ kind: 'link', to: KEY, link: random.chance(0.3) ? { ...link, merges: true } : link }),
    () => ({ kind: 'link', to: KEY, link: random.chance(0.3) ? { ...link, floor: ts } : link }),
    () => ({ kind: random.pick(['put', 'take']), to: KEY, item, version }),
    () => ({ kind: 'put', to: KEY, item, version }),
  ])();
}

function change(state: KeyState, random: Random, version: string): unknown {
  if (random.chance(0.1)) return loseItems(state, random.between(0, 300));
  if (random.chance(0.6)) return receiveMessage(state, messageOf(random, version), version);
  const line = random.pick(TEXTS).repeat(random.between(0, 60));
  return receiveEvent(state, { id: `e${random.between(0, 9)}`, ts: random.between(0, 2_000), isKnown: false, line }, version);
}

test('law 1: a key that was held as bytes between any two events and messages does what it would have done', () => {
  let inBytes = 0;
  for (let seed = 1; seed <= 200; seed++) {
    const plain = emptyKey(KEY, RULES);
    let held = emptyKey(KEY, RULES);
    const [ofPlain, ofHeld] = [createRandom(seed), createRandom(seed)];
    for (let step = 0; step < 25; step++) {
      const version = String(step).padStart(4, '0');
      expect(change(held, ofHeld, version)).toEqual(change(plain, ofPlain, version));
      if (!fitsInBytes(held)) continue;
      inBytes++;
      held = restored(held);
      // It may have room for more: that need not be alike.
      const { rows, bytes, count, used } = plain.held;
      const own = { ...plain.held, rows: rows.slice(0, count * PLACES), bytes: bytes.slice(0, used) };
      expect(held).toEqual({ ...plain, held: own });
    }
  }
  expect(inBytes).toBeGreaterThan(1_000);
});

test('law 7: what is long, and what few keys have, is not written', () => {
  const link = { id: 'l', to: 'bob', ts: 1, version: '1', receivedAt: 1 };
  const keyWith = (...messages: Message[]) => {
    const state = emptyKey(KEY, { windowMs: RULES.windowMs });
    for (const [at, message] of messages.entries()) receiveMessage(state, message, String(at));
    return fitsInBytes(state);
  };
  expect(keyWith({ kind: 'link', to: KEY, link })).toBe(true);
  expect(keyWith({ kind: 'link', to: KEY, link: { ...link, to: 'é'.repeat(MOST_KEY_BYTES / 3) } })).toBe(false);
  expect(keyWith({ kind: 'link', to: KEY, link }, { kind: 'link', to: KEY, link: { ...link, id: 'm' } })).toBe(false);
  expect(keyWith({ kind: 'unlink', to: KEY, from: 'bob', version: '2', receivedAt: 2 })).toBe(false);
  const withdrawal = { of: 'o', by: 'b', erasure: '1', hops: 1, version: '1', receivedAt: 1 };
  expect(keyWith({ kind: 'withdraw', to: KEY, ...withdrawal })).toBe(false);
  const own = emptyKey(KEY, { windowMs: RULES.windowMs });
  receiveEvent(own, { id: 'e', ts: 1, isKnown: false, line: 'x'.repeat(MOST_KEY_BYTES) }, '1');
  expect(fitsInBytes(own)).toBe(false);
});
