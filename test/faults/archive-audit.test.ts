/** `archive verify` over an archive that a real archiver wrote: each planted fault in its class, and none that is not there. */
import { readdirSync, renameSync, rmSync, symlinkSync, unlinkSync } from 'node:fs';
import { mkdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Audit, auditDataFolder } from '@tributary/archive/audit/audit';
import { FAULT_CLASSES } from '@tributary/archive/audit/faults';
import { mergeBlock } from '@tributary/archive/blocks';
import { digest } from '@tributary/archive/durable';
import { createGeneration, generationFolder, writeGeneration } from '@tributary/archive/generations';
import type { GenerationManifest, SegmentManifest } from '@tributary/archive/layout';
import { publish } from '@tributary/archive/publications';
import { BLOCK_SEGMENTS, blockPath, segmentPath } from '@tributary/archive/segments';
import type { Step } from '@tributary/archiver/hooks';
import { HOUR_MS } from '@tributary/model/time';
import { pendingGeneration } from '@tributary/testkit/inputs/pending-generation';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { crashAt, createRig, placesInLog, type Rig, someEvents, withSession } from './archiver-rig.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await createRig();
});
afterEach(() => rig.close());

/** Two hours later: what has no manifest by then will not get one. */
const LATER_MS = 2 * HOUR_MS;

function audit(changes: Partial<Parameters<typeof auditDataFolder>[0]> = {}): Promise<Audit> {
  return auditDataFolder({ dataDir: rig.dataDir, nowMs: Date.now() + LATER_MS, depth: { quick: false }, ...changes });
}

/** `class path` of each fault; all that were counted. */
function found({ faults, counts }: Audit): string[] {
  expect(FAULT_CLASSES.reduce((sum, name) => sum + counts[name], 0)).toBe(faults.length);
  return faults.map((fault) => `${fault.class} ${fault.path}`);
}

/** Segments of every partition, the newest ends at a barrier; some hold records that are not events. */
async function archive(segments = 3): Promise<void> {
  const archiver = await rig.start();
  for (let i = 0; i < segments; i++) {
    await rig.append(someEvents(30, i * 30));
    await rig.log.append(Math.min(1, rig.partitions - 1), { kind: 'events', body: 'not an event' });
    await rig.barrier(i + 1);
    await archiver.turn();
  }
}

const pathOf = (path: string) => join(rig.dataDir, path);
const relative = (path: string) => path.slice(rig.dataDir.length + 1);

async function rewrite(segment: SegmentManifest, changes: Partial<SegmentManifest>): Promise<string> {
  const path = segmentPath(rig.dataDir, segment.partition, segment.number);
  await writeFile(path, JSON.stringify({ ...segment, ...changes }));
  return relative(path);
}

test('a sound archive has no fault, and the table counts what is in the log', async () => {
  await archive();
  const report = await audit();
  expect(report).toMatchObject({ ok: true, faults: [], unfinished: 0, logIdentity: rig.log.identity });
  expect(
    report.partitions.map(({ partition, manifests, lastSegment, faults }) => [partition, manifests, lastSegment, faults]),
  ).toEqual([0, 1, 2].map((partition) => [partition, 3, 2, 0]));
  expect(report.partitions.reduce((sum, { events }) => sum + events, 0)).toBe(90);
  expect(report.partitions.map(({ deadRecords }) => deadRecords)).toEqual([0, 3, 0]);
  for (const { partition, after, upTo } of report.partitions) {
    expect([after, upTo]).toEqual([null, (await rig.segments(partition)).at(-1)?.upTo]);
  }
  expect(await placesInLog(rig)).toHaveLength(93);
  expect((await audit({ depth: { quick: true } })).ok).toBe(true);
});

test('an empty folder has nothing to say', async () => {
  expect(await audit()).toMatchObject({ ok: true, partitions: [], generations: [], faults: [], logIdentity: null });
});

type Plant = (segment: SegmentManifest, later: SegmentManifest) => Promise<string>;

