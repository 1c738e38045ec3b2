/** A folder that follows an archive in an object store: what it takes from there, and what it refuses. What archivers do: test/faults. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type MemoryObjects, memoryObjects } from '@tributary/testkit/memory/memory-objects';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { SegmentManifest } from '../layout.ts';
import { toJson } from '../manifest-file.ts';
import { readSegments, writeSegment } from '../segments.ts';
import { demandFirstCounts } from './probe.ts';
import { openSharedArchive } from './shared-archive.ts';

let folder: string;
let store: MemoryObjects;
let ids = 0;
beforeEach(async () => {
  [folder, store] = [await mkdtemp(join(tmpdir(), 'tributary-shared-')), memoryObjects()];
});
afterEach(() => rm(folder, { recursive: true }));

const at = (machine: string, ...path: string[]) => join(folder, machine, ...path);
const open = (machine: string, places: MemoryObjects = store) =>
  openSharedArchive({
    dataDir: at(machine),
    store: places,
    newId: () => `${(++ids).toString(16)}`.padStart(8, '0'),
    sleep: async () => {},
  });

/** Its file lies in the folder of the machine. */
function segment(machine: string, number: number, partition = 0, text = `rows of ${number}`): SegmentManifest {
  const path = `archive/events/date=2026-03-01/p0${partition}-00000${number}-a1.parquet`;
  mkdirSync(dirname(at(machine, path)), { recursive: true });
  writeFileSync(at(machine, path), text);
  const sha256 = createHash('sha256').update(text).digest('hex');
  const files = [{ path, rows: 2, bytes: text.length, sha256, date: '2026-03-01' }];
  const range = { after: number === 0 ? null : `${number}`, upTo: `${number + 1}` };
  return { partition, number, logIdentity: 'log', ...range, seals: null, rows: 2, deadRows: 0, files, dead: null };
}
const change = (number: number) => `changes/${String(number).padStart(12, '0')}.json`;
const put = (number: number, created: readonly object[]) =>
  store.objects.set(change(number), Buffer.from(toJson({ version: 1, id: `${number}`.padStart(8, '0'), created })));
const manifest = (number: number) => `archive/segments/p00/00000${number}.json`;

test('law 6: a machine with nothing gets identity, manifests and files, also what a folder lost; who comes second adds nothing', async () => {
  const one = open('one');
  await one.giveIdentity('of the first');
  await open('two').giveIdentity('of the second');
  for (let number = 0; number < 10; number++) {
    const added = segment('one', number);
    expect(await one.add([added])).toEqual([added]);
  }
  const [two, beside] = [open('two'), open('two')];
  const late = segment('two', 3, 0, 'rows of another one');
  expect(await two.add([late])).toEqual([]);
  expect([...store.objects.keys()].filter((name) => name.includes('-000003-'))).toHaveLength(1);
  let isFirst = true;
  const slow: MemoryObjects = {
    ...store,
    async create(name, content) {
      if (name.startsWith('changes/') && isFirst) {
        isFirst = false;
        expect(await open('one').add([segment('one', 0, 1, 'the first')])).toHaveLength(1);
      }
      return store.create(name, content);
    },
  };
  expect(await open('two', slow).add([segment('two', 0, 1, 'the second')])).toEqual([]);
  expect([...store.objects.keys()].filter((name) => name.includes('/p01-'))).toHaveLength(1);
  // What came second is removed by who wrote it.
  rmSync(at('two', late.files[0]?.path ?? ''));
  await Promise.all([two.follow(), beside.follow(), open('two').follow()]);
  expect(await readSegments(at('two'), 0)).toEqual(await readSegments(at('one'), 0));
  expect(readFileSync(at('two', 'archive/identity.json'), 'utf8')).toContain('of the first');
  for (const path of [manifest(4), manifest(9)]) rmSync(at('two', path));
  rmSync(at('two', 'archive/events/date=2026-03-01/p00-000007-a1.parquet'));
  await open('two').follow();
  await open('two').demandWhole(0);
  expect(await readSegments(at('two'), 0)).toEqual(await readSegments(at('one'), 0));
  expect(readFileSync(at('two', 'archive/events/date=2026-03-01/p00-000007-a1.parquet'), 'utf8')).toBe('rows of 7');
});

