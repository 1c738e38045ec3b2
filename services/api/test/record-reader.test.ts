import { encodeEvent } from '@tributary/model/event';
import { encodeMessage } from '@tributary/model/identity/message-line';
import { DAY_MS } from '@tributary/model/time';
import { createPlaces } from '@tributary/store/records/signals';
import { expect, test } from 'vitest';
import { createRecordReader, type RecordLimits } from '../src/http/record-reader.ts';
import { cutTo, placeSignals, queryBody } from '../src/http/signals-body.ts';
import { createWorld, event } from './world.ts';

const KIB = 1024;
const NOT_JOINED = { partitions: 1, pollForJoined: () => undefined, joinedMs: () => null, now: () => 0 };
const relayed = async () => [];
const KEY = 'tr_reader';
const LIMITS: RecordLimits = { requestBytes: 8_000 * KIB, inFlightBytes: 16_000 * KIB, partBytes: 2_000 * KIB, fewBytes: 0 };

/** A store whose users have records of the given sizes, which says how many bytes each answer had. */
function storeOf(bytesOf: Readonly<Record<string, number>>) {
  const answers: { readonly users: number; readonly bytes: number }[] = [];
  return {
    answers,
    async records(users: readonly { readonly userKey: string }[], maxBytes: number) {
      let left = maxBytes;
      const read = users.map(({ userKey }) => {
        const size = bytesOf[userKey];
        if (size === undefined) return null;
        if (size > left) return size;
        left -= size;
        return Buffer.alloc(size, userKey);
      });
      answers.push({ users: users.length, bytes: maxBytes - left });
      return read;
    },
  };
}

const owners = (...keys: string[]) => keys.map((userKey) => ({ partition: 0, userKey }));
const sizes = (records: readonly (Buffer | null)[]) => records.map((record) => record?.length ?? null);

test('a user named a thousand times is read once', async () => {
  const store = storeOf({ fat: 3_000 * KIB });
  const reader = createRecordReader({ ...store, relayed }, NOT_JOINED, LIMITS);
  const read = await reader.read(KEY, owners(...new Array<string>(1_000).fill('fat')), sizes);
  expect(read).toEqual(new Array(1_000).fill(3_000 * KIB));
  expect(store.answers).toEqual([
    { users: 1, bytes: 0 },
    { users: 1, bytes: 3_000 * KIB },
  ]);
});

test('what the store answered is let go of once it was used, also where that failed', async () => {
  const answers: (Buffer | null | number)[][] = [];
  const store = storeOf({ fat: 3_000 * KIB, slim: 1 });
  const records = async (...asked: Parameters<typeof store.records>) => {
    const answer = await store.records(...asked);
    answers.push(answer);
    return answer;
  };
  const reader = createRecordReader({ records, relayed }, NOT_JOINED, LIMITS);
  expect(await reader.read(KEY, owners('fat', 'slim', 'stranger'), sizes)).toEqual([3_000 * KIB, 1, null]);
  const failing = reader.read(KEY, owners('slim'), () => {
    throw new Error('not used');
  });
  await expect(failing).rejects.toThrow('not used');
  expect(answers).toEqual([[], [], []]);
});

test('small records come with the first answer; large ones in parts, each user his own', async () => {
  const users = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`u${i}`, i < 4 ? 10 * KIB : 900 * KIB + i]));
  const store = storeOf(users);
  const reader = createRecordReader({ ...store, relayed }, NOT_JOINED, LIMITS);
  const keys = [...Object.keys(users), 'stranger'];
  expect(await reader.read(KEY, owners(...keys), sizes)).toEqual(keys.map((key) => users[key] ?? null));
  expect(store.answers.length).toBeGreaterThan(2);
  for (const { bytes } of store.answers) expect(bytes).toBeLessThanOrEqual(LIMITS.partBytes);
  expect(await reader.read(KEY, owners('u1', 'u0'), (records) => records.map(String))).toEqual([
    'u1'.repeat(5 * KIB),
    'u0'.repeat(5 * KIB),
  ]);
});