const PLANTED: readonly [name: string, expected: string, quick: boolean, plant: Plant][] = [
  [
    'a file that is gone',
    'missing',
    true,
    async ({ files: [file] }) => {
      await rm(pathOf(file?.path ?? ''));
      return file?.path ?? '';
    },
  ],
  [
    'the records that were not events, gone',
    'missing',
    true,
    async ({ dead }) => {
      await rm(pathOf(dead?.path ?? ''));
      return dead?.path ?? '';
    },
  ],
  [
    'a flipped bit',
    'altered',
    false,
    async ({ files: [file] }) => {
      const path = pathOf(file?.path ?? '');
      const bytes = await readFile(path);
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
      await writeFile(path, bytes);
      return file?.path ?? '';
    },
  ],
  [
    'a file cut short',
    'truncated',
    true,
    async ({ files: [file] }) => {
      await truncate(pathOf(file?.path ?? ''), (file?.bytes ?? 0) - 1);
      return file?.path ?? '';
    },
  ],
  [
    'a file with a byte more',
    'altered',
    true,
    async ({ files: [file] }) => {
      await writeFile(pathOf(file?.path ?? ''), 'x', { flag: 'a' });
      return file?.path ?? '';
    },
  ],
  [
    'a folder in the place of a file',
    'unreadable',
    true,
    async ({ files: [file] }) => {
      await rm(pathOf(file?.path ?? ''));
      await mkdir(pathOf(file?.path ?? ''));
      return file?.path ?? '';
    },
  ],
  [
    'a link to itself in the place of a file',
    'unreadable',
    true,
    async ({ files: [file] }) => {
      await rm(pathOf(file?.path ?? ''));
      symlinkSync(pathOf(file?.path ?? ''), pathOf(file?.path ?? ''));
      return file?.path ?? '';
    },
  ],
  [
    'positions that are missing between two segments',
    'gap',
    true,
    async (_, later) => rewrite(later, { after: `${later.after}x` }),
  ],
  [
    'a segment that begins before the end of the one before',
    'overlap',
    true,
    async (segment, later) => rewrite(later, { after: segment.after ?? '0' }),
  ],
  ['a manifest of another log', 'other-log', true, async (segment) => rewrite(segment, { logIdentity: 'another' })],
  [
    'half a manifest',
    'manifest',
    true,
    async ({ partition, number }) => {
      const path = segmentPath(rig.dataDir, partition, number);
      await truncate(path, 20);
      return relative(path);
    },
  ],
  ['a manifest in the place of another', 'manifest', true, async (segment, later) => rewrite(segment, later)],
  [
    'a manifest that counts what its files do not hold',
    'manifest',
    true,
    async (segment) => rewrite(segment, { rows: segment.rows + 1 }),
  ],
  [
    'a file of a name that is none of a segment',
    'manifest',
    true,
    async ({ partition }) => {
      const path = join(segmentPath(rig.dataDir, partition, 0), '..', '000001 (copy).json');
      await writeFile(path, '{}');
      return relative(path);
    },
  ],
];

test.each(PLANTED)('law 7: a planted fault is reported in its class alone: %s is %s', async (_, expected, quick, plant) => {
  await archive();
  const [, segment, later] = await rig.segments(1);
  if (segment === undefined || later === undefined) throw new Error('three segments were archived');
  const path = await plant(segment, later);
  const report = await audit();
  expect(found(report)).toEqual([`${expected} ${path}`]);
  expect(report.ok).toBe(false);
  expect(report.partitions.map(({ faults }) => faults)).toEqual([0, 1, 0]);
  expect(found(await audit({ depth: { quick: true } }))).toEqual(quick ? [`${expected} ${path}`] : []);
});

test('law 7: manifests that are missing are gaps: between others, and at the beginning', async () => {
  await archive(5);
  for (const number of [1, 2]) await rm(segmentPath(rig.dataDir, 0, number));
  await rm(segmentPath(rig.dataDir, 2, 0));
  const report = await audit();
  expect(report.faults.filter((fault) => fault.class === 'gap').map(({ partition, detail }) => [partition, detail])).toEqual([
    [0, 'segments 1 to 2 are missing, though there are newer ones'],
    [2, 'segment 0 is missing, though there are newer ones'],
  ]);
  // Their files are there, and may be named once the manifests are back: none of them is called an orphan.
  expect(report.counts.orphan).toBe(0);
  // A number far above the others is one gap, however far.
  await writeFile(segmentPath(rig.dataDir, 1, 999_999_999_999), '{}');
  expect(found(await audit()).filter((fault) => fault.includes('segments/p01'))).toEqual([
    'gap archive/segments/p01/000005.json',
    'manifest archive/segments/p01/999999999999.json',
  ]);
});

test('files whose manifest was lost at the end of the archive are orphans that name the segment', async () => {
  await archive();
  await rm(segmentPath(rig.dataDir, 1, 2));
  const { ok, faults } = await audit();
  expect(ok).toBe(true);
  expect(faults.length).toBeGreaterThan(1);
  for (const fault of faults)
    expect(fault).toMatchObject({
      class: 'orphan',
      detail: expect.stringContaining('is of segment 2, the newest manifest is 1'),
    });
});

