/** The record of one user, which is read by itself: with the bounds, and the looks at what is joined, that the records of many have. */
import { DAY_MS } from '@tributary/model/time';
import type { OnRecords } from '@tributary/store/serving-store';
import { expect, test } from 'vitest';
import { createRecordReader, RECORD_LIMITS } from '../src/http/record-reader.ts';

const KIB = 1024;
const KEY = 'tr_reader';
const ADA = [{ partition: 0, userKey: 'ada' }];
const NOT_JOINED = { partitions: 1, pollForJoined: () => undefined, joinedMs: () => null, now: () => 0 };
const relayed = async () => [];
const bytesOf = ([record]: readonly (Buffer | null)[]) => record?.length ?? null;

/** Answers each read when `answer` is called. */
function slowStore(size: number | null) {
  const waiting: (() => void)[] = [];
  return {
    relayed,
    records: (_users: unknown, maxBytes: number) =>
      new Promise<(Buffer | null | number)[]>((resolve) => {
        waiting.push(() => resolve([size === null ? null : size > maxBytes ? size : Buffer.alloc(size)]));
      }),
    answer() {
      for (const one of waiting.splice(0)) one();
    },
    waiting,
  };
}

test('law 7: records of single users share the bound of all that is read at a time, and what they held is free afterwards', async () => {
  const store = slowStore(KIB);
  const reader = createRecordReader(store, NOT_JOINED, { ...RECORD_LIMITS, inFlightBytes: 1_024 * KIB });
  const read = (key: string) => reader.read(key, ADA, bytesOf);
  const first = [read(KEY), read(KEY)];
  const beyond = read(KEY);
  const refused = expect(beyond).rejects.toMatchObject({
    code: 'overloaded',
    message: expect.stringMatching(/^524288 bytes of users' records/),
  });
  expect(store.waiting).toHaveLength(2);
  await refused;
  first.push(read('tr_other'));
  store.answer();
  expect(await Promise.all(first)).toEqual([KIB, KIB, KIB]);
  const later = [read(KEY), read(KEY)];
  expect(store.waiting).toHaveLength(2);
  store.answer();
  expect(await Promise.all(later)).toEqual([KIB, KIB]);
});

test('law 7: a store that does not answer is reported as for many, and holds nothing of the share', async () => {
  const failing = { relayed, records: () => Promise.reject(new Error('Command timed out')) };
  const reader = createRecordReader(failing, NOT_JOINED, { ...RECORD_LIMITS, inFlightBytes: 256 * KIB });
  for (let i = 0; i < 3; i++)
    await expect(reader.read(KEY, ADA, bytesOf)).rejects.toMatchObject({
      code: 'store_unavailable',
      message: 'the store did not answer: Command timed out',
    });
});

test('law 1: a record that was read while keys came to be joined is read again, with what is in flight between keys', async () => {
  let joinedMs: number | null = null;
  let [reads, looks] = [0, 0];
  const store = {
    relayed: async () => {
      looks++;
      return [];
    },
    records: async () => {
      reads++;
      return [Buffer.alloc(KIB)];
    },
  };
  const keys = {
    ...NOT_JOINED,
    joinedMs: () => joinedMs,
    pollForJoined: () => {
      joinedMs = DAY_MS;
      return Promise.resolve();
    },
  };
  expect(await createRecordReader(store, keys).read(KEY, ADA, bytesOf)).toBe(KIB);
  expect([reads, looks > 0]).toEqual([2, true]);
});

test('law 7: what a single record is known to hold, and its position, are of the read that brought it', async () => {
  const said = { position: 0 };
  const store = {
    relayed,
    records: async (_users: unknown, maxBytes: number, onRecords?: OnRecords) => {
      onRecords?.kept(0, null);
      onRecords?.position?.(0, `p${++said.position}`, undefined);
      return [maxBytes < 400 * KIB ? 400 * KIB : Buffer.alloc(400 * KIB)];
    },
  };
  const read = await createRecordReader(store, NOT_JOINED).read(
    KEY,
    ADA,
    ([record], [key], kept) => [record?.length, key?.position, [...kept]],
    'placed',
  );
  expect(read).toEqual([400 * KIB, `p${said.position}`, [[0, null]]]);
  expect(said.position).toBeGreaterThan(1);
});
