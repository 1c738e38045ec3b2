/** The newest events for who watches: a sample, without erased users, at a bounded cost. */
import type { LogEntry } from '@tributary/log/port';
import { encodeEvent } from '@tributary/model/event';
import { partitionOf } from '@tributary/model/user-key';
import { createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { expect, test } from 'vitest';
import { createNewestEvents, MOST_NEWEST } from '../src/stream/newest-events.ts';
import { event, NOON } from './world.ts';

const PARTITIONS = 4;

function watching({ erased = new Set<string>() } = {}) {
  const log = createMemoryLog({ partitions: PARTITIONS });
  const read: LogEntry[] = [];
  const state = { ms: 0, fails: false };
  const newest = createNewestEvents({
    log: {
      partitions: PARTITIONS,
      ends: () => log.ends(),
      async read(after, limits) {
        if (state.fails) throw new Error('the log does not answer');
        const entries = await log.read(after, limits);
        read.push(...entries);
        return entries;
      },
    },
    forgotten: async () => async (userKey) => erased.has(userKey),
    clock: () => state.ms,
  });
  const append = (userId: string, names: readonly string[]) =>
    log.append(partitionOf(userId, PARTITIONS), {
      kind: 'events',
      body: names.map((id) => encodeEvent(event({ userId, id, type: 'page' }))).join('\n'),
    });
  return { log, read, state, newest, append };
}

/** The ids of the next moment, a second later. */
async function ids({ newest, state }: ReturnType<typeof watching>): Promise<string[] | null> {
  state.ms += 1_000;
  return (await newest.take())?.map(({ id }) => id) ?? null;
}

test('the last events of what came since the last moment, newest first, then those before', async () => {
  const watch = watching();
  await watch.append('ana', ['before']);
  expect(await ids(watch), 'it begins at the end').toEqual([]);
  await watch.append('ana', ['a1', 'a2']);
  expect(await ids(watch)).toEqual(['a2', 'a1']);
  await watch.append('ana', ['a3', 'a4', 'a5', 'a6', 'a7', 'a8']);
  expect(await ids(watch)).toEqual(['a8', 'a7', 'a6', 'a5', 'a2', 'a1']);
  expect(await ids(watch)).toEqual(['a8', 'a7', 'a6', 'a5', 'a2', 'a1']);
  const [first] = (await watch.newest.take()) ?? [];
  expect(first).toEqual({ id: 'a8', type: 'page', user: 'ana', ts: NOON, receivedAt: NOON, source: 'test' });
});

test('as many entries and events as may be, however many came and ask', async () => {
  const watch = watching();
  await ids(watch);
  for (let i = 0; i < 50; i++)
    await watch.append(
      'ana',
      Array.from({ length: 30 }, (_, j) => `${i}.${j}`),
    );
  watch.state.ms += 1_000;
  const all = await Promise.all(Array.from({ length: 20 }, () => watch.newest.take()));
  expect(watch.read).toHaveLength(1);
  expect(new Set(all.map((one) => JSON.stringify(one))).size).toBe(1);
  for (let i = 0; i < 10; i++) {
    await watch.append('bob', ['b1', 'b2', 'b3', 'b4', 'b5']);
    await ids(watch);
  }
  expect(await ids(watch)).toHaveLength(MOST_NEWEST);
});

test('law 9: who is erased is left out, also of what was read before', async () => {
  const erased = new Set<string>();
  const watch = watching({ erased });
  await ids(watch);
  await watch.append('ana', ['a1']);
  await watch.append('bob', ['b1']);
  expect((await ids(watch))?.sort()).toEqual(['a1', 'b1']);
  erased.add('ana');
  expect(await ids(watch)).toEqual(['b1']);
});

test('links, erasures, barriers and what is not an event are left out', async () => {
  const watch = watching();
  await ids(watch);
  const partition = partitionOf('ana', PARTITIONS);
  const lines = [
    encodeEvent(event({ userId: 'ana', id: 'a1', type: 'page' })),
    'no event',
    '{"ts":1}',
    encodeEvent(event({ userId: 'someone', id: 'x', type: 'page' })),
  ];
  await watch.log.append(partition, { kind: 'events', body: lines.join('\n') });
  expect(partitionOf('someone', PARTITIONS)).not.toBe(partition);
  expect(await ids(watch)).toEqual(['a1']);
});

test('where the log does not answer they are not known, and after a while without anybody it begins at the end again', async () => {
  const watch = watching();
  await ids(watch);
  await watch.append('ana', ['a1']);
  watch.state.fails = true;
  expect(await ids(watch)).toBeNull();
  watch.state.fails = false;
  expect(await ids(watch), 'it begins at the end').toEqual([]);
  await watch.append('ana', ['a2']);
  expect(await ids(watch)).toEqual(['a2']);
  watch.state.ms += 60_000;
  await watch.append('ana', ['a3']);
  expect(await ids(watch)).toEqual([]);
});

test('law 7: a log that is slow to answer holds no moment up', async () => {
  const log = createMemoryLog({ partitions: PARTITIONS });
  const never = () => new Promise<never>(() => {});
  const newest = createNewestEvents({
    log: { partitions: PARTITIONS, ends: never, read: log.read },
    forgotten: async () => async () => false,
    clock: () => 0,
  });
  expect(await newest.take()).toBeNull();
});
