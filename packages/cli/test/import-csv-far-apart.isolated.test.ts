/** Rows further apart than what is remembered: here two different ones, and not a million. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type * as recent from '@tributary/importing/events/recent';
import { expect, test, vi } from 'vitest';
import { fakeCollector, fakeServer } from './fake-server.ts';
import { tributary } from './fake-shell.ts';
import { temporaryFolder } from './temporary.ts';

vi.mock('@tributary/importing/events/recent', async (original) => {
  const { createRecent } = await original<typeof recent>();
  return {
    createRecent: (atLeast: number, forgets?: () => void) => {
      expect(atLeast).toBeGreaterThanOrEqual(1_000);
      return createRecent(2, forgets);
    },
  };
});

const folder = temporaryFolder('far-apart');

async function importCsv(numbers: readonly number[], map: string) {
  const collector = fakeCollector();
  await using server = await fakeServer(collector.take);
  const file = join(folder, `${map.length}-${numbers.length}.csv`);
  writeFileSync(file, `nr,who,at,amount\n${numbers.map((nr) => `A-${nr},ana,2026-11-01,${nr}.00\n`).join('')}`);
  const options = ['--currency', 'EUR', '--json', '--collector-url', server.url];
  const { code, stderr } = await tributary(['import', 'csv', file, '--map', map, ...options]);
  return { code, stderr, kept: collector.kept.size };
}

const IDS = 'user=who,time=at,value=amount,id=nr';
const NO_IDS = 'user=who,time=at,value=amount';

test('an import says at its end that rows that lie so far apart were not compared: ids where a column has them, rows elsewhere', async () => {
  const withIds = await importCsv([1, 2, 3, 4, 5], IDS);
  expect(withIds).toMatchObject({ code: 0, kept: 5 });
  expect(withIds.stderr).toContain('note: ids further apart than 1,000,000 different ones were not compared');
  expect(withIds.stderr).not.toContain('rows further apart');
  const without = await importCsv([1, 2, 3, 4, 5], NO_IDS);
  expect(without.stderr).toContain('note: rows further apart than 1,000,000 different ones were not compared');
  expect(without.stderr).not.toContain('ids further apart');
});

test('a file with no more rows than are remembered, or with many that are equal, gets no note', async () => {
  for (const map of [IDS, NO_IDS])
    for (const rows of [[1, 2, 1, 2], Array.from({ length: 30 }, (_, i) => i % 2)])
      expect((await importCsv(rows, map)).stderr).not.toContain('further apart');
});
