/** Rows that an older version archived under the name of a folder above the data folder are found, and come back from the log as far as it reaches. */
import { mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { namedByFolders } from '@tributary/archive/audit/folder-names';
import { type DuckDb, openDuckDb } from '@tributary/archive/duckdb';
import { digest } from '@tributary/archive/durable';
import { EVENT_COLUMNS, type SegmentManifest } from '@tributary/archive/layout';
import { toJson } from '@tributary/archive/manifest-file';
import { copyToParquet } from '@tributary/archive/parquet';
import { segmentPath } from '@tributary/archive/segments';
import { filesSql } from '@tributary/archive/sql-text';
import { generateEvents } from '@tributary/testkit/inputs/generate';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { createRandom } from '@tributary/testkit/inputs/random';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { archivedRows, createRig, type Rig } from './archiver-rig.ts';

let above: string;
let rig: Rig;
let session: DuckDb;
beforeEach(async () => {
  above = await mkdtemp(join(tmpdir(), 'tributary-folder-names-'));
  rig = await createRig(2, join(above, 'type=prod', 'currency=JPY'));
  session = await openDuckDb({ memoryLimit: '256MiB', threads: 1, tempDir: join(above, 'spill') });
});
afterEach(async () => {
  await session.close();
  await rig.close();
  await rm(above, { recursive: true, force: true });
});

const EVENTS = generateEvents(
  createRandom(5),
  { events: 60, users: 6, lateChance: 0.1, duplicateChance: 0 },
  definitionsOf(SMALL_DEFINITIONS),
);
const PARTITIONS = [0, 1];

/** Two segments of each partition. */
async function archive(): Promise<void> {
  const archiver = await rig.start();
  for (const [i, some] of [EVENTS.slice(0, 30), EVENTS.slice(30)].entries()) {
    await rig.append(some);
    await rig.barrier(i + 1);
    for (let turn = 0; turn < 20; turn++) await archiver.turn();
  }
}

const found = () => namedByFolders(session, { dataDir: rig.dataDir, partitions: PARTITIONS });

/** The first file of a segment as an older version would have written it. */
async function spoil(partition: number, number: number, column: keyof typeof EVENT_COLUMNS, value: string): Promise<string> {
  const manifest = (await rig.segments(partition))[number] as SegmentManifest;
  const [file] = manifest.files;
  if (file === undefined) throw new Error('a segment without files');
  const path = join(rig.dataDir, file.path);
  const columns = Object.keys(EVENT_COLUMNS).map((name) => (name === column ? `${value} AS "${name}"` : `"${name}"`));
  const staged = join(above, 'spoilt.parquet');
  await copyToParquet(
    session,
    `SELECT ${columns.join(', ')} FROM read_parquet(${filesSql([path])}, hive_partitioning = false)`,
    staged,
  );
  await rename(staged, path);
  const files = [{ ...file, ...(await digest(path)) }, ...manifest.files.slice(1)];
  await writeFile(segmentPath(rig.dataDir, partition, number), toJson({ ...manifest, files }));
  return file.path;
}

test('law 7: rows whose user, day, or all of whose types are those of a folder are found, though their files fit the manifests', async () => {
  await archive();
  // No file has it in all rows.
  expect(await found()).toEqual([]);
  const paths = [
    await spoil(0, 0, 'user_key', "'ada'"),
    await spoil(0, 1, 'ts', '7'),
    await spoil(1, 0, 'type', "'prod'"),
    await spoil(1, 1, 'currency', "'JPY'"),
  ];
  const files = (await Promise.all(PARTITIONS.map((partition) => rig.segments(partition))))
    .flat()
    .flatMap((segment) => segment.files);
  const rows = paths.map((path) => files.find((file) => file.path === path)?.rows);
  expect(await found()).toEqual([
    { path: paths[0], partition: 0, column: 'user_key', rows: rows[0], folder: null, isCertain: true },
    { path: paths[1], partition: 0, column: 'ts', rows: rows[1], folder: null, isCertain: true },
    { path: paths[2], partition: 1, column: 'type', rows: rows[2], folder: 'type=prod', isCertain: false },
    { path: paths[3], partition: 1, column: 'currency', rows: rows[3], folder: 'currency=JPY', isCertain: false },
  ]);
  // One that cannot be read hides no other.
  await writeFile(join(rig.dataDir, paths[0] as string), 'not Parquet');
  expect((await found()).map(({ column }) => column)).toEqual(['ts', 'type', 'currency']);
});

test('law 6: what was sent comes back from the log once the manifests from there on are away', async () => {
  await archive();
  const sound = await archivedRows(rig);
  await spoil(1, 1, 'type', "'prod'");
  expect(await archivedRows(rig)).not.toEqual(sound);
  const folder = join(rig.dataDir, 'archive/segments/p01');
  const names = (await readdir(folder)).sort();
  for (const name of names.slice(1)) await rename(join(folder, name), join(above, name));
  const archiver = await rig.start();
  for (let turn = 0; turn < 20; turn++) await archiver.turn();
  expect(await archivedRows(rig)).toEqual(sound);
  expect(await found()).toEqual([]);
});
