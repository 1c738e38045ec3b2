import { mkdtemp, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { SegmentManifest } from './layout.ts';
import { archivedUpTo, firstSince, readSegments, segmentPath, writeSegment } from './segments.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tributary-segments-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

function segment(number: number, seals: number | null = null): SegmentManifest {
  const after = number === 0 ? null : String(number).padStart(4, '0');
  const upTo = String(number + 1).padStart(4, '0');
  return { partition: 3, number, logIdentity: 'log', after, upTo, seals, rows: 0, deadRows: 0, files: [], dead: null };
}

test('law 3: a number is written once; the second writer learns it and changes nothing', async () => {
  expect(await writeSegment(dir, segment(0, 1))).toBe(true);
  expect(await writeSegment(dir, { ...segment(0), upTo: '9999' })).toBe(false);
  expect(await readSegments(dir, 3)).toEqual([segment(0, 1)]);
});

test('the position of a partition is its newest segment, with the largest seal before it', async () => {
  expect(await archivedUpTo(dir, 3)).toEqual({ last: null, sealed: 0 });
  for (const s of [segment(0), segment(1, 4), segment(2), segment(3)]) await writeSegment(dir, s);
  expect(await archivedUpTo(dir, 3)).toEqual({ last: segment(3), sealed: 4 });
  expect((await readSegments(dir, 3, 1, 3)).map((s) => s.number)).toEqual([1, 2]);
});

test('law 7: a missing, a swapped and a non-contiguous manifest are errors that name the place', async () => {
  for (const s of [segment(0), segment(1), segment(2)]) await writeSegment(dir, s);
  await rename(segmentPath(dir, 3, 1), join(dir, 'aside'));
  await expect(readSegments(dir, 3)).rejects.toThrow('000001.json is missing');
  await writeFile(segmentPath(dir, 3, 1), JSON.stringify(segment(2)));
  await expect(readSegments(dir, 3)).rejects.toThrow('swapped');
  await writeFile(segmentPath(dir, 3, 1), JSON.stringify({ ...segment(1), after: '0000' }));
  await expect(readSegments(dir, 3)).rejects.toMatchObject({ code: 'manifest_corrupt' });
});

test('law 7: a manifest whose files do not add up to its rows is refused', async () => {
  await writeSegment(dir, { ...segment(0), rows: 5 });
  await expect(readSegments(dir, 3)).rejects.toThrow('counts 5 rows, its files hold 0');
});

test('law 7: what was archived since an instant begins behind the newest manifest that is older, and a hole there is found', async () => {
  for (let number = 0; number < 6; number++) await writeSegment(dir, segment(number));
  const since = (seconds: number, before = 6) => firstSince(dir, 3, seconds * 1_000, before);
  // The second of them was written again.
  for (const [number, second] of [10, 90, 30, 40, 50, 60].entries()) await utimes(segmentPath(dir, 3, number), second, second);
  expect([await since(35), await since(45), await since(61), await since(5)]).toEqual([3, 4, 6, 0]);
  expect([await since(61, 3), await since(20, 3), await since(20, 0)]).toEqual([3, 1, 0]);
  await rm(segmentPath(dir, 3, 3));
  await expect(readSegments(dir, 3, await since(35))).rejects.toThrow('000003.json is missing');
});
