/** Laws 3 and 6 for the archive: each event once, whatever dies or wakes between two effects of the archiver. */
import type { Step } from '@tributary/archiver/hooks';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { crashAt, createRig, filesOnDisk, placesInArchive, placesInLog, type Rig, someEvents } from './archiver-rig.ts';

const STEPS: readonly Step[] = ['afterSpool', 'afterCopy', 'afterSync', 'afterRename', 'beforeManifest', 'afterManifest'];

let rig: Rig;
beforeEach(async () => {
  rig = await createRig();
});
afterEach(() => rig.close());

async function expectContiguous(): Promise<void> {
  for (let partition = 0; partition < rig.partitions; partition++) {
    const segments = await rig.segments(partition);
    expect(segments[0]?.after ?? null).toBeNull();
    segments.slice(1).forEach((segment, i) => {
      expect(segment.after).toBe(segments[i]?.upTo);
    });
  }
}

describe.each(STEPS)('law 3: killed %s', (step) => {
  test.each([1, 2])('occurrence %i: the next archiver completes the archive, each event once', async (nth) => {
    await rig.append(someEvents(40));
    await rig.barrier(1);
    const crash = crashAt(step, nth);
    const dying = await rig.start({ hook: crash.hook });
    const lastTurn = (async () => {
      await dying.turn();
      await rig.append(someEvents(5, 900));
      await rig.barrier(2);
      await dying.turn();
    })();
    await crash.reached;

    const next = await rig.start();
    await rig.append(someEvents(20, 40));
    await rig.barrier(3);
    for (let i = 0; i < 4; i++) await next.turn();
    expect(await placesInArchive(rig)).toEqual(await placesInLog(rig));
    await expectContiguous();
    const seals = (await rig.segments(0)).map((segment) => segment.seals);
    expect(seals.at(0)).toBe(1);
    expect(seals.at(-1)).toBe(3);

    // It was not a crash but a pause: the zombie wakes up, finds its numbers taken and harms nothing.
    crash.wake();
    await lastTurn.catch(() => {});
    await dying.turn().catch(() => {});
    await rig.barrier(4);
    await next.turn();
    await dying.turn().catch(() => {});
    expect(await placesInArchive(rig)).toEqual(await placesInLog(rig));
    await expectContiguous();
  });
});

test('law 3: files that a crash left unnamed are removed once their number is taken, named ones stay', async () => {
  await rig.append(someEvents(40));
  await rig.barrier(1);
  const crash = crashAt('afterRename');
  const dying = await rig.start({ hook: crash.hook });
  void dying.turn();
  await crash.reached;
  const orphans = await filesOnDisk(rig.dataDir);
  expect(orphans.length).toBeGreaterThan(0);

  const next = await rig.start();
  expect(await filesOnDisk(rig.dataDir)).toEqual(orphans); // their manifests may still come
  await next.turn();
  await rig.start();
  const kept = await filesOnDisk(rig.dataDir);
  expect(kept.length).toBeGreaterThan(0);
  expect(kept.filter((file) => orphans.includes(file))).toEqual([]);
  expect(await placesInArchive(rig)).toEqual(await placesInLog(rig));
});

test('law 3: two archivers that alternate on every batch write each event once', async () => {
  const fenced: number[] = [];
  const one = await rig.start({ onFenced: (partition) => fenced.push(partition) });
  const two = await rig.start({ onFenced: (partition) => fenced.push(partition) });
  for (let round = 0; round < 6; round++) {
    await rig.append(someEvents(12, round * 12));
    await rig.barrier(round + 1);
    await Promise.allSettled([one.turn(), two.turn()]);
  }
  for (let i = 0; i < 8; i++) await Promise.allSettled([one.turn(), two.turn()]);
  expect(await placesInArchive(rig)).toEqual(await placesInLog(rig));
  await expectContiguous();
  for (let partition = 0; partition < rig.partitions; partition++)
    expect((await rig.segments(partition)).map((segment) => segment.seals)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(fenced.length).toBeGreaterThan(0);
});

test('law 3: a zombie whose range was archived and trimmed from the log goes on after it', async () => {
  rig.speedPosition = '9'; // past everything
  const slept: number[] = [];
  const zombie = await rig.start({ onFenced: (partition) => slept.push(partition) });
  await rig.append(someEvents(9));
  await zombie.turn();
  const other = await rig.start();
  await rig.barrier(1);
  const all = await placesInLog(rig);
  await other.turn();
  expect(await placesInLog(rig)).toEqual([]); // trimmed
  await zombie.turn().catch(() => {});
  await zombie.turn();
  await rig.append(someEvents(9, 9));
  await rig.barrier(2);
  await zombie.turn();
  expect(slept.length).toBeGreaterThan(0);
  const archived = await placesInArchive(rig);
  expect(archived).toHaveLength(18);
  expect(archived).toEqual(expect.arrayContaining(all));
});
