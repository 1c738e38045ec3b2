/** The list of publications as readers ask for it. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { oldestKept, readSaid, type Said } from './publications.ts';

let dataDir: string;
const fileOf = (sequence: number) => join(dataDir, 'generations/publications', `${String(sequence).padStart(6, '0')}.json`);
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tributary-publications-'));
  await mkdir(join(dataDir, 'generations/publications'), { recursive: true });
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

async function say(sequence: number): Promise<void> {
  const publication = { sequence, generation: sequence, action: 'publish', held: false, at: sequence, by: 'test' };
  const fileSeen = { generation: sequence, content: 'x'.repeat(5_000) };
  await writeFile(
    fileOf(sequence),
    JSON.stringify({ ...publication, kept: { upTo: sequence, generations: [sequence] }, fileSeen }),
  );
}

test('each publication is read once, newer ones are found, and those that were removed are forgotten', async () => {
  for (const sequence of [1, 2, 3]) await say(sequence);
  const remembered = new Map<number, Said>();
  const first = await readSaid(dataDir, remembered);
  expect(first.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
  expect(Object.keys(first[0] ?? {})).toEqual(['sequence', 'generation', 'action', 'held', 'at', 'by']);

  // What was read is not read again: these bytes would be refused.
  await writeFile(fileOf(2), 'damaged');
  await say(4);
  await rm(fileOf(1));
  expect((await readSaid(dataDir, remembered)).map(({ sequence }) => sequence)).toEqual([2, 3, 4]);
  expect([...remembered.keys()]).toEqual([2, 3, 4]);
});

test('law 7: a publication that cannot be read is an error, not a shorter list', async () => {
  await say(1);
  await writeFile(fileOf(2), 'damaged');
  await expect(readSaid(dataDir, new Map())).rejects.toMatchObject({ code: 'manifest_corrupt' });
});

test('law 7: readers may go back to the oldest generation of the list, and to any where the list is missing', () => {
  const said = { sequence: 9, generation: 7, action: 'rollback', held: true, at: 1, by: 'test' } as const;
  expect(oldestKept({ ...said, kept: { upTo: 8, generations: [5, 7, 8] } })).toBe(5);
  expect(oldestKept({ ...said, kept: { upTo: 6, generations: [] } }), 'newer ones are not in it').toBe(7);
  expect(oldestKept({ ...said, generation: 9, kept: { upTo: 6, generations: [] } })).toBe(7);
  expect(oldestKept(said)).toBe(0);
  expect(oldestKept(null)).toBe(0);
});
