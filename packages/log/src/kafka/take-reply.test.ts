/** What a fetch session decides: what it asks for, what it takes of a reply, and what it gives. */
import { expect, test } from 'vitest';
import { ENTRY_LIMITS } from './entries.ts';
import { CODE } from './errors.ts';
import { offsetsOf, PARTITION_BYTES, planFetch } from './fetch-plan.ts';
import { emptyState, give, heldBytes, holdsAny, type SessionState, seek } from './held-entries.ts';
import { encodeBatch } from './record-batch.ts';
import type { Fetched, FetchedPartition } from './requests.ts';
import { nothingTaken, takeReply } from './take-reply.ts';

const MB = 1024 * 1024;

/** A batch from offset 0 on; each value becomes one entry. */
function batchOf(...values: readonly string[]): Buffer {
  const headers = [[Buffer.from('tributary'), Buffer.from('h')]] as const;
  const messages = values.map((value) => ({ key: null, value: Buffer.from(value), headers }));
  return encodeBatch(messages, 1_700_000_000_000);
}

const fetched = (partition: number, records: Buffer | null, more: Partial<FetchedPartition> = {}): FetchedPartition => ({
  partition,
  errorCode: 0,
  logStart: 0,
  aborted: [],
  records,
  ...more,
});

/** Takes one reply about partitions that are read from offset 0 on, and fetched from where the session stands. */
function take(state: SessionState, partitions: readonly FetchedPartition[], { maxBytes = 8 * MB, work = 64 * MB } = {}) {
  const wanted = new Map(partitions.map(({ partition }) => [partition, 0]));
  const offsets = offsetsOf(state, [...wanted.keys()], wanted);
  const taken = { ...nothingTaken(), work };
  const reply: Fetched = { errorCode: 0, partitions };
  takeReply(state, reply, offsets, { wanted, maxBytes, topic: 'shop', entryLimits: ENTRY_LIMITS }, taken);
  return { ...taken, wanted };
}

const orderOf = (state: SessionState, partitions: readonly number[], maxBytes = 8 * MB) =>
  planFetch(state, offsetsOf(state, partitions, new Map(partitions.map((p) => [p, 0]))), maxBytes);

test('entries are given in order, of each partition its share, and the next read goes on behind them', () => {
  const state = emptyState();
  const { wanted, learned } = take(state, [fetched(0, batchOf('a', 'b', 'c')), fetched(1, batchOf('d'))]);
  expect([learned, holdsAny(state, wanted)]).toEqual([true, true]);
  const bodies = (maxEntries: number, maxBytes: number) => give(state, wanted, { maxEntries, maxBytes }).map(({ body }) => body);
  expect(bodies(2, MB)).toEqual(['a', 'b', 'd']);
  seek(state, new Map([[0, 2]]));
  expect([state.held.get(0)?.entries.length, state.held.has(1)]).toEqual([1, false]);
  expect(bodies(2, MB)).toEqual(['c']);
  expect(heldBytes(state)).toBe(0);
});

test('law 7: of entries that are too heavy together one is given', () => {
  const state = emptyState();
  const { wanted } = take(state, [fetched(0, batchOf('x'.repeat(600), 'y'.repeat(600)))]);
  expect(give(state, wanted, { maxEntries: 10, maxBytes: 1_000 })).toHaveLength(1);
});

test('what is held for another place is forgotten', () => {
  const state = emptyState();
  take(state, [fetched(0, batchOf('a', 'b'))]);
  seek(state, new Map([[0, 1]]));
  expect(state.held.size).toBe(0);
});

test('law 7: no more is unpacked than there is room for, and the rest is fetched again', () => {
  const state = emptyState();
  const large = 'x'.repeat(PARTITION_BYTES / 2);
  const { wanted } = take(state, [fetched(0, batchOf(large, large, large, large))], { maxBytes: 1 });
  expect(state.held.get(0)?.entries).toHaveLength(2);
  expect(offsetsOf(state, [0], wanted)).toEqual(new Map([[0, 2]]));
});

test('law 7: a partition for which nothing is left to unpack comes first in the next fetch, and may be of any size', () => {
  const state = emptyState();
  take(state, [fetched(0, batchOf('a')), fetched(1, batchOf('b'))], { work: 1 });
  expect([...state.starved]).toEqual([1]);
  const { from } = orderOf(state, [0, 1]);
  expect(from.map(({ partition }) => partition)).toEqual([1, 0]);
});

test('law 7: among partitions that hold nothing the one that waits longest comes first', () => {
  const state = emptyState();
  const { wanted } = take(state, [fetched(0, batchOf('a'))]);
  give(state, wanted, { maxEntries: 10, maxBytes: MB });
  expect(orderOf(state, [0, 1, 2]).from.map(({ partition }) => partition)).toEqual([1, 2, 0]);
  // One that holds its share is named, so that an error of it is heard, and asked for one byte.
  take(state, [fetched(1, batchOf('x'.repeat(4 * MB)))]);
  expect(orderOf(state, [0, 1, 2], 16 * MB).from.at(-1)).toMatchObject({ partition: 1, maxBytes: 1 });
});

test('law 7: a damaged partition leaves the others what they have', () => {
  const state = emptyState();
  const damaged = batchOf('a');
  damaged.writeInt8(1, 16);
  const { failures, learned, wanted } = take(state, [fetched(0, damaged), fetched(1, batchOf('b'))]);
  expect([failures.length, learned, holdsAny(state, wanted)]).toEqual([1, true, true]);
});

test('a batch that came cut is asked for as the first one; cut again it is as good as none', () => {
  const state = emptyState();
  const whole = batchOf('a');
  const cut = whole.subarray(0, whole.length - 1);
  expect(take(state, [fetched(0, cut)])).toMatchObject({ learned: true, isCut: false });
  expect(take(state, [fetched(0, cut)])).toMatchObject({ learned: false, isCut: true });
  expect(take(state, [fetched(0, whole)])).toMatchObject({ learned: true, isCut: false });
  expect(state.starved.size).toBe(0);
});

test('law 3: a reply to another offset than the one that is next is passed over', () => {
  const state = emptyState();
  take(state, [fetched(0, batchOf('a'))]);
  const taken = nothingTaken();
  const reading = { wanted: new Map([[0, 0]]), maxBytes: MB, topic: 'shop', entryLimits: ENTRY_LIMITS };
  takeReply(state, { errorCode: 0, partitions: [fetched(0, batchOf('a'))] }, new Map([[0, 0]]), reading, taken);
  expect([taken.learned, state.held.get(0)?.entries.length]).toEqual([false, 1]);
});

test('law 7: a position before the start of the log is trouble, whatever the code says; a partition left out is an error', () => {
  const trouble = take(emptyState(), [fetched(0, batchOf('a'), { logStart: 5 })]).trouble;
  expect(trouble).toMatchObject([{ partition: 0, errorCode: CODE.offsetOutOfRange }]);
  const reading = { wanted: new Map([[0, 0]]), maxBytes: MB, topic: 'shop', entryLimits: ENTRY_LIMITS };
  const ask = (reply: Fetched) => () => takeReply(emptyState(), reply, new Map([[0, 0]]), reading, nothingTaken());
  expect(ask({ errorCode: 0, partitions: [] })).toThrow('partition 0 was left out of a reply');
  expect(ask({ errorCode: 3, partitions: [] })).toThrow('a fetch was refused (error 3)');
});
