/** Law 3 for interventions: a crash at any effect, lines that come again, and the same answers. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { InterventionRule } from '@tributary/signals/interventions/rules';
import { expect, test } from 'vitest';
import { type Acting, createProgress, idOf, take } from '../src/interventions/acting.ts';
import { createDelivery, LONGEST_MS, MOST_BYTES, MOST_WAITING } from '../src/interventions/delivery.ts';
import { openJournal } from '../src/interventions/journal.ts';
import type { StreamEvent } from '../src/interventions/lines.ts';
import { createUnderWay } from '../src/interventions/under-way.ts';
import { isPrivate } from '../src/interventions/webhook.ts';
import { temporaryFolder } from './temporary.ts';

const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 10, 21, 8);
const RULE: InterventionRule = {
  name: 'help',
  kind: 'segment.entered',
  of: 'planner',
  version: 'v1',
  signals: ['views'],
  holds: () => true,
  cooldownMs: DAY_MS,
  withinMs: DAY_MS,
  webhook: { url: 'https://hooks.example', secret: 'HOOK' },
};
const RULES = [RULE, { ...RULE, name: 'note', webhook: null }];

class Crash extends Error {}

/** The log of lines, which holds all of them: with one that a publisher sent twice, and one within a cooldown. */
const STREAM: readonly StreamEvent[] = [
  ['anna', 1],
  ['bo', 2],
  ['anna', 1],
  ['cy', 3],
  ['anna', 4],
].map(([userKey, ts], i) => ({
  id: `place-${i + 1}`,
  line: {
    type: 'segment.entered',
    data: { type: 'segment.entered', id: `${userKey}${ts}`, ts: NOW_MS + Number(ts), userKey, segment: 'planner' },
  },
}));

interface World {
  readonly events: Map<string, object>;
  /** Ids as the receiver answered them. */
  readonly hooks: string[];
  readonly decided: string[];
}

/** Runs over the stream from where the folder stands; the effect number `crashAt` happens, and then nothing any more. */
async function process(folder: string, world: World, crashAt: number): Promise<void> {
  let effects = 0;
  let isDead = false;
  let clock = NOW_MS;
  const after = () => {
    if (++effects === crashAt) isDead = true;
    if (isDead) throw new Crash();
  };
  const journal = openJournal(folder, RULES, () => NOW_MS);
  const ended = new AbortController();
  const deadly =
    <A extends unknown[]>(effect: (...args: A) => void) =>
    (...args: A) => {
      if (isDead) throw new Crash();
      effect(...args);
      after();
    };
  const bounds = { now: () => NOW_MS, sleep: async () => {}, random: Math.random, signal: ended.signal, onError: () => {} };
  const delivery = createDelivery(bounds);
  const acting: Acting = {
    isStored: async () => true,
    rules: RULES,
    journal: {
      ...journal,
      get cursor() {
        return journal.cursor;
      },
      decide: deadly((id: string, rule: string, userKey: string, atMs: number) => {
        journal.decide(id, rule, userKey, atMs);
        world.decided.push(id);
      }),
      finish: deadly(journal.finish),
      moveTo: deadly(journal.moveTo),
    },
    delivery,
    underWay: createUnderWay(),
    env: { HOOK: `whsec_${'A'.repeat(32)}` },
    // The place is noted at most once a second.
    now: () => (clock += 1_000),
    values: async () => ({ views: 1 }),
    async record(event) {
      await new Promise(setImmediate);
      const { id } = event as { id: string };
      deadly(() => {
        if (!world.events.has(id)) world.events.set(id, event);
      })();
      return true;
    },
    async post({ id }) {
      // Lines that come next are taken meanwhile.
      for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
      try {
        deadly(() => void world.hooks.push(id))();
        return { kind: 'delivered' };
      } catch {
        ended.abort();
        return { kind: 'again', why: 'dead' };
      }
    },
    onDone: () => {},
    onPass: () => {},
  };
  const progress = createProgress(acting);
  const from = STREAM.findIndex(({ id }) => id === journal.cursor) + 1;
  try {
    for (const event of STREAM.slice(from)) await take(event, acting, progress);
    for (let turn = 0; delivery.waiting > 0 && !isDead && turn < 1_000; turn++) await new Promise(setImmediate);
    progress.advance(true);
  } catch (error) {
    if (!(error instanceof Crash)) throw error;
  } finally {
    journal.close();
  }
}

