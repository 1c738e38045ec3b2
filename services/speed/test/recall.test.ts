import type { EventLog, LogEntry, ReadLimits } from '@tributary/log/port';
import { createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { expect, test } from 'vitest';
import type { ReadEntry } from '../src/read/decode.ts';
import { recallingLog } from '../src/read/recall.ts';
import { createSeenPositions } from '../src/read/seen-positions.ts';

test('a worker without partitions waits in the log, and does not go round', async () => {
  const asked: ReadLimits[] = [];
  const log = {
    starts: async () => [],
    read: async (_after: unknown, given: ReadLimits) => {
      asked.push(given);
      return [];
    },
  } as unknown as EventLog;
  const archive = { upTo: async () => null, after: async () => null };
  const limits = { maxEntries: 1, waitMs: 500 };
  expect(await recallingLog(log, archive).read(new Map(), limits)).toEqual([]);
  expect(asked).toEqual([limits]);
});

test('law 7: a reader at the beginning of a log that is trimmed meanwhile gets the archive, never only what is left', async () => {
  const log = createMemoryLog({ partitions: 1 });
  const first = await log.append(0, { kind: 'events', body: 'first' });
  const [archived] = await log.read(new Map([[0, null]]), { maxEntries: 1, waitMs: 0 });
  const archive = {
    upTo: async () => first,
    after: async (_partition: number, from: string | null) => (from === null ? [archived as LogEntry] : null),
  };
  let trims = 0;
  const recalling = recallingLog(
    {
      ...log,
      async read(after, limits) {
        // Another worker has read on, its state is archived, and lost after this.
        if (trims++ === 0) await log.trim(0, first);
        return log.read(after, limits);
      },
    },
    archive,
  );
  await log.append(0, { kind: 'events', body: 'second' });
  const bodies: string[] = [];
  let position: string | null = null;
  for (let turn = 0; turn < 4; turn++)
    for (const entry of await recalling.read(new Map([[0, position]]), { maxEntries: 10, waitMs: 0 })) {
      bodies.push(entry.body);
      position = entry.position;
    }
  expect(bodies).toEqual(['first', 'second']);
});

test('law 1: a reader that is moved while it is given the archive goes on where it was moved to', async () => {
  const log = createMemoryLog({ partitions: 1 });
  const positions: string[] = [];
  for (const body of ['a', 'b', 'c', 'd']) positions.push(await log.append(0, { kind: 'events', body }));
  const archived = await log.read(new Map([[0, null]]), { maxEntries: 3, waitMs: 0 });
  await log.trim(0, positions[2] as string);
  const archive = {
    upTo: async () => positions[2] as string,
    after: async (_partition: number, position: string | null) => {
      const left = archived.filter((entry) => entry.position > (position ?? ''));
      return left.length === 0 ? null : left;
    },
  };
  const recalling = recallingLog(log, archive);
  const read = async (position: string | null) =>
    (await recalling.read(new Map([[0, position]]), { maxEntries: 1, waitMs: 0 })).map(({ body }) => body);
  expect(await read(null)).toEqual(['a']);
  // Another worker has gone on to the end of the archive; then its store was put back.
  expect(await read(positions[2] as string)).toEqual(['d']);
  expect(await read(positions[0] as string)).toEqual(['b']);
});

test('law 7: of a partition whose archive cannot be looked at nothing is given, also not by the log, until it can be', async () => {
  const log = createMemoryLog({ partitions: 2 });
  for (const partition of [0, 1]) await log.append(partition, { kind: 'events', body: `of ${partition}` });
  let isDamaged = true;
  const archive = {
    upTo: async (partition: number) => (isDamaged && partition === 0 ? Promise.reject(new Error('a damaged manifest')) : null),
    after: async () => null,
  };
  const failed: string[] = [];
  const recalling = recallingLog(log, archive, { onFailed: (partition, error) => failed.push(`${partition}: ${error.message}`) });
  const after = new Map([0, 1].map((partition) => [partition, null]));
  const read = async () => (await recalling.read(after, { maxEntries: 9, waitMs: 0 })).map(({ body }) => body);
  expect(await read()).toEqual(['of 1']);
  expect(failed).toEqual(['0: a damaged manifest']);
  isDamaged = false;
  expect(await read()).toEqual(['of 0', 'of 1']);
});

test('laws 1 and 7: a log that ends its entries elsewhere when they are read again, as Kafka does, is read on', async () => {
  const { markLostTail: _none, ...log } = createMemoryLog({ partitions: 1 });
  for (const body of ['a', 'b', 'c', 'd']) await log.append(0, { kind: 'events', body });
  const archive = { upTo: async () => null, after: async () => null };
  const failed: string[] = [];
  const recalling = recallingLog(
    {
      ...log,
      /** Appends that are fetched together become one entry, which ends where the last of them does. */
      async read(after, limits) {
        const found = await log.read(after, limits);
        const last = found.at(-1);
        return last === undefined ? [] : [{ ...last, body: found.map(({ body }) => body).join('\n') }];
      },
    },
    archive,
    { onFailed: (_partition, error) => failed.push(error.message) },
  );
  const read = async (position: string | null, maxEntries: number) =>
    recalling.read(new Map([[0, position]]), { maxEntries, waitMs: 0 });
  const [first] = await read(null, 1);
  const [second] = await read(first?.position as string, 1);
  expect([first?.body, second?.body]).toEqual(['a', 'b']);
  // The store lost its last writes: the worker reads again from an older position.
  expect((await read(null, 4)).map(({ body }) => body)).toEqual(['a\nb\nc\nd']);
  expect(failed).toEqual([]);
});

test('law 7: a reader past which the log was trimmed while it stood still is given the archive', async () => {
  const log = createMemoryLog({ partitions: 1 });
  for (const body of ['a', 'b', 'c']) await log.append(0, { kind: 'events', body });
  const [first, second] = (await log.read(new Map([[0, null]]), { maxEntries: 2, waitMs: 0 })) as [LogEntry, LogEntry];
  const archive = {
    upTo: async () => second.position,
    after: async (_partition: number, position: string | null) => (position === first.position ? [second] : null),
  };
  const recalling = recallingLog(log, archive);
  const read = async (position: string | null) =>
    (await recalling.read(new Map([[0, position]]), { maxEntries: 1, waitMs: 0 })).map(({ body }) => body);
  expect(await read(null)).toEqual(['a']);
  await log.trim(0, second.position);
  await expect(read(first.position)).rejects.toMatchObject({ code: 'position_expired' });
  expect(await read(first.position)).toEqual(['b']);
  expect(await read(second.position)).toEqual(['c']);
});

test('law 7: each loss is waited for, also after one that was never filled', async () => {
  const log = createMemoryLog({ partitions: 1 });
  let nowMs = 0;
  const recalling = recallingLog(log, { upTo: async () => null, after: async () => null }, { now: () => nowMs });
  const append = (body: string) => log.append(0, { kind: 'events', body });
  /** From the beginning, as a worker whose store was put back together with the log. */
  const read = async () =>
    (await recalling.read(new Map([[0, null]]), { maxEntries: 9, waitMs: 0 }))
      .map((entry: ReadEntry) => (entry.isHole ? '?' : entry.body))
      .join('');
  await append('a');
  await append('b');
  expect(await read()).toBe('ab');
  for (const [added, left] of [
    ['c', 'a?c'],
    ['d', 'a?d'],
  ] as const) {
    log.disk.partitions[0]?.entries.pop();
    await append(added);
    expect(await read()).toBe('');
    nowMs += 59_999;
    expect(await read()).toBe('');
    nowMs += 2_000;
    expect(await read()).toBe(left);
    expect(await read(), 'reported again when it is read again').toBe(left);
  }
});

test('law 7: of each partition the newest positions are remembered, never all that were read', () => {
  const seen = createSeenPositions();
  const entry = (number: number) => ({ partition: 0, position: String(number).padStart(9, '0') }) as LogEntry;
  for (let number = 0; number < 20_000; number += 100)
    seen.note(
      0,
      Array.from({ length: 100 }, (_, i) => entry(number + i)),
    );
  // The first of what is missing is reported: the oldest one that is still remembered.
  const oldest = Number(seen.missing(0, null, [entry(20_000)]));
  expect(oldest).toBeGreaterThanOrEqual(18_000);
  expect(oldest).toBeLessThanOrEqual(19_000);
});

test.each(['an entry', 'a heartbeat'])(
  'law 6: the archive is given up to the beginning of the log, which has events that are to be appended elsewhere: it ends with %s',
  async (last) => {
    const log = createMemoryLog({ partitions: 1 });
    const positions: string[] = [];
    for (const body of ['a', 'trimmed', 'misplaced', 'd']) positions.push(await log.append(0, { kind: 'events', body }));
    const [a, trimmed, , d] = await log.read(new Map([[0, null]]), { maxEntries: 4, waitMs: 0 });
    // The archiver is ahead of the workers, and what lies in the wrong partition is not among its events.
    const events = (last === 'an entry' ? [a, trimmed, d] : [a, d]) as LogEntry[];
    await log.trim(0, positions[1] as string);
    const archive = {
      upTo: async () => positions[3] as string,
      after: async (_partition: number, position: string | null) => {
        const left = events.filter((entry) => entry.position > (position ?? ''));
        return left.length === 0 ? null : left;
      },
    };
    const bodies = await bodiesOf(recallingLog(log, archive));
    expect(bodies).toEqual(['a', last === 'an entry' ? 'trimmed' : '{"receivedAt":0}', 'misplaced', 'd']);
  },
);

test('law 6: an archived entry that the log begins within is given at its beginning, and again by the log', async () => {
  const { markLostTail: _, ...log } = createMemoryLog({ partitions: 1 });
  const positions: string[] = [];
  for (const body of ['a', 'b', 'c', 'd']) positions.push(await log.append(0, { kind: 'events', body }));
  const whole = (await log.read(new Map([[0, null]]), { maxEntries: 4, waitMs: 0 })).at(-1) as LogEntry;
  await log.trim(0, positions[1] as string);
  // The archiver read the four records as one entry, as a reader of Kafka may.
  const archive = { upTo: async () => whole.position, after: async () => [{ ...whole, body: 'abcd' }] };
  expect(await bodiesOf(recallingLog(log, archive))).toEqual(['abcd', 'c', 'd']);
});

test('law 1: a barrier behind the beginning of the log is given by the log alone, after what lies before it', async () => {
  const { markLostTail: _, ...log } = createMemoryLog({ partitions: 1 });
  const positions: string[] = [];
  for (const kind of ['events', 'events', 'events', 'barrier'] as const)
    positions.push(await log.append(0, { kind, body: `${kind} ${positions.length}` }));
  const entries = await log.read(new Map([[0, null]]), { maxEntries: 4, waitMs: 0 });
  await log.trim(0, positions[1] as string);
  // The third event lies in the wrong partition: the archive has its barrier, and not the event.
  const archive = { upTo: async () => positions[3] as string, after: async () => [entries[0], entries[3]] as LogEntry[] };
  expect(await bodiesOf(recallingLog(log, archive))).toEqual(['events 0', '{"receivedAt":0}', 'events 2', 'barrier 3']);
});

async function bodiesOf(log: EventLog): Promise<string[]> {
  const bodies: string[] = [];
  let position: string | null = null;
  for (let turn = 0; turn < 6; turn++)
    for (const entry of await log.read(new Map([[0, position]]), { maxEntries: 10, waitMs: 0 })) {
      bodies.push(entry.body);
      position = entry.position;
    }
  return bodies;
}
