/** Partitions move between archivers on one data folder: law 6, each event is archived once, whichever partitions a worker believes to hold. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { namesIn } from '@tributary/archive/durable';
import type { Archiver } from '@tributary/archiver/pipeline';
import { stagingFolder, sweepOrphans, sweepStaging } from '@tributary/archiver/sweep';
import { createRandom, type Random } from '@tributary/testkit/inputs/random';
import { expect, onTestFinished, test } from 'vitest';
import { archivedRows, crashAt, createRig, filesOnDisk, type Rig, someEvents } from './archiver-rig.ts';

interface Member {
  assigned: ReadonlySet<number>;
  readonly archiver: Archiver;
}

async function start(rig: Rig, counts: { fenced: number; trimmed: number }): Promise<Member> {
  const log = {
    ...rig.log,
    trim: async (partition: number, upTo: string) => {
      counts.trimmed++;
      await rig.log.trim(partition, upTo);
    },
  };
  const member: { assigned: ReadonlySet<number> } = { assigned: new Set() };
  const archiver = await rig.start({
    log,
    assigned: () => member.assigned,
    onFenced: () => {
      counts.fenced++;
    },
  });
  return Object.assign(member, { archiver });
}

function assign(random: Random, members: readonly Member[], partitions: number): void {
  const sets = members.map(() => new Set<number>());
  for (let partition = 0; partition < partitions; partition++)
    for (let owners = random.pick([0, 1, 1, 1, 2]); owners > 0; owners--) random.pick(sets).add(partition);
  for (const [i, member] of members.entries()) member.assigned = sets[i] as ReadonlySet<number>;
}

async function ids(rig: Rig): Promise<string[]> {
  return (await archivedRows(rig, 'id, partition, position, entry_index')).map((row) => String(row['id'])).sort();
}

test('law 6: partitions that move under way, with two archivers or none for a while: each event is archived once, nothing is left over', async () => {
  const counts = { fenced: 0, trimmed: 0 };
  for (let seed = 1; seed <= 6; seed++) {
    const random = createRandom(seed);
    const rig = await createRig(3);
    onTestFinished(() => rig.close());
    const members = [await start(rig, counts), await start(rig, counts), await start(rig, counts)];
    const events = someEvents(240);
    let done = false;
    const turning = members.map(async ({ archiver }) => {
      while (!done) {
        await archiver.turn();
        await sleep(1);
      }
    });
    for (let at = 0, generation = 1; at < events.length; generation++) {
      const count = random.between(5, 25);
      await rig.append(events.slice(at, at + count));
      at += count;
      assign(random, members, rig.partitions);
      if (random.chance(0.8)) await rig.barrier(generation);
      rig.nowMs += 3_000;
      rig.speedPosition = '9';
      await sleep(random.below(60));
    }
    await rig.barrier(1_000);
    for (const [i, member] of members.entries()) member.assigned = new Set([i]);
    for (let waits = 0; (await sealed(rig)).some((seal) => seal !== 1_000); waits++) {
      if (waits > 400) throw new Error(`seed ${seed}: not archived to the end`);
      await sleep(25);
    }
    done = true;
    await Promise.all(turning);
    expect(await ids(rig), `seed ${seed}`).toEqual(events.map((event) => event.id).sort());
    await sweepOrphans(rig.dataDir, Number.POSITIVE_INFINITY);
    const named = new Set<string>();
    for (let partition = 0; partition < rig.partitions; partition++)
      for (const segment of await rig.segments(partition)) for (const file of segment.files) named.add(file.path);
    expect((await filesOnDisk(rig.dataDir)).filter((path) => !named.has(path))).toEqual([]);
  }
  expect(counts.fenced, 'they did meet').toBeGreaterThan(0);
  expect(counts.trimmed, 'the log was trimmed behind them').toBeGreaterThan(0);
});

async function sealed(rig: Rig): Promise<(number | null | undefined)[]> {
  return Promise.all(
    Array.from({ length: rig.partitions }, async (_, partition) => (await rig.segments(partition)).at(-1)?.seals),
  );
}

test('a partition given up in the middle of writing its segment: the one that writes first counts', async () => {
  const rig = await createRig(1);
  onTestFinished(() => rig.close());
  const crash = crashAt('beforeManifest');
  const fenced: string[] = [];
  let first: ReadonlySet<number> = new Set([0]);
  let second: ReadonlySet<number> = new Set();
  const ada = await rig.start({ assigned: () => first, hook: crash.hook, onFenced: () => fenced.push('ada') });
  await rig.append(someEvents(20));
  await rig.barrier(1);
  const ben = await rig.start({ assigned: () => second, onFenced: () => fenced.push('ben') });
  const round = ada.turn();
  await crash.reached;
  first = new Set();
  second = new Set([0]);
  await ben.turn();
  crash.wake();
  await round;
  await ada.turn();
  expect(fenced).toEqual(['ada']);
  expect(ada.spools()).toEqual([]);
  expect(await ids(rig)).toEqual(
    someEvents(20)
      .map(({ id }) => id)
      .sort(),
  );
});

test('an archiver trims only what is its own', async () => {
  const rig = await createRig(2);
  onTestFinished(() => rig.close());
  const trimmed: number[] = [];
  let assigned: ReadonlySet<number> = new Set([0, 1]);
  const log = { ...rig.log, trim: async (partition: number) => void trimmed.push(partition) };
  const archiver = await rig.start({ log, assigned: () => assigned });
  await rig.append(someEvents(40));
  await rig.barrier(1);
  await archiver.turn();
  rig.speedPosition = '9';
  assigned = new Set([1]);
  rig.nowMs += 10_000;
  await archiver.turn();
  expect(trimmed).toEqual([1]);
});

test('staging of archivers that live stays, of dead ones it goes; spools that are given up leave no files', async () => {
  const rig = await createRig(2);
  onTestFinished(() => rig.close());
  let assigned: ReadonlySet<number> = new Set([0, 1]);
  const archiver = await rig.start({ writer: 'aa', assigned: () => assigned });
  await mkdir(stagingFolder(rig.dataDir, 'dd'), { recursive: true });
  await writeFile(join(stagingFolder(rig.dataDir, 'dd'), 'p00.tsv'), 'left over');
  await rig.append(someEvents(40));
  await archiver.turn();
  expect(await namesIn(stagingFolder(rig.dataDir, 'aa'))).toEqual(['p00.tsv', 'p01.tsv']);
  await sweepStaging(rig.dataDir, Date.now(), new Set(['aa', 'bb']));
  expect(await namesIn(join(rig.dataDir, 'staging'))).toEqual(['archiver-aa']);
  assigned = new Set([1]);
  await archiver.turn();
  expect(await namesIn(stagingFolder(rig.dataDir, 'aa'))).toEqual(['p01.tsv']);
  await rig.append(someEvents(40, 40));
  await rig.barrier(1);
  await archiver.turn();
  expect(await rig.segments(0)).toEqual([]);
  expect((await rig.segments(1))[0]).toMatchObject({ seals: 1 });
});