test('law 3: after a crash at any effect the same interventions are decided once, recorded once, and called at least once', async () => {
  const expected = [0, 1, 3].flatMap((at) =>
    RULES.map((rule) => idOf(rule, (STREAM[at] as { line: { data: object } }).line.data as never)),
  );
  const hooked = expected.filter((_, i) => i % 2 === 0);
  const calm: World = { events: new Map(), hooks: [], decided: [] };
  await process(temporaryFolder('crashes'), calm, Number.POSITIVE_INFINITY);
  expect([...calm.hooks].sort()).toEqual([...hooked].sort());
  let crashes = 0;
  for (let crashAt = 1; ; crashAt++) {
    const world: World = { events: new Map(), hooks: [], decided: [] };
    const folder = temporaryFolder('crashes');
    await process(folder, world, crashAt);
    const before = world.hooks.length + world.decided.length + world.events.size;
    await process(folder, world, Number.POSITIVE_INFINITY);
    await process(folder, world, Number.POSITIVE_INFINITY);
    expect([...world.decided].sort(), `crash ${crashAt}`).toEqual([...expected].sort());
    expect([...world.events.keys()].sort()).toEqual([...expected].sort());
    expect(new Set(world.hooks)).toEqual(new Set(hooked));
    // Again only those whose answer the crash kept from being noted.
    expect(world.hooks.length - hooked.length).toBeLessThanOrEqual(hooked.length);
    if (before < world.hooks.length + world.decided.length + world.events.size) crashes += 1;
    if (crashAt > 40) break;
  }
  expect(crashes).toBeGreaterThan(8);
});

