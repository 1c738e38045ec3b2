/**
 * Segments: contiguous ranges of a partition's log, archived. Their manifests are the archiver's position: number `n` is
 * written once, by whoever comes first, so a zombie that archived the same range learns it and writes nothing.
 */
import { join } from 'node:path';
import { TributaryError } from '@tributary/model/errors';
import { z } from 'zod';
import { createDurably, namesIn } from './durable.ts';
import type { SegmentManifest } from './layout.ts';
import { numbersOf, padNumber, readManifest, storedFile, toJson } from './manifest-file.ts';

const date = z.string().regex(/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/);

const Segment = z.object({
  partition: z.int().min(0),
  number: z.int().min(0),
  logIdentity: z.string().min(1),
  after: z.string().nullable(),
  upTo: z.string(),
  seals: z.int().min(1).nullable(),
  rows: z.int().min(0),
  deadRows: z.int().min(0),
  files: z.array(storedFile.extend({ date })),
  dead: storedFile.nullable(),
}) satisfies z.ZodType<SegmentManifest>;

export function partitionName(partition: number): string {
  return `p${String(partition).padStart(2, '0')}`;
}

export function segmentPath(dataDir: string, partition: number, number: number): string {
  return join(dataDir, 'archive', 'segments', partitionName(partition), `${padNumber(number)}.json`);
}

/** The number of the newest segment, -1 when there is none. */
export async function lastSegmentNumber(dataDir: string, partition: number): Promise<number> {
  const folder = join(dataDir, 'archive', 'segments', partitionName(partition));
  return numbersOf(await namesIn(folder), '.json').at(-1) ?? -1;
}

/** A segment that must be there: numbers have no gaps, so one that is missing is a hole in the archive. */
export async function readSegment(dataDir: string, partition: number, number: number): Promise<SegmentManifest> {
  const path = segmentPath(dataDir, partition, number);
  const segment = await readManifest(path, Segment);
  if (segment === undefined) throw new TributaryError('manifest_corrupt', `${path} is missing: the archive has a hole`);
  if (segment.partition !== partition || segment.number !== number)
    throw new TributaryError(
      'manifest_corrupt',
      `${path} tells of segment ${segment.number} of partition ${segment.partition}: files were swapped`,
    );
  const rows = segment.files.reduce((sum, file) => sum + file.rows, 0);
  if (rows !== segment.rows)
    throw new TributaryError('manifest_corrupt', `${path} counts ${segment.rows} rows, its files hold ${rows}`);
  return segment;
}

/** Segments `[from, before)` of a partition in order (all by default), checked to be contiguous. */
export async function readSegments(dataDir: string, partition: number, from = 0, before?: number): Promise<SegmentManifest[]> {
  const end = before ?? (await lastSegmentNumber(dataDir, partition)) + 1;
  const segments: SegmentManifest[] = [];
  for (let number = from; number < end; number++) {
    const segment = await readSegment(dataDir, partition, number);
    const previous = segments.at(-1);
    if (previous !== undefined && segment.after !== previous.upTo)
      throw new TributaryError(
        'manifest_corrupt',
        `segment ${number} of partition ${partition} starts after ${segment.after}, the one before it ends at ${previous.upTo}`,
      );
    segments.push(segment);
  }
  return segments;
}

/** Writes a segment's manifest unless its number is taken: false tells that another archiver was first. */
export async function writeSegment(dataDir: string, segment: SegmentManifest): Promise<boolean> {
  return createDurably(segmentPath(dataDir, segment.partition, segment.number), toJson(segment));
}

/** Paths of all files a segment names. */
export function filesNamed({ files, dead }: SegmentManifest): Set<string> {
  return new Set([...files, ...(dead === null ? [] : [dead])].map((file) => file.path));
}

export interface ArchivedUpTo {
  /** The newest segment; null when nothing is archived. */
  readonly last: SegmentManifest | null;
  /** The largest generation sealed so far, 0 before the first. */
  readonly sealed: number;
}

/** How far the archive of a partition reaches: the archiver's position. */
export async function archivedUpTo(dataDir: string, partition: number): Promise<ArchivedUpTo> {
  const number = await lastSegmentNumber(dataDir, partition);
  if (number < 0) return { last: null, sealed: 0 };
  const last = await readSegment(dataDir, partition, number);
  // Seals only grow, so the newest one found going back is the largest.
  for (let at = number, segment = last; ; segment = await readSegment(dataDir, partition, --at)) {
    if (segment.seals !== null) return { last, sealed: segment.seals };
    if (at === 0) return { last, sealed: 0 };
  }
}
