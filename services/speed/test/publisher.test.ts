import { setTimeout as sleep } from 'node:timers/promises';
import type { LogRecord } from '@tributary/log/port';
import { TributaryError } from '@tributary/model/errors';
import { createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { expect, test } from 'vitest';
import { createDrain } from '../src/outbox/drain.ts';
import { createPublisher } from '../src/outbox/publisher.ts';

function outboxes(count: number) {
  const boxes = Array.from({ length: count }, () => ({ from: 0, lines: [] as string[] }));
  const at = (partition: number) => boxes[partition] as { from: number; lines: string[] };
  const outbox = {
    read: async (partition: number, max: number) => ({ from: at(partition).from, lines: at(partition).lines.slice(0, max) }),
    async remove(partition: number, upTo: number, from = 0) {
      const box = at(partition);
      if (box.from < from && box.lines.length > 0) return false;
      const removed = Math.max(0, Math.min(upTo - box.from, box.lines.length));
      box.lines.splice(0, removed);
      box.from += removed;
      return true;
    },
    length: async (partition: number) => at(partition).lines.length,
  };
  return { at, outbox };
}

const BOTH = new Set([0, 1]);
const lines = (count: number) => Array.from({ length: count }, (_, i) => `{"line":${i}}`);

test('a partition that always has more holds up no other', async () => {
  const { at, outbox } = outboxes(2);
  const log = createMemoryLog({ partitions: 2 });
  const refilled = {
    ...log,
    async append(partition: number, record: LogRecord) {
      await sleep(1);
      if (partition === 0) at(0).lines.push(...lines(10));
      return log.append(partition, record);
    },
  };
  at(0).lines.push(...lines(50));
  const stop = new AbortController();
  const options = { outbox, log: refilled, assigned: () => BOTH, maxLines: 10, idleMs: 20, maxWaiting: 100, onError() {} };
  const publisher = createPublisher(options);
  const running = publisher.run(stop.signal);
  await sleep(30);
  at(1).lines.push(...lines(500));
  publisher.wake(1, 500);
  expect(publisher.hasRoom(1), 'a full outbox is known at once').toBe(false);
  await expect.poll(() => at(1).lines.length).toBe(0);
  await expect.poll(() => publisher.hasRoom(1)).toBe(true);
  stop.abort();
  await running;
});

test('a line that the output log never takes goes without its details, and the others follow', async () => {
  const { at, outbox } = outboxes(1);
  const log = createMemoryLog({ partitions: 1 });
  const bounded = {
    ...log,
    async append(partition: number, record: LogRecord) {
      if (record.body.length > 1_000) throw new TributaryError('body_too_large', 'more than 1000');
      return log.append(partition, record);
    },
  };
  at(0).lines.push(JSON.stringify({ ts: 1, type: 'conversion.attributed', id: 'x', credit: 'z'.repeat(1_100) }), ...lines(3));
  const stop = new AbortController();
  const publisher = createPublisher({ outbox, log: bounded, assigned: () => BOTH, idleMs: 20, onError() {} });
  const running = publisher.run(stop.signal);
  await expect.poll(() => at(0).lines.length).toBe(0);
  stop.abort();
  await running;
  const entries = await log.read(new Map([[0, null]]), { maxEntries: 100, waitMs: 0 });
  expect(entries.flatMap(({ body }) => body.split('\n')).map((line) => JSON.parse(line))).toEqual([
    { ts: 1, type: 'conversion.attributed', id: 'x', n: 0, truncated: true },
    { line: 0, n: 1 },
    { line: 1, n: 2 },
    { line: 2, n: 3 },
  ]);
});

test('law 7: long lines are read in bounded pieces, however many short ones went before them', async () => {
  const { at, outbox } = outboxes(1);
  const reads: number[] = [];
  const counted = {
    ...outbox,
    async read(partition: number, max: number) {
      const read = await outbox.read(partition, max);
      reads.push(read.lines.reduce((sum, line) => sum + line.length, 0));
      return read;
    },
  };
  const log = createMemoryLog({ partitions: 1 });
  const stop = new AbortController();
  const publisher = createPublisher({ outbox: counted, log, assigned: () => new Set([0]), idleMs: 5, onError() {} });
  const running = publisher.run(stop.signal);
  const pass = async (more: readonly string[]) => {
    at(0).lines.push(...more);
    publisher.wake(0, more.length);
    await expect.poll(() => at(0).lines.length).toBe(0);
  };
  await pass(lines(2_000));
  await pass(lines(3));
  await pass(Array.from({ length: 400 }, () => JSON.stringify({ text: 'x'.repeat(20_000) })));
  stop.abort();
  await running;
  expect(Math.max(...reads), 'characters of one read').toBeLessThan(1_000_000);
});

test.each([
  ['read', false],
  ['given by a commit', true],
])('law 9: what a publisher that was stopped had %s before is read again, not passed on', async (_, isGiven) => {
  const { at, outbox } = outboxes(1);
  const log = createMemoryLog({ partitions: 1 });
  let nowMs = 1_700_000_000_000;
  let stopped = 0;
  const drain = createDrain(
    {
      outbox: {
        ...outbox,
        async read(partition, max) {
          const read = await outbox.read(partition, max);
          // While the reply is on its way others pass on what it has, and more comes.
          if (!isGiven && stopped++ === 0) stop();
          return read;
        },
      },
      log,
      asPublished: (line) => line,
      onError: (error) => expect(error).toBeUndefined(),
      now: () => nowMs,
    },
    { onLength: () => {}, onUnremoved: () => {} },
  );
  const stop = () => {
    nowMs += 11_000;
    at(0).lines = ['{"of":"later"}'];
    at(0).from = 1;
  };
  if (isGiven) await drain.passSome(0, { lines: 0, longest: 0 });
  at(0).lines.push('{"of":"erased"}');
  if (isGiven) {
    drain.give(0, { from: 0, lines: ['{"of":"erased"}'] });
    stop();
  }
  while (await drain.passSome(0, { lines: 1, longest: 20 }));
  await drain.settled();
  const entries = await log.read(new Map([[0, null]]), { maxEntries: 10, waitMs: 0 });
  expect(entries.map(({ body }) => body)).toEqual(['{"of":"later"}']);
  expect(at(0).lines).toEqual([]);
});

test('what a publisher that lost its partition appends late has a number that was there before', async () => {
  const { at, outbox } = outboxes(1);
  const log = createMemoryLog({ partitions: 1 });
  const held = Promise.withResolvers<void>();
  const slow = {
    ...log,
    async append(partition: number, record: LogRecord) {
      await held.promise;
      return log.append(partition, record);
    },
  };
  at(0).lines.push('{"state":"first"}');
  const stop = new AbortController();
  const sleeper = createPublisher({ outbox, log: slow, assigned: () => BOTH, idleMs: 5, onError() {} }).run(stop.signal);
  await sleep(20);
  const heir = createPublisher({ outbox, log, assigned: () => BOTH, idleMs: 5, onError() {} });
  const inheriting = heir.run(stop.signal);
  await expect.poll(() => at(0).lines.length).toBe(0);
  at(0).lines.push('{"state":"second"}');
  heir.wake(0, 1);
  await expect.poll(() => at(0).lines.length).toBe(0);
  held.resolve();
  await sleep(20);
  stop.abort();
  await Promise.all([sleeper, inheriting]);
  const entries = await log.read(new Map([[0, null]]), { maxEntries: 100, waitMs: 0 });
  expect(entries.map(({ body }) => JSON.parse(body))).toEqual([
    { state: 'first', n: 0 },
    { state: 'second', n: 1 },
    { state: 'first', n: 0 },
  ]);
});

/** Passes on what is reported to it, and notes what each read brought. */
function reporting() {
  const { at, outbox } = outboxes(1);
  const reads: { lines: number; length: number }[] = [];
  const counted = {
    ...outbox,
    async read(partition: number, max: number) {
      const read = await outbox.read(partition, max);
      if (read.lines.length > 0) reads.push({ lines: read.lines.length, length: read.lines.join('\n').length });
      return read;
    },
  };
  const log = createMemoryLog({ partitions: 1 });
  const stop = new AbortController();
  const publisher = createPublisher({ outbox: counted, log, assigned: () => new Set([0]), idleMs: 60_000, onError() {} });
  const running = publisher.run(stop.signal);
  return {
    reads,
    async pass(more: readonly string[]) {
      at(0).lines.push(...more);
      publisher.wake(0, more.length, Math.max(...more.map(({ length }) => length)));
      await expect.poll(() => at(0).lines.length).toBe(0);
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}

test('what came at once is read at once, and goes into one append', async () => {
  await using publisher = reporting();
  await publisher.pass(lines(3));
  await publisher.pass(lines(200));
  await publisher.pass(lines(2));
  await publisher.pass(lines(400));
  expect(publisher.reads.map((read) => read.lines)).toEqual([3, 200, 2, 400]);
});

test('law 7: of lines that are known to be long no more are read than go into one append', async () => {
  await using publisher = reporting();
  await publisher.pass(lines(3));
  await publisher.pass(lines(200));
  await publisher.pass(Array.from({ length: 100 }, () => JSON.stringify({ text: 'x'.repeat(20_000) })));
  const [, , first] = publisher.reads;
  expect(first?.length, 'characters of the first read').toBeLessThanOrEqual(256 * 1024);
  expect(first?.lines).toBe(13);
});

/** Commits leave lines and give them, while a publisher passes on what there is: the lines that were read, and that the log has. */
function given() {
  const { at, outbox } = outboxes(1);
  const read: string[] = [];
  let removals: Promise<unknown> = Promise.resolve();
  const counted = {
    ...outbox,
    async remove(partition: number, upTo: number, from?: number) {
      await removals;
      return outbox.remove(partition, upTo, from);
    },
    async read(partition: number, max: number) {
      const found = await outbox.read(partition, max);
      read.push(...found.lines);
      return found;
    },
  };
  const log = createMemoryLog({ partitions: 1 });
  const stop = new AbortController();
  const asPublished = (line: string) => line;
  const assigned = new Set([0]);
  const options = { outbox: counted, log, assigned: () => assigned, maxLines: 3, idleMs: 60_000, asPublished, onError() {} };
  const publisher = createPublisher(options);
  const running = publisher.run(stop.signal);
  const box = at(0);
  return {
    box,
    read,
    assigned,
    commit(...more: string[]) {
      const from = box.from + box.lines.length;
      box.lines.push(...more);
      publisher.give(0, { from, lines: more });
      publisher.wake(0, more.length);
    },
    emptied: () => expect.poll(() => box.lines.length).toBe(0),
    holdRemovals(until: Promise<unknown>) {
      removals = until;
    },
    async appended() {
      const entries = await log.read(new Map([[0, null]]), { maxEntries: 100, waitMs: 0 });
      return entries.flatMap(({ body }) => body.split('\n'));
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}

test('law 3: what commits give is passed on unread, once nothing is before it', async () => {
  await using publisher = given();
  publisher.box.lines.push('before');
  publisher.commit('a', 'b');
  await publisher.emptied();
  expect(publisher.read).toEqual(['before', 'a', 'b']);
  publisher.commit('c');
  publisher.commit('d', 'e');
  await publisher.emptied();
  expect(publisher.read).toEqual(['before', 'a', 'b']);
  publisher.commit('f', 'g');
  publisher.commit('h', 'i');
  await publisher.emptied();
  expect(publisher.read, 'more than one append').toEqual(['before', 'a', 'b', 'f', 'g', 'h', 'i']);
  publisher.commit('j');
  await publisher.emptied();
  expect(await publisher.appended()).toEqual(['before', ...'abcdefghij']);
});

test('law 3: lines that an outbox has again are passed on before it is emptied', async () => {
  await using publisher = given();
  publisher.commit('a', 'b');
  await publisher.emptied();
  // The store lost the removal.
  Object.assign(publisher.box, { from: 0, lines: ['a', 'b'] });
  publisher.commit('c');
  await publisher.emptied();
  expect((await publisher.appended()).slice(-3)).toEqual(['a', 'b', 'c']);
});

test('law 7: what commits give waits for no removal, and one that fails has all of it read again', async () => {
  await using publisher = given();
  publisher.commit('a');
  await publisher.emptied();
  const { promise, reject } = Promise.withResolvers<void>();
  promise.catch(() => {});
  publisher.holdRemovals(promise);
  publisher.commit('b');
  await expect.poll(() => publisher.appended()).toEqual(['a', 'b']);
  publisher.commit('c');
  await expect.poll(() => publisher.appended()).toEqual(['a', 'b', 'c']);
  expect(publisher.box.lines).toEqual(['b', 'c']);
  publisher.holdRemovals(Promise.resolve());
  reject(new Error('killed'));
  await publisher.emptied();
  expect(publisher.read).toEqual(['a', 'b', 'c']);
  expect((await publisher.appended()).slice(-2)).toEqual(['b', 'c']);
});

test('law 3: what a commit gave of a partition that was elsewhere meanwhile is not passed on again', async () => {
  await using publisher = given();
  publisher.commit('a');
  await publisher.emptied();
  // The partition is lost between a commit and what passes it on: another worker does.
  publisher.assigned.clear();
  publisher.commit('b');
  await sleep(1);
  Object.assign(publisher.box, { from: 2, lines: [] });
  publisher.assigned.add(0);
  publisher.commit('c');
  await publisher.emptied();
  expect(await publisher.appended()).toEqual(['a', 'c']);
});