test('a journal that a crash cut is read up to the cut, remembers a cooldown, and forgets what is over', () => {
  const folder = temporaryFolder('journal');
  let now = NOW_MS;
  const open = () => openJournal(folder, RULES, () => now);
  const first = open();
  first.decide('one', 'help', 'anna', now);
  first.finish('one');
  first.decide('two', 'help', 'bo', now);
  first.moveTo('place-7');
  first.close();
  const file = join(folder, 'journal.ndjson');
  appendFileSync(file, '{"decided":"thr');
  const second = open();
  expect([second.cursor, second.unfinished, second.state('one'), second.state('two'), second.state('thr')]).toEqual([
    'place-7',
    1,
    'finished',
    'decided',
    'unknown',
  ]);
  expect([second.lastAt('help', 'anna'), second.lastAt('note', 'anna'), second.lastAt('help', 'cy')]).toEqual([
    NOW_MS,
    undefined,
    undefined,
  ]);
  expect(readFileSync(file, 'utf8')).not.toMatch(/anna|bo"/);
  second.close();
  now += 2 * DAY_MS + 1;
  const third = open();
  expect([third.state('one'), third.lastAt('help', 'anna'), third.state('two')]).toEqual(['unknown', undefined, 'decided']);
  third.close();
  writeFileSync(file, 'no JSON\n');
  expect(open).toThrow(/each line of .*journal\.ndjson must be JSON \(got "no JSON"\)/);
});

test('law 3: a conversion that is said again with other credit calls nothing, for as long as its rule answers to it, also by another process', async () => {
  const folder = temporaryFolder('said-again');
  const rule: InterventionRule = {
    ...RULE,
    kind: 'conversion.attributed',
    of: 'purchase',
    cooldownMs: 3_600_000,
    withinMs: 7 * DAY_MS,
    webhook: null,
  };
  const data = { id: 'line', ts: NOW_MS, userKey: 'anna', conversion: { id: 'order', type: 'purchase' } };
  const said: string[] = [];
  const lineAt = async (nowMs: number) => {
    const journal = openJournal(folder, [rule], () => nowMs);
    const acting = {
      ...{ rules: [rule], journal, underWay: createUnderWay(), env: {}, now: () => nowMs },
      ...{ values: async () => ({ views: 1 }), record: async () => true },
      onDone: () => said.push('done'),
      onPass: (why: string) => said.push(why),
    } as unknown as Acting;
    await take({ id: `place-${nowMs}`, line: { type: rule.kind, data } }, acting, createProgress(acting));
    journal.close();
  };
  for (const days of [0, 2, 6.9, 7.1]) await lineAt(NOW_MS + days * DAY_MS);
  expect(said).toEqual(['done', 'repeated', 'repeated', 'repeated']);
  await lineAt(NOW_MS + 8.1 * DAY_MS);
  expect(said.at(-1)).toBe('too-old');
});

test('law 9: a user who was erased is not named by a webhook from before, though the erasure was lifted and they came back', async () => {
  const pauses: (() => void)[] = [];
  const ends: string[] = [];
  const called: string[] = [];
  const journal = openJournal(temporaryFolder('lifted'), [RULE], () => NOW_MS);
  const acting = {
    ...{ rules: [RULE], journal, underWay: createUnderWay(), env: { HOOK: `whsec_${'A'.repeat(32)}` }, now: () => NOW_MS },
    ...{ values: async () => ({ views: 1 }), record: async () => true, isStored: async () => true },
    delivery: createDelivery({
      now: () => NOW_MS,
      sleep: () => new Promise((resolve) => pauses.push(resolve)),
      random: () => 0,
      signal: new AbortController().signal,
      onError: (error) => ends.push(String(error)),
    }),
    async post({ body }: { body: string }) {
      const user = JSON.parse(body).userKey;
      called.push(user);
      return called.filter((one) => one === user).length === 1 ? { kind: 'again', why: '503' } : { kind: 'delivered' };
    },
    onDone: ({ fate }: { fate: string }) => ends.push(fate),
    onPass: () => {},
  } as unknown as Acting;
  const progress = createProgress(acting);
  for (const { id, line } of STREAM.slice(0, 2)) await take({ id, line }, acting, progress);
  while (pauses.length < 2) await new Promise(setImmediate);
  const erased = { id: 'e', ts: NOW_MS, userKey: 'anna' };
  await take({ id: 'place-3', line: { type: 'user.erased', data: erased } }, acting, progress);
  for (const resume of pauses) resume();
  while (acting.delivery.waiting > 0) await new Promise(setImmediate);
  expect([called, ends]).toEqual([
    ['anna', 'bo', 'bo'],
    ['erased', 'delivered'],
  ]);
  journal.close();
});

test('law 9: a user who was erased, lifted and came back while it was asked whether they are stored is not named', async () => {
  const ends: string[] = [];
  const journal = openJournal(temporaryFolder('looked'), [RULE], () => NOW_MS);
  const look = Promise.withResolvers<boolean>();
  const acting = {
    ...{ rules: [RULE], journal, underWay: createUnderWay(), env: { HOOK: `whsec_${'A'.repeat(32)}` }, now: () => NOW_MS },
    ...{ values: async () => ({ views: 1 }), record: async () => true, isStored: () => look.promise },
    delivery: createDelivery({
      ...{ now: () => NOW_MS, sleep: async () => {}, random: () => 0, signal: new AbortController().signal },
      onError: (error) => ends.push(String(error)),
    }),
    post: async () => ({ kind: 'delivered' }),
    onDone: ({ fate }: { fate: string }) => ends.push(fate),
    onPass: () => {},
  } as unknown as Acting;
  const progress = createProgress(acting);
  for (const event of STREAM.slice(0, 1)) await take(event, acting, progress);
  await take({ id: 'place-2', line: { type: 'user.erased', data: { id: 'e', ts: NOW_MS, userKey: 'anna' } } }, acting, progress);
  look.resolve(true);
  while (acting.delivery.waiting > 0) await new Promise(setImmediate);
  expect(ends).toEqual(['erased']);
  journal.close();
});

test('law 9: an erasure ends all calls of its user that are under way, and keeps nothing of those that ended', () => {
  const underWay = createUnderWay();
  const [first, second, third] = [underWay.begin('a', 'anna'), underWay.begin('b', 'anna'), underWay.begin('d', 'anna')];
  const other = underWay.begin('c', 'bo');
  underWay.end('a');
  underWay.erase('anna');
  expect([first, second, third, other].map(({ isErased }) => isErased)).toEqual([false, true, true, false]);
  for (const id of ['b', 'd']) underWay.end(id);
  expect([underWay.has('a'), underWay.has('b'), underWay.has('c')]).toEqual([false, false, true]);
  const again = underWay.begin('b', 'anna');
  expect(again.isErased).toBe(false);
  // Nothing is walked for a user whose calls ended: an erasure of 10 000 users beside 10 000 calls looks at their own.
  let looks = 0;
  for (let i = 0; i < 1_000; i++) Object.defineProperty(underWay.begin(`${i}`, `user ${i}`), 'isErased', { set: () => looks++ });
  for (let i = 0; i < 1_000; i++) underWay.erase(`user ${i}`);
  expect(looks).toBe(1_000);
});

test('a queue of a receiver is bounded in length and age; a job is finished once', async () => {
  let now = NOW_MS;
  const held = Promise.withResolvers<void>();
  const ends: string[] = [];
  const delivery = createDelivery({
    now: () => now,
    sleep: async () => {},
    random: () => 0,
    signal: new AbortController().signal,
    onError: (error) => ends.push(String(error)),
  });
  const add = (receiver: string, send: () => Promise<{ kind: 'delivered' }>, bytes = 1) =>
    delivery.add({
      id: 'x',
      bytes,
      receiver,
      atMs: NOW_MS,
      send,
      finished: (fate, attempts) => void ends.push(`${receiver} ${fate} ${attempts}`),
    });
  for (let i = 0; i <= MOST_WAITING; i++) add('slow', () => held.promise.then(() => ({ kind: 'delivered' })));
  expect(ends).toEqual(['slow given-up 0']);
  add('quick', async () => ({ kind: 'delivered' }));
  while (delivery.waiting > MOST_WAITING) await new Promise(setImmediate);
  expect(ends).toEqual(['slow given-up 0', 'quick delivered 1']);
  const wait = () => held.promise.then(() => ({ kind: 'delivered' }) as const);
  for (const bytes of [MOST_BYTES + 1, 1]) add('large', wait, bytes);
  expect(ends.slice(2)).toEqual(['large given-up 0']);
  now += LONGEST_MS + 1;
  held.resolve();
  while (delivery.waiting > 0) await new Promise(setImmediate);
  expect(ends.filter((end) => end === 'slow delivered 1')).toHaveLength(8);
  expect(ends.filter((end) => end === 'slow given-up 0')).toHaveLength(MOST_WAITING - 7);
});

test('a job that pauses holds up none that waits for the same receiver, and comes again behind them', async () => {
  const pauses: (() => void)[] = [];
  const ends: string[] = [];
  const delivery = createDelivery({
    now: () => NOW_MS,
    sleep: () => new Promise((resolve) => pauses.push(resolve)),
    random: () => 0,
    signal: new AbortController().signal,
    onError: (error) => ends.push(String(error)),
  });
  const answered = new Set<string>();
  for (let i = 0; i < 20; i++) {
    const id = `${i}`;
    // The first ten fail once.
    const send = async () => {
      if (i >= 10 || answered.has(id)) return { kind: 'delivered' } as const;
      answered.add(id);
      return { kind: 'again', why: '503' } as const;
    };
    delivery.add({
      id,
      bytes: 1,
      receiver: 'one',
      atMs: NOW_MS,
      send,
      finished: (fate, made) => void ends.push(`${id} ${fate} ${made}`),
    });
  }
  while (delivery.waiting > 10) await new Promise(setImmediate);
  expect(ends.sort()).toEqual(Array.from({ length: 10 }, (_, i) => `${i + 10} delivered 1`));
  for (const resolve of pauses) resolve();
  while (delivery.waiting > 0) await new Promise(setImmediate);
  expect(ends.slice(10).sort()).toEqual(Array.from({ length: 10 }, (_, i) => `${i} delivered 2`));
});

test.each([0, 1])(
  'law 3: an API that is away for minutes gives up no webhook: where none was sent, none was tried (random %d)',
  async (drawn) => {
    let now = NOW_MS;
    const ends: string[] = [];
    const pauses: { readonly dueMs: number; readonly end: () => void }[] = [];
    const delivery = createDelivery({
      now: () => now,
      sleep: (ms) => new Promise((end) => pauses.push({ dueMs: now + ms, end })),
      random: () => drawn,
      signal: new AbortController().signal,
      onError: (error) => ends.push(String(error)),
    });
    const add = (id: string, awayMs: number) =>
      delivery.add({
        ...{ id, bytes: 1, receiver: 'one', atMs: NOW_MS },
        send: async () => (now - NOW_MS < awayMs ? { kind: 'unknown', why: 'away' } : { kind: 'delivered' }),
        finished: (fate, made) => void ends.push(`${id} ${fate} ${made}`),
      });
    add('back', 240_000);
    add('gone', Number.POSITIVE_INFINITY);
    while (delivery.waiting > 0) {
      await new Promise(setImmediate);
      pauses.sort((a, b) => b.dueMs - a.dueMs);
      const next = pauses.pop();
      now = Math.max(now, next?.dueMs ?? now);
      next?.end();
    }
    expect(ends).toEqual(['back delivered 1', 'gone given-up 0']);
    expect(now - NOW_MS).toBeGreaterThanOrEqual(LONGEST_MS);
    expect(now - NOW_MS).toBeLessThan(LONGEST_MS + 120_000);
  },
);

test('addresses that the open internet cannot reach are private, also as IPv6 has them', () => {
  const hidden = [
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '169.254.169.254',
    '172.31.0.1',
    '192.168.1.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
  ];
  const six = [
    '::',
    '::1',
    '::ffff:10.0.0.1',
    '::ffff:8.8.8.8',
    '64:ff9b::a00:1',
    'fc00::1',
    'fe80::1%eth0',
    'ff02::1',
    '2001:db8::1',
    '2002:a00:1::',
    '2001:0:1::',
  ];
  expect([...hidden, ...six].filter((address) => !isPrivate(address))).toEqual([]);
  expect(['8.8.8.8', '172.32.0.1', '192.169.0.1', '2606:4700::1111', '2a00:1450::1'].filter(isPrivate)).toEqual([]);
  expect(isPrivate('name')).toBe(true);
});

test('a salt that a crash left half written is made again, and one that is whole stays', () => {
  const folder = temporaryFolder('salt');
  const salt = join(folder, 'salt');
  writeFileSync(salt, 'half');
  openJournal(folder, RULES, () => NOW_MS).close();
  const whole = readFileSync(salt);
  expect(whole).toHaveLength(32);
  openJournal(folder, RULES, () => NOW_MS).close();
  expect(readFileSync(salt)).toEqual(whole);
});
