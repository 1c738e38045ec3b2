/** Laws 3 and 6 for archivers without a common disk, whose archive lies in an object store: whatever dies, wakes or is away between two effects. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSharedArchive, type SharedArchiveOptions } from '@tributary/archive/changes/shared-archive';
import type { ArchiveStore } from '@tributary/archive/objects/port';
import type { Archiver, ArchiverOptions } from '@tributary/archiver/pipeline';
import { TributaryError } from '@tributary/model/errors';
import { type MemoryObjects, memoryObjects } from '@tributary/testkit/memory/memory-objects';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createRig, filesOnDisk, placesInArchive, placesInLog, type Rig, someEvents } from './archiver-rig.ts';

let rig: Rig;
let objects: MemoryObjects;
let folders: string[];
/** All that the log was given, also what it has dropped by now. */
let written: Set<string>;
beforeEach(async () => {
  [rig, objects, folders, written] = [await createRig(2), memoryObjects(), [], new Set()];
});
afterEach(async () => {
  await rig.close();
  for (const folder of folders) await rm(folder, { recursive: true });
});

type Step = Parameters<NonNullable<SharedArchiveOptions['reached']>>[0];

const sharedIn = (dataDir: string, changes: Partial<SharedArchiveOptions> = {}) =>
  openSharedArchive({ dataDir, store: objects, newId: randomUUID, sleep: async () => {}, ...changes });

/** An archiver on a machine of its own. */
async function machine(changes: Partial<SharedArchiveOptions> = {}, own: Partial<ArchiverOptions> = {}): Promise<Archiver> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tributary-machine-'));
  folders.push(dataDir);
  return rig.start({ dataDir, shared: sharedIn(dataDir, changes), ...own });
}

async function append(count: number, from: number, generation: number): Promise<void> {
  await rig.append(someEvents(count, from));
  await rig.barrier(generation);
  for (const place of await placesInLog(rig)) written.add(place);
}

const dropped = async () => written.size - (await placesInLog(rig)).length;

/** What a machine with an empty folder gets from the store, and what must be there: each event once. */
async function expectAll(): Promise<void> {
  await sharedIn(rig.dataDir).follow();
  expect(await placesInArchive(rig)).toEqual([...written].sort());
}

/** Stops at the `nth` time that it comes to `step`, for good or until it is woken. */
function stopAt(step: Step, nth: number) {
  const [stopped, woken] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let seen = 0;
  const reached = async (at: Step) => {
    if (at !== step || ++seen !== nth) return;
    stopped.resolve();
    await woken.promise;
  };
  return { reached, stopped: stopped.promise, wake: woken.resolve };
}

describe.each([
  ['sent', 1],
  ['changed', 1],
  ['changed', 2],
  ['fetched', 2],
  ['fetched', 3],
  ['named', 2],
] as const)('law 3: a machine that dies as %s for the %i. time', (step, nth) => {
  test('is followed by another one, and wakes to harm nothing', async () => {
    rig.speedPosition = '9';
    await append(30, 0, 1);
    const stop = stopAt(step, nth);
    const dying = await machine({ reached: stop.reached });
    const lastTurn = dying.turn();
    await stop.stopped;
    const next = await machine();
    await append(20, 30, 2);
    for (let i = 0; i < 3; i++) await next.turn();
    await expectAll();
    stop.wake();
    await lastTurn.catch(() => {});
    await append(10, 50, 3);
    for (let i = 0; i < 4; i++) for (const archiver of [dying, next]) await archiver.turn().catch(() => {});
    rig.nowMs += 10_000;
    await next.turn();
    await expectAll();
    expect((await rig.segments(0)).map(({ seals }) => seals)).toEqual([1, 2, 3]);
    expect(await dropped(), 'the log was trimmed').toBeGreaterThan(0);
  });
});

test('law 6: two machines at once write no segment twice, whichever answers are lost, and trim nothing that the store lacks', async () => {
  rig.speedPosition = '9';
  let calls = 0;
  // Writes that happen, and are not answered, or are answered as those that came second.
  const flaky: ArchiveStore = {
    ...objects,
    async create(name, content, signal) {
      const isFirst = await objects.create(name, content, signal);
      if (!name.startsWith('changes/') || ++calls % 3 === 0) return isFirst;
      if (calls % 3 === 1) return false;
      throw new TributaryError('objects_unavailable', 'no answer');
    },
  };
  const fenced: number[] = [];
  const own = { onFenced: (partition: number) => fenced.push(partition) };
  const both = [await machine({ store: flaky }, own), await machine({ store: flaky }, own)];
  for (let round = 0; round < 6; round++) {
    await append(12, round * 12, round + 1);
    rig.nowMs += 6_000;
    await Promise.allSettled(both.map((archiver) => archiver.turn()));
  }
  for (let i = 0; i < 12; i++) await Promise.allSettled(both.map((archiver) => archiver.turn()));
  await expectAll();
  for (const partition of [0, 1]) expect((await rig.segments(partition)).map(({ seals }) => seals)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(fenced.length, 'they did meet').toBeGreaterThan(0);
  const sent = [...objects.objects.keys()].filter((name) => name.startsWith('archive/events/'));
  expect(sent.length, 'what came second is gone').toBe((await filesOnDisk(rig.dataDir)).length);
  expect(await dropped(), 'the log was trimmed').toBeGreaterThan(0);
});

test('law 6: while the store is away, or was emptied, nothing is trimmed; it heals', async () => {
  let isAway = false;
  const away = <A extends readonly unknown[], R>(call: (...args: A) => Promise<R>) => {
    return (...args: A) => (isAway ? Promise.reject(new TributaryError('objects_unavailable', 'away')) : call(...args));
  };
  const store = { ...objects, create: away(objects.create), read: away(objects.read) };
  const archiver = await machine({ store });
  await append(30, 0, 1);
  await archiver.turn();
  const first = new Map(objects.objects);
  objects.objects.clear();
  rig.speedPosition = '9';
  rig.nowMs += 10_000;
  await archiver.turn().catch(() => {});
  expect(await dropped()).toBe(0);
  for (const [name, bytes] of first) objects.objects.set(name, bytes);
  rig.nowMs += 10_000;
  await archiver.turn();
  const had = await dropped();
  expect(had).toBeGreaterThan(0);
  await append(10, 30, 2);
  isAway = true;
  rig.nowMs += 10_000;
  for (let i = 0; i < 2; i++) await expect(archiver.turn()).rejects.toMatchObject({ code: 'objects_unavailable' });
  isAway = false;
  const kept = new Map(objects.objects);
  objects.objects.clear();
  for (let i = 0; i < 2; i++)
    await expect(archiver.turn()).rejects.toMatchObject({
      code: 'history_mismatch',
      message: expect.stringContaining('s3://memory/here must have change 2 as '),
    });
  expect([await dropped(), objects.objects.size]).toEqual([had, 0]);
  for (const [name, bytes] of kept) objects.objects.set(name, bytes);
  await archiver.turn();
  await archiver.turn();
  await expectAll();
  expect(await dropped()).toBeGreaterThan(had);
});
