import type { EventLog, LogEntry, ReadLimits } from '@tributary/log/port';
import { createMemoryLog } from '@tributary/testkit/memory-log';
import { expect, test } from 'vitest';
import { recallingLog } from '../src/recall.ts';

test('a worker without partitions waits in the log, and does not go round', async () => {
  const asked: ReadLimits[] = [];
  const log = {
    starts: async () => [],
    read: async (_after: unknown, limits: ReadLimits) => {
      asked.push(limits);
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
    after: async (_partition: number, position: string | null) => (position === null ? [archived as LogEntry] : null),
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
