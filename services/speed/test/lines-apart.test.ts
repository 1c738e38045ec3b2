/** A log in which each line has a position of its own, as Kafka's: entries end elsewhere when they are read again, and what is named by a place is named alike. */
import { placesOf } from '@tributary/log/line-places';
import { type Event, encodeEvent } from '@tributary/model/event';
import { relayLog } from '@tributary/speed/messages/relay-log';
import { createSpeedWorker } from '@tributary/speed/pipeline';
import { sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { JOINED } from '@tributary/testkit/inputs/joined-keys';
import { createMemoryDisk, createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { createMemoryStore } from '@tributary/testkit/memory/memory-store';
import { countingLines } from '@tributary/views/identity/keyed-record';
import { linesOf as linesOfRecord } from '@tributary/views/record';
import { expect, test } from 'vitest';
import type { ReadEntry } from '../src/read/decode.ts';
import { headUpTo, together } from '../src/read/lines-apart.ts';

const WINDOW_MS = JOINED.joinedMs as number;

function world() {
  const disk = createMemoryDisk(true);
  const store = createMemoryStore({ partitions: 1 });
  const log = createMemoryLog({ partitions: 1, disk });
  const outbox = store.outbox(undefined, 'messages');
  let commits = 0;
  return {
    store,
    append: (...sent: readonly Omit<Event, 'receivedAt' | 'source'>[]) =>
      log.append(0, {
        kind: 'events',
        body: sent.map((event) => encodeEvent({ ...event, receivedAt: 1_000, source: 'test' })).join('\n'),
      }),
    /** With a worker of its own, until it has read all; `joins`: entries that follow one another are read as one. */
    async read(joins: boolean) {
      const worker = createSpeedWorker({
        ...{ log: createMemoryLog({ partitions: 1, disk, joins: () => joins }), store: store.speed(), definitions: JOINED },
        ...{ partitions: [0], sha256Hex, digestOf: sha256Hex, commitId: () => `c${++commits}`, limits: { waitMs: 0 } },
      });
      while ((await worker.runOnce()) > 0);
      await worker.settle();
    },
    /** The oldest lines of the outbox, up to that many. */
    async relay(most: number) {
      const { from, lines } = await outbox.read(0, most);
      if (lines.length > 0) await relayLog(log).append(0, { kind: 'events', body: lines.join('\n') });
      await outbox.remove(0, from + lines.length);
      return lines.length;
    },
    linesOf: (type: string) =>
      (disk.partitions[0]?.entries ?? []).flatMap(({ body }) => body.split('\n').filter((line) => line.includes(`"${type}"`))),
    async counting(userKey: string) {
      const [record] = await store.serving().records([{ partition: 0, userKey }], 1_000_000);
      return countingLines(userKey, linesOfRecord(String(record ?? '')), { windowMs: WINDOW_MS }).map(
        (line) => (JSON.parse(line) as Event).id,
      );
    },
  };
}

test('laws 1 and 3: a decision has the version of its line, and a message its number, wherever the entry ends in which the line is read', async () => {
  const { store, append, read, relay, linesOf, counting } = world();
  await append({ ts: 500, type: 'click', id: 'e1', anonymousId: 'cookie' });
  await append({ ts: 100, type: 'identify', id: 'i1', userId: 'ada', anonymousId: 'cookie' });
  await append({ ts: 200, type: 'identify', id: 'i2', userId: 'bob', anonymousId: 'cookie' });
  await read(false);
  // Two links, neither of which is read yet: they are read as one entry.
  await relay(1);
  await relay(1);
  const before = store.snapshot(0);
  await read(true);
  // Only the first message leaves: the click goes to ada. Then the store loses all of it.
  expect(await relay(1)).toBe(1);
  store.restore(0, before);
  await read(false);
  while ((await relay(100)) > 0) await read(false);
  const puts = linesOf('tributary.put').filter((line) => line.includes('"userId":"ada"'));
  expect(puts.length).toBeGreaterThan(1);
  expect(new Set(puts).size).toBe(1);
  expect(await counting('ada')).not.toContain('e1');
  expect(await counting('bob')).toContain('e1');
});

const archived = (position: string, body: string, lineNumbers = [0]): ReadEntry => ({
  ...{ partition: 0, position, kind: 'events', body, appendedMs: 1, lineNumbers },
});

test('law 1: archived lines are read together, each at the place where the log has it, also where lines between them are gone', () => {
  const apart = Array.from({ length: 40 }, (_, i) => archived(String(100 + 2 * i), `line ${i}`));
  const entries = together([archived('50', 'a\nb', [0, 2]), ...apart, archived('300-1', 'of Redis'), archived('300-2', 'too')]);
  expect(entries.length).toBeLessThan(8);
  const lines = entries.flatMap((entry) => {
    const placeOf = placesOf(entry);
    return entry.body.split('\n').map((line, i) => [line, placeOf(entry.lineNumbers?.[i] as number)]);
  });
  expect(lines).toEqual([
    ['a', { position: '50', line: 0 }],
    ['b', { position: '50', line: 2 }],
    ...apart.map(({ position, body }) => [body, { position, line: 0 }]),
    ['of Redis', { position: '300-1', line: 0 }],
    ['too', { position: '300-2', line: 0 }],
  ]);
  for (const { position, firstLine, body } of entries.slice(1, -2))
    if (firstLine !== undefined) expect(position).toBe(String(Number(firstLine) + 2 * (body.split('\n').length - 1)));
});

test('law 3: where the log begins within lines that are read together, the archive gives those before, and the log the others', () => {
  const [entry] = together(['10', '12', '15'].map((position) => archived(position, `at ${position}`)));
  const head = (upTo: string) => headUpTo(entry as ReadEntry, upTo);
  expect(head('13')).toMatchObject({ position: '13', body: 'at 10\nat 12', lineNumbers: [0, 2], firstLine: '10' });
  expect(head('12')).toMatchObject({ position: '12', body: 'at 10\nat 12' });
  expect(head('09')).toBeNull();
});
