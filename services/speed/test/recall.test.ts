import type { EventLog, ReadLimits } from '@tributary/log/port';
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
