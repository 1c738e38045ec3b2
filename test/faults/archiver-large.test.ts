/** Nothing that the log accepts may be too much for the archiver: a partition that cannot be archived would be stuck for ever. */
import { join } from 'node:path';
import { type DuckDb, openDuckDb } from '@tributary/archive/duckdb';
import { DEFAULT_LIMITS } from '@tributary/archiver/pipeline';
import { COPY_LIMITS } from '@tributary/archiver/plan';
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

async function archive(memoryLimit: string, copyLimits = COPY_LIMITS): Promise<{ failures: string[]; outOfMemory: number }> {
  const failures: string[] = [];
  let outOfMemory = 0;
  const openSession = async (): Promise<DuckDb> => {
    const session = await openDuckDb({ memoryLimit, threads: 2, tempDir: join(rig.dataDir, 'staging', 'duckdb') });
    return {
      ...session,
      columns: (sql, values) =>
        session.columns(sql, values).catch((error: unknown) => {
          if (String(error).includes('Out of Memory')) outOfMemory++;
          throw error;
        }),
    };
  };
  const archiver = await rig.start({
    limits: { ...DEFAULT_LIMITS, waitMs: 0, gatherMs: 0 },
    openSession,
    copyLimits,
  });
  for (let i = 0; i < 60; i++) await archiver.turn().catch((error: unknown) => failures.push(String(error)));
  return { failures, outOfMemory };
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

test('law 6: two years of days under little memory: smaller parts are tried until it fits', async () => {
  const events = someEvents(3000).map((event, i) => ({ ...event, ts: T0 - (i % 730) * 86_400_000 }));
  await rig.append(events);
  await rig.barrier(1);
  const { failures, outOfMemory } = await archive('160MB', { files: 4000, rows: 1_000_000 });
  expect(failures).toEqual([]);
  expect(outOfMemory).toBeGreaterThan(0);
  expect(await placesInArchive(rig)).toEqual(await placesInLog(rig));
  expect((await rig.segments(0)).flatMap((segment) => segment.files).length).toBeGreaterThan(600);
});
