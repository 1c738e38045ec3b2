/** What becomes of files from before a field: those of the archive, and those of a generation. */

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GENERATION_EVENT_COLUMNS, keepsAllColumns, parquetFiles } from '@tributary/archive/compute/relations';
import { generationFolder } from '@tributary/archive/generations';
import { copyToParquet, keepFile } from '@tributary/archive/parquet';
import type { Definitions } from '@tributary/model/definitions';
import { generateEvents } from '@tributary/testkit/inputs/generate';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { createRandom } from '@tributary/testkit/inputs/random';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createWorld, type World } from './world.ts';

const DEFINITIONS: Definitions = definitionsOf(SMALL_DEFINITIONS);
let world: World;
beforeEach(async () => {
  world = await createWorld(DEFINITIONS);
});
afterEach(() => world.close());

/** As an older version leaves it. */
async function rewriteManifest(generation: number, eventColumns: readonly string[]): Promise<void> {
  const path = join(world.dataDir, generationFolder(generation), 'manifest.json');
  const manifest = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  await writeFile(path, JSON.stringify({ ...manifest, eventColumns }));
}

test('law 1: a base whose events lack a field that views read now is not built upon', async () => {
  const events = generateEvents(createRandom(3), { events: 60, users: 5, lateChance: 0, duplicateChance: 0.1 }, DEFINITIONS);
  const columns = Object.keys(GENERATION_EVENT_COLUMNS);
  await world.ingest(events.slice(0, 40));
  await world.run();
  expect((await world.manifest(1)).eventColumns).toEqual(columns);

  await rewriteManifest(
    1,
    columns.filter((column) => column !== 'cost'),
  );
  await world.ingest(events.slice(40, 50));
  await world.run();
  expect(await world.manifest(2)).toMatchObject({ mode: 'full', base: null });
  expect(differences(await world.viewsOf(2), naive(events.slice(0, 50), DEFINITIONS))).toEqual([]);

  await world.ingest(events.slice(50));
  await world.run();
  expect(await world.manifest(3)).toMatchObject({ mode: 'incremental', base: 2 });
});

test('a manifest from before they named the columns had those of the first version', () => {
  const first = 'partition user_key ts id type channel campaign cost value currency';
  expect(keepsAllColumns({})).toBe(Object.keys(GENERATION_EVENT_COLUMNS).join(' ') === first);
  expect(keepsAllColumns({ eventColumns: [...Object.keys(GENERATION_EVENT_COLUMNS), 'of_a_newer_version'] })).toBe(true);
});

test('a column that came later reads NULL from older files, beside newer ones and alone', async () => {
  const older = await written('older', "SELECT 'a' AS id, 1::BIGINT AS cost, 7 AS partition");
  const newer = await written('newer', "SELECT 5::BIGINT AS cost_micros, 'b' AS id, 2::BIGINT AS cost");
  const columns = { id: 'VARCHAR', cost: 'BIGINT', cost_micros: 'BIGINT' } as const;
  const later = new Set(['cost_micros']);
  const read = (files: Parameters<typeof parquetFiles>[1]) =>
    world.session.rows(`SELECT * FROM ${parquetFiles(world.dataDir, files, columns, later)} ORDER BY id`);
  const [a, b] = [
    { id: 'a', cost: 1n, cost_micros: null },
    { id: 'b', cost: 2n, cost_micros: 5n },
  ];
  expect(await read([older])).toEqual([a]);
  expect(await read([newer])).toEqual([b]);
  expect(await read([older, newer])).toEqual([a, b]);
  expect(await read([newer, older])).toEqual([a, b]);
  expect(await read([])).toEqual([]);
});

async function written(name: string, query: string) {
  const staged = join(world.dataDir, 'staging', `${name}.parquet`);
  const rows = await copyToParquet(world.session, query, staged);
  return keepFile(world.dataDir, staged, `archive/events/date=2026-03-01/${name}.parquet`, rows);
}
