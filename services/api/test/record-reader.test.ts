import { encodeEvent } from '@tributary/model/event';
import { expect, test } from 'vitest';
import { createRecordReader, type RecordLimits } from '../src/record-reader.ts';
import { queryBody, selectSignals } from '../src/signals-body.ts';
import { createWorld, event } from './world.ts';

const KIB = 1024;
const LIMITS: RecordLimits = { requestBytes: 8_000 * KIB, inFlightBytes: 16_000 * KIB, partBytes: 2_000 * KIB };

/** A store whose users have records of the given sizes, which says how many bytes each answer had. */
function storeOf(sizes: Readonly<Record<string, number>>) {
  const answers: { readonly users: number; readonly bytes: number }[] = [];
  return {
    answers,
    async records(users: readonly { readonly userKey: string }[], maxBytes: number) {
      let left = maxBytes;
      const read = users.map(({ userKey }) => {
        const size = sizes[userKey];
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
  const reader = createRecordReader(store, LIMITS);
  const read = await reader.read(owners(...new Array<string>(1_000).fill('fat')), sizes);
  expect(read).toEqual(new Array(1_000).fill(3_000 * KIB));
  expect(store.answers).toEqual([
    { users: 1, bytes: 0 },
    { users: 1, bytes: 3_000 * KIB },
  ]);
});

test('small records come with the first answer; large ones in parts, each user his own', async () => {
  const users = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`u${i}`, i < 4 ? 10 * KIB : 900 * KIB + i]));
  const store = storeOf(users);
  const reader = createRecordReader(store, LIMITS);
  const keys = [...Object.keys(users), 'nobody'];
  expect(await reader.read(owners(...keys), sizes)).toEqual(keys.map((key) => users[key] ?? null));
  expect(store.answers.length).toBeGreaterThan(2);
  for (const { bytes } of store.answers) expect(bytes).toBeLessThanOrEqual(LIMITS.partBytes);
  expect(await reader.read(owners('u1', 'u0'), (records) => records.map(String))).toEqual([
    'u1'.repeat(5 * KIB),
    'u0'.repeat(5 * KIB),
  ]);
});

test('a request beyond the bound is refused before it is read, with both numbers', async () => {
  const store = storeOf(Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`u${i}`, 1_000 * KIB])));
  const reader = createRecordReader(store, LIMITS);
  const all = owners(...Array.from({ length: 9 }, (_, i) => `u${i}`));
  await expect(reader.read(all, sizes)).rejects.toMatchObject({
    code: 'too_much_asked',
    message: expect.stringContaining(`${LIMITS.requestBytes} bytes at the most (got ${9_000 * KIB})`),
  });
  expect(store.answers).toHaveLength(1);
  expect(await reader.read(all.slice(1), sizes)).toEqual(new Array(8).fill(1_000 * KIB));
});

test('requests together hold no more than the bound, and what they held is free afterwards', async () => {
  const gate = Promise.withResolvers<void>();
  const store = storeOf({ fat: 7_000 * KIB });
  let held = true;
  const slow = {
    async records(...asked: Parameters<typeof store.records>) {
      if (held) await gate.promise;
      return store.records(...asked);
    },
  };
  const reader = createRecordReader(slow, LIMITS);
  const many = Array.from({ length: 300 }, () =>
    reader.read(owners('fat'), sizes).catch((error: { code: string }) => error.code),
  );
  held = false;
  gate.resolve();
  const outcomes = await Promise.all(many);
  expect(outcomes.filter((outcome) => outcome === 'overloaded').length).toBeGreaterThan(250);
  expect(outcomes.filter((outcome) => outcome !== 'overloaded').length).toBeGreaterThan(0);
  expect(await reader.read(owners('fat'), sizes)).toEqual([7_000 * KIB]);
});

test('an answer beyond the bound is refused before it is made, with both numbers; a user named twice is refused at once', async () => {
  const world = await createWorld();
  const clicks = Array.from({ length: 20 }, (_, i) =>
    event({ type: 'visit', ts: world.deps.now() - i, properties: { text: 'x'.repeat(20_000) } }),
  );
  const record = Buffer.from(clicks.map((click) => `${encodeEvent(click)}\n`).join(''));
  const many = Array.from({ length: 1_000 }, (_, i) => selectSignals(`user-${i}`, record, { limit: 20 }));
  const noPool = { take: () => expect.unreachable('a body is made'), give: () => {} };
  expect(() => queryBody(many, '{}', noPool, () => {})).toThrow(
    /^the answer must have 67108864 bytes at the most \(got \d{9}\)$/,
  );
  const pool = { take: (bytes: number) => Buffer.alloc(bytes), give: () => {} };
  const { body } = queryBody(many.slice(0, 3), '{}', pool, () => {});
  expect(JSON.parse(String(body)).results.map(({ signals }: { signals: unknown[] }) => signals.length)).toEqual([20, 20, 20]);
  const twice = await world.post('/v1/signals/query', { users: ['ada', 'bob', 'ada'] });
  expect([twice.status, twice.body.code]).toEqual([400, 'invalid_query']);
  expect(twice.body.detail).toBe('users: names "ada" twice: name each user once');
});