test('a file that no manifest names is an orphan once it is an hour old: it fails nothing, and readers of the folder would see it', async () => {
  await archive();
  const [day] = readdirSync(pathOf('archive/events'));
  const [known] = (await rig.segments(1))[0]?.files ?? [];
  const orphans = [
    known?.path.replace('-a1', '-ff') ?? '',
    `archive/events/${day}/p77-000000-ff.parquet`,
    `archive/events/${day}/part-0.parquet`,
    'archive/dead/p01-000000-ff.ndjson',
  ];
  for (const path of orphans) await writeFile(pathOf(path), 'x');
  const report = await audit();
  expect(found(report).sort()).toEqual(orphans.map((path) => `orphan ${path}`).sort());
  expect(report.ok).toBe(true);
  expect(await audit({ nowMs: Date.now() })).toMatchObject({ ok: true, faults: [], unfinished: 4 });
});

describe('no fault is reported that is not there', () => {
  const STEPS: readonly Step[] = ['afterSpool', 'afterCopy', 'afterSync', 'afterRename', 'beforeManifest', 'afterManifest'];

  test.each(STEPS)(
    'an archiver that was killed %s leaves nothing damaged, and the next one removes what it left',
    async (step) => {
      await archive(1);
      await rig.append(someEvents(40, 100));
      await rig.barrier(2);
      const crash = crashAt(step);
      const dying = await rig.start({ hook: crash.hook });
      void dying.turn();
      await crash.reached;
      expect(await audit({ nowMs: Date.now() })).toMatchObject({ ok: true, faults: [] });
      const later = await audit();
      expect(later).toMatchObject({ ok: true, unfinished: 0 });
      if (step !== 'afterManifest') expect(later.counts.orphan > 0).toBe(step === 'afterRename' || step === 'beforeManifest');
      const next = await rig.start();
      await next.turn();
      await rig.start();
      expect(found(await audit())).toEqual([]);
    },
  );

  test('while archivers write', async () => {
    await archive(1);
    const archiver = await rig.start();
    let audits = 0;
    let writing = true;
    const looking = (async () => {
      for (; writing; audits++) expect(await audit({ nowMs: Date.now() })).toMatchObject({ ok: true, faults: [] });
    })();
    for (let i = 1; i < 30 || audits < 5; i++) {
      await rig.append(someEvents(20, i * 100));
      await rig.barrier(i + 1);
      await archiver.turn();
    }
    writing = false;
    await looking;
  });

  test('a generation that is retired meanwhile: its state changes before its files go', async () => {
    await archive();
    const { generation, files } = await generationAt(0);
    const target = pathOf(`${generationFolder(generation)}/manifest.json`);
    await writeFile(pathOf('retired.json'), (await readFile(target, 'utf8')).replace('"computed"', '"retired"'));
    let isRetired = false;
    const report = await audit({
      onFile: (path) => {
        if (isRetired || path !== files[0]) return;
        isRetired = true;
        renameSync(pathOf('retired.json'), target);
        unlinkSync(pathOf(path));
      },
    });
    expect([isRetired, report.ok, found(report)]).toEqual([true, true, []]);
  });

  test('segments that are merged into a block and removed meanwhile', async () => {
    await rig.close();
    rig = await createRig(1);
    await archive(BLOCK_SEGMENTS + 1);
    await withSession((session) => mergeBlock(session, rig.dataDir, { partition: 0, first: 0 }, 'b1', pathOf('staging/b1')));
    const block = blockPath(rig.dataDir, 0, 0);
    const [merged] = await rig.segments(0);
    expect(merged?.to).toBe(BLOCK_SEGMENTS - 1);
    expect(await audit()).toMatchObject({ ok: true, faults: [], partitions: [{ manifests: 2, lastSegment: BLOCK_SEGMENTS }] });
    renameSync(block, pathOf('block.json'));
    expect((await audit()).partitions).toMatchObject([{ manifests: BLOCK_SEGMENTS + 1 }]);
    const named = new Set(merged?.files.map(({ path }) => path));
    let seen = 0;
    const report = await audit({
      nowMs: Date.now(),
      onFile: () => {
        // A file of events: the fortieth holds records that were not events.
        if (++seen !== 41) return;
        renameSync(pathOf('block.json'), block);
        for (let number = 0; number < BLOCK_SEGMENTS; number++) rmSync(segmentPath(rig.dataDir, 0, number));
        for (const day of readdirSync(pathOf('archive/events')))
          for (const name of readdirSync(pathOf(`archive/events/${day}`)))
            if (!named.has(`archive/events/${day}/${name}`) && !name.startsWith('p00-000096'))
              unlinkSync(pathOf(`archive/events/${day}/${name}`));
      },
    });
    expect(seen).toBeGreaterThan(41);
    expect([report.ok, found(report)]).toEqual([true, []]);
    // Without the block what was merged is missing; with it damaged, it is that alone.
    await writeFile(block, '{');
    expect(found(await audit({ nowMs: Date.now() }))).toEqual([`manifest ${relative(block)}`]);
    await rm(block);
    expect(found(await audit({ nowMs: Date.now() }))).toEqual(['gap archive/segments/p00/000000.json']);
  });
});