test('a request beyond the bound is refused before it is read, with both numbers', async () => {
  const store = storeOf(Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`u${i}`, 1_000 * KIB])));
  const reader = createRecordReader({ ...store, relayed }, NOT_JOINED, LIMITS);
  const all = owners(...Array.from({ length: 9 }, (_, i) => `u${i}`));
  await expect(reader.read(KEY, all, sizes)).rejects.toMatchObject({
    code: 'too_much_asked',
    message: expect.stringContaining(`${LIMITS.requestBytes} bytes (got ${9_000 * KIB})`),
  });
  expect(store.answers).toHaveLength(1);
  expect(await reader.read(KEY, all.slice(1), sizes)).toEqual(new Array(8).fill(1_000 * KIB));
});

/** A store that answers requests for this many bytes once `answer` is called. */
function heldStore(bytesOf: Readonly<Record<string, number>>, fromBytes: number) {
  const store = storeOf(bytesOf);
  const asked: { readonly user: string; answer(): void }[] = [];
  return {
    asked,
    async records(...question: Parameters<typeof store.records>) {
      const gate = Promise.withResolvers<void>();
      if (question[1] >= fromBytes) {
        asked.push({ user: question[0].map(({ userKey }) => userKey).join(), answer: gate.resolve });
        await gate.promise;
      }
      return store.records(...question);
    },
  };
}

test('law 7: requests together hold no more than the bound, keys share it, and what they held is free afterwards', async () => {
  const four = Object.fromEntries(Array.from({ length: 4 }, (_, i) => [`u${i}`, 500 * KIB]));
  const store = heldStore(four, 500 * KIB);
  const reader = createRecordReader({ ...store, relayed }, NOT_JOINED, LIMITS);
  const ask = (key: string) => reader.read(key, owners(...Object.keys(four)), sizes);
  const greedy = Array.from({ length: 10 }, () => ask('greedy').catch((error: { code: string }) => error.code));
  await expect.poll(() => store.asked.length).toBeGreaterThan(0);
  await Promise.resolve();
  const others = ['a', 'b'].map(ask);
  await expect.poll(() => store.asked.length).toBeGreaterThan(4);
  for (const { answer } of store.asked) answer();
  expect(await Promise.all(others)).toEqual([Object.values(four), Object.values(four)]);
  const outcomes = await Promise.all(greedy);
  expect(outcomes.filter((outcome) => outcome === 'overloaded').length).toBeGreaterThan(5);
  expect(outcomes.filter((outcome) => outcome !== 'overloaded').length).toBeGreaterThan(2);
  const again = ask('greedy');
  await expect.poll(() => store.asked.length).toBe(6);
  for (const { answer } of store.asked) answer();
  expect(await again).toEqual(Object.values(four));
});

test('law 7: large records are read one at a time, one of each key, two more wait, and small ones go on meanwhile', async () => {
  const store = heldStore({ fat: 3_000 * KIB, thin: 10 * KIB }, 2_000 * KIB);
  const reader = createRecordReader({ ...store, relayed }, NOT_JOINED, LIMITS);
  const ask = (key: string, user: string) => reader.read(key, owners(user), sizes);
  const first = ask('a', 'fat');
  await expect.poll(() => store.asked.length).toBe(1);
  await expect(ask('a', 'fat')).rejects.toMatchObject({ code: 'overloaded', message: expect.stringContaining('this key') });
  const waiting = ['b', 'c'].map((key) => ask(key, 'fat'));
  expect(await ask('a', 'thin')).toEqual([10 * KIB]);
  await expect(ask('d', 'fat')).rejects.toMatchObject({ code: 'overloaded', message: expect.stringContaining('3 requests') });
  for (const [turn, read] of [first, ...waiting].entries()) {
    await expect.poll(() => store.asked.length).toBe(turn + 1);
    expect(await ask('d', 'thin')).toEqual([10 * KIB]);
    expect(store.asked).toHaveLength(turn + 1);
    store.asked[turn]?.answer();
    expect(await read).toEqual([3_000 * KIB]);
  }
  const again = ask('a', 'fat');
  await expect.poll(() => store.asked.length).toBe(4);
  store.asked[3]?.answer();
  expect(await again).toEqual([3_000 * KIB]);
});

