import { DEFAULT_LIMITS } from '@tributary/archiver/pipeline';
import type { EventLog } from '@tributary/log/port';
import { expect, onTestFinished, test } from 'vitest';
import { createRig } from '../../../test/faults/archiver-rig.ts';
import { READ_BYTES } from './fill.ts';

test('law 7: an archiver reads a backlog of heavy entries in bounded pieces, and archives all of it', async () => {
  const partitions = 2;
  const rig = await createRig(partitions);
  onTestFinished(() => rig.close());
  const body = `no event ${'x'.repeat(512 * 1024)}`;
  const entries = Math.ceil(READ_BYTES / body.length);
  for (let i = 0; i < entries; i++)
    for (let partition = 0; partition < partitions; partition++) await rig.log.append(partition, { kind: 'events', body });
  const reads: number[] = [];
  const log: EventLog = {
    ...rig.log,
    async read(...asked) {
      const found = await rig.log.read(...asked);
      reads.push(found.reduce((sum, entry) => sum + entry.body.length, 0));
      return found;
    },
  };
  const limits = { ...DEFAULT_LIMITS, waitMs: 0, gatherMs: 0, maxAgeMs: 1_000 };
  const archiver = await rig.start({ log, limits });
  for (let turn = 0; turn < 5; turn++) {
    await archiver.turn();
    rig.nowMs += 10_000;
  }
  expect(Math.max(...reads), 'bytes of one read').toBeLessThanOrEqual(READ_BYTES);
  const segments = await Promise.all([0, 1].map((partition) => rig.segments(partition)));
  expect(segments.map((own) => own.reduce((rows, { deadRows }) => rows + deadRows, 0))).toEqual([entries, entries]);
});

test('a turn says whether it read all that it may of a partition: the archiver does not rest then', async () => {
  const rig = await createRig(2);
  onTestFinished(() => rig.close());
  const limits = { ...DEFAULT_LIMITS, waitMs: 0, gatherMs: 0, maxEntries: 3 };
  const archiver = await rig.start({ limits });
  for (let i = 0; i < 5; i++) await rig.log.append(0, { kind: 'events', body: 'no event' });
  expect([await archiver.turn(), await archiver.turn(), await archiver.turn()]).toEqual([true, false, false]);
});
