import type { EventLog, LogEntry, Position } from '@tributary/log/port';
import { expect, test } from 'vitest';
import { createReadAhead } from '../src/read/read-ahead.ts';

const position = (nth: number) => String(nth).padStart(4, '0');

/** A log whose every read gives up to three entries of ten characters of each partition asked for, up to `length` entries in all; notes what was asked. */
function world(partitions: number, length = 1_000) {
  const asked: (readonly [number, Position | null][])[] = [];
  const read = async (after: ReadonlyMap<number, Position | null>) => {
    asked.push([...after]);
    return [...after].flatMap(([partition, last]) =>
      [1, 2, 3]
        .map((more) => (last === null ? 0 : Number(last)) + more)
        .filter((nth) => nth <= length)
        .map((nth): LogEntry => ({ partition, position: position(nth), kind: 'events', body: 'x'.repeat(10), appendedMs: 0 })),
    );
  };
  const limits = { maxEntries: 3, maxBytes: 1_000_000, takenBytes: 50, waitMs: 0 };
  const reader = createReadAhead({ read } as unknown as EventLog, limits, async () => {});
  for (let partition = 0; partition < partitions; partition++) reader.seek(partition, null);
  const taken = async () => (await reader.take()).map((entry) => `${entry.partition}:${Number(entry.position)}`);
  return { reader, asked, taken };
}

test('law 7: takes of one read end with a partition, once they have as many bytes as they may', async () => {
  const { reader, asked, taken } = world(5);
  expect(await taken()).toEqual(['0:1', '0:2', '0:3', '1:1', '1:2', '1:3']);
  expect([asked.length, reader.isAhead()]).toEqual([1, true]);
  expect(await taken()).toEqual(['2:1', '2:2', '2:3', '3:1', '3:2', '3:3']);
  // The last of a read starts the next one, which goes on behind all of it.
  expect(asked).toHaveLength(1);
  expect(await taken()).toEqual(['4:1', '4:2', '4:3']);
  expect(asked[1]).toEqual([0, 1, 2, 3, 4].map((partition) => [partition, position(3)]));
});

test('law 1: every entry is taken once, and in order, until the log ends', async () => {
  const { reader, taken } = world(4, 20);
  const seen: string[] = [];
  do seen.push(...(await taken()));
  while (reader.isAhead());
  const all = [0, 1, 2, 3].flatMap((partition) => Array.from({ length: 20 }, (_, nth) => `${partition}:${nth + 1}`));
  expect([...seen].sort()).toEqual([...all].sort());
  for (const partition of [0, 1, 2, 3])
    expect(seen.filter((one) => one.startsWith(`${partition}:`))).toEqual(all.filter((one) => one.startsWith(`${partition}:`)));
});

test('law 3: what waits to be taken of a partition that goes on elsewhere, or is another worker’s, is dropped', async () => {
  const { reader, taken } = world(4);
  await taken();
  reader.seek(2, position(500));
  reader.drop(3);
  expect(await taken()).toEqual([]);
  const next = await taken();
  expect(next).toEqual(['0:4', '0:5', '0:6', '1:4', '1:5', '1:6']);
  expect(await taken()).toEqual(['2:501', '2:502', '2:503']);
});
