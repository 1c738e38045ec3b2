/** An archiver over a folder that is not the log's: not mounted, unmounted while it runs, or of another platform. */
import { mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { archivedUpTo } from '@tributary/archive/segments';
import { DEFAULT_LIMITS } from '@tributary/archiver/pipeline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRig, placesInArchive, placesInLog, type Rig, someEvents } from '../faults/archiver-rig.ts';

const PARTITIONS = 2;
const limits = { ...DEFAULT_LIMITS, waitMs: 0, gatherMs: 0, maxAgeMs: 1_000 };
let rig: Rig;

beforeEach(async () => {
  rig = await createRig(PARTITIONS);
});
afterEach(() => rig.close());

/** Everything is read by the speed layer too: what is archived may be trimmed. */
async function archive(changes: { readonly dataDir?: string } = {}): Promise<void> {
  const archiver = await rig.start({
    limits,
    ...changes,
    speedPosition: async (partition) => (await rig.log.ends())[partition] ?? null,
  });
  for (let round = 0; round < 3; round++) {
    rig.nowMs += 10_000;
    await archiver.turn();
  }
}

test('law 6: an archiver over an empty folder beside a trimmed log archives nothing and trims nothing', async () => {
  await rig.append(someEvents(30));
  await archive();
  expect((await rig.log.starts()).every((start) => start !== null)).toBe(true);
  await rig.append(someEvents(30, 30));
  const waiting = await placesInLog(rig);
  const unmounted = await mkdtemp(join(tmpdir(), 'tributary-mount-'));
  try {
    await expect(archive({ dataDir: unmounted })).rejects.toMatchObject({
      code: 'history_mismatch',
      message: expect.stringContaining(unmounted),
    });
    expect((await archivedUpTo(unmounted, 0)).last).toBeNull();
  } finally {
    await rm(unmounted, { recursive: true });
  }
  expect(await placesInLog(rig)).toEqual(waiting);
  // Mounted again, it goes on as if nothing had been.
  await archive();
  expect(await placesInArchive(rig)).toHaveLength(60);
});

test('law 6: a folder that is unmounted while the archiver runs gets no segment, and the log keeps its entries', async () => {
  const archiver = await rig.start({ limits, speedPosition: async (partition) => (await rig.log.ends())[partition] ?? null });
  await rig.append(someEvents(30));
  await archiver.turn();
  rig.nowMs += 10_000;
  await archiver.turn();
  await rig.append(someEvents(30, 30));
  const waiting = await placesInLog(rig);
  await archiver.turn();
  rig.nowMs += 10_000;
  const elsewhere = `${rig.dataDir}-elsewhere`;
  // The archive may be a mount of its own: the spools are still there.
  await rename(join(rig.dataDir, 'archive'), elsewhere);
  await expect(archiver.turn()).rejects.toMatchObject({ code: 'history_mismatch' });
  await expect(archiver.turn()).rejects.toMatchObject({ code: 'history_mismatch' });
  expect(await readdir(rig.dataDir)).not.toContain('archive');
  expect(await placesInLog(rig)).toEqual(waiting);
  await rename(elsewhere, join(rig.dataDir, 'archive'));
  await archive();
  expect(await placesInArchive(rig)).toHaveLength(60);
});

test('law 6: what is archived and not trimmed yet stays in the log when the folder goes', async () => {
  await rig.append(someEvents(30));
  let isRead = false;
  const speedPosition = async (partition: number) => (isRead ? ((await rig.log.ends())[partition] ?? null) : null);
  const archiver = await rig.start({ limits, speedPosition });
  await archiver.turn();
  rig.nowMs += 10_000;
  await archiver.turn();
  expect(await placesInArchive(rig)).toHaveLength(30);
  const waiting = await placesInLog(rig);
  const elsewhere = `${rig.dataDir}-elsewhere`;
  await rename(rig.dataDir, elsewhere);
  isRead = true;
  rig.nowMs += 10_000;
  await expect(archiver.turn()).rejects.toMatchObject({ code: 'history_mismatch' });
  expect(await placesInLog(rig)).toEqual(waiting);
  await rm(rig.dataDir, { recursive: true, force: true });
  await rename(elsewhere, rig.dataDir);
});