interface Planted {
  readonly generation: number;
  /** Its views, its events. */
  readonly files: readonly string[];
}

/** A computed generation, cut at segment `number` of every partition. */
async function generationAt(number: number): Promise<Planted> {
  const created = await createGeneration(rig.dataDir, pendingGeneration({ json: '{}', version: 'v' }));
  const folder = generationFolder(created.generation);
  const stored = async (name: string) => {
    const path = `${folder}/${name}`;
    await writeFile(pathOf(path), name.repeat(9));
    return { path, rows: 1, ...(await digest(pathOf(path))) };
  };
  const cut: string[] = [];
  for (let partition = 0; partition < rig.partitions; partition++) cut.push((await rig.segments(partition))[number]?.upTo ?? '');
  const manifest: GenerationManifest = {
    ...created,
    state: 'computed',
    computedAt: 2,
    lastSegment: cut.map(() => number),
    cut,
    views: { activity: [await stored('activity.parquet')] },
    events: [await stored('events.parquet')],
  };
  await writeGeneration(rig.dataDir, manifest);
  return { generation: created.generation, files: [`${folder}/activity.parquet`, `${folder}/events.parquet`] };
}

describe('generations', () => {
  const publishing = (generation: number, sequence = 0) =>
    publish(rig.dataDir, sequence, { generation, action: 'publish', held: false, at: 1, by: 'test' });

  test('law 7: their files, their manifests, and what a killed attempt left', async () => {
    await archive();
    const first = await generationAt(1);
    const second = await generationAt(2);
    await publishing(second.generation);
    const sound = await audit();
    expect(sound).toMatchObject({ ok: true, faults: [] });
    expect(sound.generations.map(({ generation, published, files, bytes }) => [generation, published, files, bytes])).toEqual([
      [first.generation, false, 2, 270],
      [second.generation, true, 2, 270],
    ]);
    await rm(pathOf(first.files[0] ?? ''));
    await writeFile(pathOf(second.files[1] ?? ''), 'events.parqueX'.repeat(9));
    const left = ['activity-ff.parquet', 'rows-ff.ndjson'].map((name) => `${generationFolder(second.generation)}/${name}`);
    for (const path of left) await writeFile(pathOf(path), 'x');
    const report = await audit();
    expect(found(report)).toEqual([
      `missing ${first.files[0]}`,
      `altered ${second.files[1]}`,
      ...left.map((path) => `orphan ${path}`),
    ]);
    expect(report.generations.map(({ faults }) => faults)).toEqual([1, 1]);
    const manifest = `${generationFolder(second.generation)}/manifest.json`;
    await truncate(pathOf(manifest), 30);
    expect(found(await audit())).toEqual([`manifest ${manifest}`, `missing ${first.files[0]}`]);
    await rm(pathOf(manifest));
    expect(found(await audit())).toEqual([`missing ${first.files[0]}`, `missing ${manifest}`]);
  });

  test('law 7: an archive that is older than its generations is behind them', async () => {
    await archive();
    const { generation } = await generationAt(2);
    const manifest = `${generationFolder(generation)}/manifest.json`;
    await rm(segmentPath(rig.dataDir, 1, 2));
    const report = await audit({ nowMs: Date.now() });
    expect(report.ok).toBe(false);
    expect(report.faults.map(({ path, detail }) => [path, detail])).toEqual([
      [manifest, 'counts segment 2 of partition 1, the archive ends with segment 1'],
    ]);
    const text = await readFile(pathOf(manifest), 'utf8');
    const [, , last] = await rig.segments(0);
    await writeFile(pathOf(manifest), text.replace(`"${last?.upTo}"`, '"elsewhere"'));
    expect((await audit({ nowMs: Date.now() })).counts.behind).toBe(2);
  });
});

test('a look that was interrupted is not a report, also in the middle of a file', async () => {
  await archive();
  const controller = new AbortController();
  const looking = audit({
    depth: { quick: false, signal: controller.signal },
    onFile: () => controller.abort(new Error('stop')),
  });
  await expect(looking).rejects.toThrow('stop');
});

test('faults are all counted, and the first thousand are named', async () => {
  await archive(1);
  const [day] = readdirSync(pathOf('archive/events'));
  for (let i = 0; i < 1_010; i++) await writeFile(pathOf(`archive/events/${day}/p01-000000-f${i}.parquet`), '');
  const { counts, faults } = await audit();
  expect([counts.orphan, faults.length]).toEqual([1_010, 1_000]);
});
