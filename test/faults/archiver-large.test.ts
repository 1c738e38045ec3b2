/** Nothing that the log accepts may be too much for the archiver: a partition that cannot be archived would be stuck for ever. */
import { join } from 'node:path';
import { type DuckDb, openDuckDb } from '@tributary/archive/duckdb';
import { COPY_LIMITS } from '@tributary/archiver/copy-plan';
import { DEFAULT_LIMITS } from '@tributary/archiver/pipeline';
import type { Event } from '@tributary/model/event';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRig, placesInArchive, placesInLog, type Rig, someEvents, T0 } from './archiver-rig.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await createRig(2);
});
afterEach(() => rig.close());

function wide(count: number, propertyUnits: number): Event[] {
  return someEvents(count).map((event, i) => ({
    ...event,
    ts: T0,
    properties: { text: `${i} ${'ä"'.repeat(propertyUnits / 2)}` },
  }));
}

/** `refusals`: how many COPYs fail as for lack of memory. `copies`: how many there were after the last of these. */
async function archive(
  memoryLimit: string,
  copyLimits = COPY_LIMITS,
  refusals = 0,
): Promise<{ failures: string[]; copies: number }> {
  const failures: string[] = [];
  let refused = 0;
  let copies = 0;
  const openSession = async (): Promise<DuckDb> => {
    const session = await openDuckDb({ memoryLimit, threads: 2, tempDir: join(rig.dataDir, 'staging', 'duckdb') });
    return {
      ...session,
      columns: async (sql, values) => {
        if (refused++ < refusals) throw new Error('Out of Memory Error: failed to allocate data of size 32.0 KiB');
        copies++;
        return session.columns(sql, values);
      },
    };
  };
  const archiver = await rig.start({
    limits: { ...DEFAULT_LIMITS, waitMs: 0, gatherMs: 0 },
    openSession,
    copyLimits,
  });
  for (let i = 0; i < 60; i++) await archiver.turn().catch((error: unknown) => failures.push(String(error)));
  return { failures, copies };
}

test('law 6: events of a megabyte, hundreds of a day, within the memory that the service is given', async () => {
  await rig.append(wide(120, 1_000_000));
  await rig.barrier(1);
  expect((await archive('768MB')).failures).toEqual([]);
  expect(await placesInArchive(rig)).toEqual(await placesInLog(rig));
});

test('law 6: events of 30 KB, thousands of a day: the largest that the collector lets in', async () => {
  await rig.append(wide(6000, 15_000));
  await rig.barrier(1);
  expect((await archive('768MB')).failures).toEqual([]);
  expect(await placesInArchive(rig)).toEqual(await placesInLog(rig));
});

test('law 6: two years of days under little memory are few files; smaller parts are tried until it fits', async () => {
  // From the day with many events on each has a file of its own, as for the last 32 at most.
  const events = someEvents(13_000).map((event, i) => ({ ...event, ts: T0 - (i < 10_000 ? 31 : i % 730) * 86_400_000 }));
  await rig.append(events);
  await rig.barrier(1);
  // 4 000 files at a time, 1 000, 250, 63, then 16.
  const { failures, copies } = await archive('64MB', { files: 4000, rows: 1_000_000 }, 4);
  expect(failures).toEqual([]);
  expect(copies).toBeGreaterThan(3);
  expect(await placesInArchive(rig)).toEqual(await placesInLog(rig));
  for (let partition = 0; partition < rig.partitions; partition++) {
    const files = (await rig.segments(partition)).flatMap((segment) => segment.files);
    expect(files.length).toBeLessThanOrEqual(32 + 24 + copies);
    expect(new Set(files.map(({ date }) => date.length))).toEqual(new Set(files.length === 0 ? [] : [7, 10]));
  }
});