test('law 6: nothing is added behind segments that the store lacks, nor to a store that was emptied or is another one', async () => {
  const own = segment('one', 0);
  await writeSegment(at('one'), own);
  const one = open('one');
  await expect(one.add([segment('one', 1)])).rejects.toMatchObject({
    code: 'history_mismatch',
    message: expect.stringContaining(`must have segment 0 of partition 0, as ${at('one')} has it (got none)`),
  });
  await expect(one.demandWhole(0)).rejects.toMatchObject({ code: 'history_mismatch' });
  expect(await one.add([own])).toEqual([own]);
  await one.demandWhole(0);
  expect(await open('two').add([segment('two', 0, 1)])).toHaveLength(1);
  await one.follow();
  const kept = store.objects.get(change(2)) as Buffer;
  for (const replace of [() => store.objects.delete(change(2)), () => put(2, [{ path: 'archive/identity.json', text: '{}' }])]) {
    replace();
    for (const machine of [one, open('one')]) {
      await expect(machine.add([segment('one', 1)])).rejects.toMatchObject({
        code: 'history_mismatch',
        message: expect.stringContaining('s3://memory/here must have change 2 as'),
      });
      await expect(machine.demandWhole(0)).rejects.toMatchObject({ code: 'history_mismatch' });
    }
  }
  store.objects.set(change(2), kept);
  expect(await one.add([segment('one', 1)])).toHaveLength(1);
});

test('law 3: a store that gives a name twice is refused', async () => {
  await demandFirstCounts(store, 'a1');
  const overwriting = { ...store, create: async () => true };
  await expect(demandFirstCounts(overwriting, 'a2')).rejects.toMatchObject({
    code: 'invalid_query',
    message: expect.stringContaining('(got s3://memory/here: it took a second one)'),
  });
  expect(store.objects.size).toBe(0);
});

test('a change that is none, leads out of the archive, leaves a hole, or whose file is another is refused, and nothing of it is named', async () => {
  const good = segment('elsewhere', 0);
  const named = (changes: object) => [{ path: manifest(0), text: toJson({ ...good, ...changes }) }];
  const file = good.files[0] as SegmentManifest['files'][number];
  const refused: (readonly [created: readonly object[], message: string])[] = [
    [[{ path: 'keys.json', text: '{}' }], 'changes/000000000001.json in s3://memory/here, at created.0.path'],
    [[{ path: 'archive/segments/p00/../../x.json', text: '{}' }], 'at created.0.path'],
    [[], 'must change something'],
    [[{ path: manifest(0), text: 'not JSON' }], `${manifest(0)} is not JSON`],
    [named({ partition: 1 }), 'files were swapped'],
    [named({ files: [{ ...file, path: 'keys.json' }] }), `${manifest(0)} names keys.json`],
    [named({ dead: { ...file, path: 'erasure-key.json' } }), `${manifest(0)} names erasure-key.json`],
    [named({ files: [{ ...file, path: 'archive/events/../../keys.parquet' }] }), 'must be a path within the data folder'],
    [
      [{ path: manifest(1), text: toJson(segment('elsewhere', 1)) }],
      'segment 1 of partition 0 in s3://memory/here begins after 1',
    ],
    [named({}), 's3://memory/here lacks archive/events/date=2026-03-01/p00-000000-a1.'],
  ];
  for (const [created, message] of refused) {
    put(1, created);
    await expect(open('one').follow(), message).rejects.toMatchObject({ message: expect.stringContaining(message) });
  }
  const object = `archive/events/date=2026-03-01/p00-000000-a1.${file.sha256.slice(0, 16)}.parquet`;
  for (const text of ['rows of 1', 'rows', 'rows of 0 and more'.repeat(100)]) {
    store.objects.set(object, Buffer.from(text));
    await expect(open('one').follow()).rejects.toMatchObject({
      code: 'archive_corrupt',
      message: expect.stringContaining('must have 9 bytes'),
    });
  }
  expect([existsSync(at('one', file.path)), existsSync(at('one', manifest(0)))]).toEqual([false, false]);
  expect(existsSync(at('one', 'archive/changes.json'))).toBe(false);
  store.objects.set(object, Buffer.from('rows of 0'));
  await open('one').follow();
  expect(readFileSync(at('one', file.path), 'utf8')).toBe('rows of 0');
});