test('a large record that cannot be read leaves the turn to the next', async () => {
  const store = storeOf({ fat: 3_000 * KIB });
  let asked = 0;
  const reader = createRecordReader(
    { relayed, records: async (users, most) => (++asked === 2 ? Promise.reject(new Error('gone')) : store.records(users, most)) },
    NOT_JOINED,
    LIMITS,
  );
  await expect(reader.read(KEY, owners('fat'), sizes)).rejects.toMatchObject({ code: 'store_unavailable' });
  expect(await reader.read(KEY, owners('fat'), sizes)).toEqual([3_000 * KIB]);
});

/** Where keys are joined: `cookie` was linked to ada. `seen`: what the store was asked, in turn. */
function joinedReader(bytesOf: Readonly<Record<string, number>>) {
  const store = storeOf(bytesOf);
  const seen: string[] = [];
  const link = { id: 'l', to: 'ada', ts: 0, version: '1', receivedAt: 0 };
  const linked = encodeMessage({ kind: 'link', to: 'cookie', link }, { from: 0, number: '1.1', after: '' });
  const records = async (users: readonly { readonly userKey: string }[], maxBytes: number) => {
    seen.push(users.map(({ userKey }) => userKey).join());
    const read = await store.records(users, maxBytes);
    return read.map((record, i) => (users[i]?.userKey === 'cookie' ? Buffer.from(`${linked}\n`) : record));
  };
  /** A message that was sent and not applied at the looks that say so. */
  const look = (isInFlight: boolean) => [
    { position: '2', logTimeMs: 0, relayed: { sent: [isInFlight ? '1.1' : ''], applied: [''] } },
  ];
  const reader = createRecordReader(
    {
      records,
      async relayed() {
        seen.push('look');
        return look(true);
      },
      recordsBetween: async (users, most) => ({ before: look(false), records: await records(users, most), after: look(false) }),
    },
    { ...NOT_JOINED, joinedMs: () => DAY_MS },
    LIMITS,
  );
  const isComplete = (userKey: string) => reader.read(KEY, owners(userKey), (_, [key]) => key?.inFlight === undefined);
  return { seen, isComplete };
}

test('law 7: what is in flight is looked at with the records of a question, and once more behind all that is read after these', async () => {
  const { seen, isComplete } = joinedReader({ thin: KIB, fat: 3_000 * KIB, ada: KIB });
  expect(await isComplete('thin')).toBe(true);
  expect(seen.splice(0)).toEqual(['thin']);
  expect(await isComplete('fat')).toBe(false);
  expect(seen.splice(0)).toEqual(['fat', 'fat', 'look']);
  expect(await isComplete('cookie')).toBe(false);
  expect(seen.splice(0)).toEqual(['cookie', 'ada', 'look']);
});

test('an answer beyond the bound is refused before it is made, with both numbers; a user named twice is refused at once', async () => {
  const world = await createWorld();
  const clicks = Array.from({ length: 20 }, (_, i) =>
    event({ type: 'visit', ts: world.deps.now() - i, properties: { text: 'x'.repeat(20_000) } }),
  );
  const record = Buffer.from(clicks.map((click) => `${encodeEvent(click)}\n`).join(''));
  const places = createPlaces();
  const many = Array.from({ length: 1_000 }, (_, i) => cutTo(20, placeSignals(`user-${i}`, record, { limit: 21 }, places)));
  const noPool = { take: () => expect.unreachable('a body is made'), give: () => {} };
  expect(() => queryBody({ users: many, places }, '{}', noPool, () => {})).toThrow(
    /^the answer must have at most 67108864 bytes \(got \d{9}\)$/,
  );
  const pool = { take: (bytes: number) => Buffer.alloc(bytes), give: () => {} };
  const { body } = queryBody({ users: many.slice(0, 3), places }, '{}', pool, () => {});
  expect(JSON.parse(String(body)).results.map(({ signals }: { signals: unknown[] }) => signals.length)).toEqual([20, 20, 20]);
  const twice = await world.post('/v1/signals/query', { users: ['ada', 'bob', 'ada'] });
  expect([twice.status, twice.body.code]).toEqual([400, 'invalid_query']);
  expect(twice.body.detail).toBe('users.2 must differ from all users before it (got "ada")');
});
