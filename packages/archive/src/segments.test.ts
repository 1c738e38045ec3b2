import { mkdtemp, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DAY_MS } from '@tributary/model/time';
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

/** Written in the first days of 1970, with an event of each day. */
const dated = (number: number, date = `1970-01-0${number + 1}`): SegmentManifest => ({
  ...segment(number),
  rows: 1,
  files: [{ path: `archive/${number}`, rows: 1, bytes: 1, sha256: 'a'.repeat(64), date }],
});

test('law 7: what was archived since an instant begins behind the newest manifest that is older, and a hole there is found', async () => {
  for (let number = 0; number < 6; number++) await writeSegment(dir, dated(number));
  const since = (day: number, before = 6) => firstSince(dir, 3, { fromMs: day * DAY_MS, aheadMs: 0, before });
  // The second of them was written again.
  for (const [number, day] of [0.5, 9, 2.5, 3.5, 4.5, 5.5].entries())
    await utimes(segmentPath(dir, 3, number), day * 86_400, day * 86_400);
  expect([await since(3), await since(4), await since(6), await since(0.1)]).toEqual([3, 4, 6, 0]);
  expect([await since(6, 3), await since(2, 3), await since(2, 0)]).toEqual([3, 1, 0]);
  await rm(segmentPath(dir, 3, 3));
  await expect(readSegments(dir, 3, await since(3))).rejects.toThrow('000003.json is missing');
});

test('law 8: the date of a manifest is not believed where its files have later events, or it has none', async () => {
  for (const one of [dated(0), dated(1), dated(2, '1970-01-04'), segment(3)]) await writeSegment(dir, one);
  for (let number = 0; number < 4; number++) await utimes(segmentPath(dir, 3, number), 2.5 * 86_400, 2.5 * 86_400);
  expect(await firstSince(dir, 3, { fromMs: 5 * DAY_MS, aheadMs: 0, before: 4 })).toBe(2);
  expect(await firstSince(dir, 3, { fromMs: 5 * DAY_MS, aheadMs: DAY_MS, before: 4 })).toBe(3);
});
