/**
 * Segments: contiguous ranges of a partition's log, archived. Their manifests are the archiver's position: number `n` is
 * written once, by the first archiver, so a zombie that archived the same range learns it and writes nothing. Its range stays for good; its files may be
 * replaced by some without users who were erased (rewrite/).
 */
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { TributaryError } from '@tributary/model/errors';
import { dayOf } from '@tributary/model/time';
import { dataPath } from '@tributary/runtime/data-folder/paths';
import { z } from 'zod';
import { createDurably, isStaged, namesIn } from './durable.ts';
import type { SegmentManifest } from './layout.ts';
import { numbersOf, padNumber, parseManifest, readManifest, storedFile, toJson } from './manifest-file.ts';

const date = z.string().regex(/^[0-9]{4}(-[0-9]{2}){0,2}$/);

const Segment = z.object({
  partition: z.int().min(0),
  number: z.int().min(0),
  to: z.int().min(0).exactOptional(),
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
  return dataPath(dataDir, 'segments', partitionName(partition), `${padNumber(number)}.json`);
}

/** The number of the newest segment, -1 when there is none. */
export async function lastSegmentNumber(dataDir: string, partition: number): Promise<number> {
  const names = await namesIn(dataPath(dataDir, 'segments', partitionName(partition)));
  const single = numbersOf(names, '.json').at(-1) ?? -1;
  const merged = names.map((name) => Number(/^\d{6,12}-(\d{6,12})\.json$/.exec(name)?.[1] ?? -1));
  return merged.reduce((last, number) => Math.max(last, number), single);
}

/** Segments in a block, from a multiple of it on: two processes that merge the same ones write one name. */
export const BLOCK_SEGMENTS = 96;

/** The first segment of the block that a segment belongs to. */
export function blockOf(number: number): number {
  return number - (number % BLOCK_SEGMENTS);
}

export function blockPath(dataDir: string, partition: number, first: number): string {
  const last = first + BLOCK_SEGMENTS - 1;
  return dataPath(dataDir, 'segments', partitionName(partition), `${padNumber(first)}-${padNumber(last)}.json`);
}

/** Where a manifest lies: of a segment, or of a block. */
export function manifestPath(dataDir: string, { partition, number, to }: SegmentPlace): string {
  return to === undefined ? segmentPath(dataDir, partition, number) : blockPath(dataDir, partition, number);
}

/** Undefined while its segments were not merged. */
export async function readBlock(dataDir: string, partition: number, first: number): Promise<SegmentManifest | undefined> {
  const path = blockPath(dataDir, partition, first);
  const block = await readManifest(path, Segment);
  if (block !== undefined) checkSegment(block, path, { partition, number: first, to: first + BLOCK_SEGMENTS - 1 });
  return block;
}

/**
 * The manifest that lists a segment, which must be there: numbers have no gaps, so one that is missing is a hole in the archive. It may be
 * a block's, which lists others too.
 */
export async function readSegment(dataDir: string, partition: number, number: number): Promise<SegmentManifest> {
  return (await readSingle(dataDir, partition, number)) ?? readBlockOf(dataDir, partition, number);
}

/** The segment's own manifest; undefined where it has none, or none any longer. */
export async function readSingle(dataDir: string, partition: number, number: number): Promise<SegmentManifest | undefined> {
  const path = segmentPath(dataDir, partition, number);
  const segment = await readManifest(path, Segment);
  if (segment !== undefined) checkSegment(segment, path, { partition, number });
  return segment;
}

/** A segment's own manifest that is not in a folder yet. Throws `manifest_corrupt`. */
export function parseSegment(text: string, path: string, place: SegmentPlace): SegmentManifest {
  const segment = parseManifest(text, path, Segment);
  checkSegment(segment, path, place);
  return segment;
}

export interface ManifestNames {
  /** Numbers of segments with a manifest of their own, ascending. */
  readonly singles: readonly number[];
  /** First numbers of blocks, ascending. */
  readonly blocks: readonly number[];
  /** Names of files that are neither. */
  readonly others: readonly string[];
}

/** What a partition's folder of manifests holds, by its names alone. */
export async function manifestNames(dataDir: string, partition: number): Promise<ManifestNames> {
  const singles: number[] = [];
  const blocks: number[] = [];
  const others: string[] = [];
  for (const name of await namesIn(dataPath(dataDir, 'segments', partitionName(partition)))) {
    const [, digits, to] = /^(\d{6,12})(?:-(\d{6,12}))?\.json$/.exec(name) ?? [];
    const number = Number(digits);
    if (digits !== undefined && to === undefined && name === `${padNumber(number)}.json`) singles.push(number);
    else if (name === basename(blockPath(dataDir, partition, blockOf(number || 0))) && number === blockOf(number))
      blocks.push(number);
    else if (!isStaged(name)) others.push(name);
  }
  const ascending = (a: number, b: number) => a - b;
  return { singles: singles.sort(ascending), blocks: blocks.sort(ascending), others };
}

interface Range {
  readonly partition: number;
  readonly first: number;
  readonly last: number;
}

/** Blocks, and segments, those of blocks as well, in order: bytes are in both for a day. */
export async function manifestsOf(dataDir: string, { partition, first, last }: Range): Promise<SegmentManifest[]> {
  const names = await manifestNames(dataDir, partition);
  const found: (SegmentManifest | undefined)[] = [];
  for (const number of names.blocks)
    if (number + BLOCK_SEGMENTS > first && number <= last) found.push(await readBlock(dataDir, partition, number));
  for (const number of names.singles)
    if (number >= first && number <= last) found.push(await readSingle(dataDir, partition, number));
  return found.filter((manifest) => manifest !== undefined).sort((a, b) => a.number - b.number);
}

async function readBlockOf(dataDir: string, partition: number, number: number): Promise<SegmentManifest> {
  const block = await readBlock(dataDir, partition, blockOf(number));
  if (block !== undefined) return block;
  const path = segmentPath(dataDir, partition, number);
  throw new TributaryError('manifest_corrupt', `${path} is missing: the archive has a hole`);
}

interface SegmentPlace {
  readonly partition: number;
  readonly number: number;
  readonly to?: number;
}

function checkSegment(segment: SegmentManifest, path: string, { partition, number, to }: SegmentPlace): void {
  if (segment.partition !== partition || segment.number !== number || segment.to !== to)
    throw new TributaryError(
      'manifest_corrupt',
      `${path} names segment ${segment.number} of partition ${segment.partition}: files were swapped`,
    );
  const rows = segment.files.reduce((sum, file) => sum + file.rows, 0);
  if (rows !== segment.rows)
    throw new TributaryError('manifest_corrupt', `${path} counts ${segment.rows} rows, its files hold ${rows}`);
}

/** Segments `[from, before)` of a partition in order (all by default), blocks for the old ones, checked to be contiguous. */
export async function readSegments(dataDir: string, partition: number, from = 0, before?: number): Promise<SegmentManifest[]> {
  const end = before ?? (await lastSegmentNumber(dataDir, partition)) + 1;
  const segments: SegmentManifest[] = [];
  for (let number = from; number < end; ) {
    const segment = await readFrom(dataDir, partition, number, end);
    const previous = segments.at(-1);
    if (previous !== undefined && segment.after !== previous.upTo)
      throw new TributaryError(
        'manifest_corrupt',
        `segment ${number} of partition ${partition} starts after ${segment.after}, the one before it ends at ${previous.upTo}`,
      );
    segments.push(segment);
    number = (segment.to ?? number) + 1;
  }
  return segments;
}

export interface Since {
  /** Instant of an event. */
  readonly fromMs: number;
  /** How much later than the date of its manifest an event may lie. */
  readonly aheadMs: number;
  /** Segments from this one on are not looked at. */
  readonly before: number;
}

/**
 * The first segment that may have events since an instant, `before` where none may: all before it are older. A manifest is written after the entries
 * that it lists were taken, and later ones after it; one that was copied or written again is read though it need not be. Looks at the dates of
 * as many manifests as there are from there on, and one more, whose files must be as old as its date: a clock that was behind, or a copy, may have set that.
 */
export async function firstSince(dataDir: string, partition: number, { fromMs, aheadMs, before }: Since): Promise<number> {
  const { singles, blocks } = await manifestNames(dataDir, partition);
  const merged = new Set(blocks);
  const ranges = [
    ...blocks.map((first) => ({ first, end: first + BLOCK_SEGMENTS, path: blockPath(dataDir, partition, first) })),
    ...singles
      .filter((number) => !merged.has(blockOf(number)))
      .map((number) => ({ first: number, end: number + 1, path: segmentPath(dataDir, partition, number) })),
  ].sort((a, b) => b.end - a.end);
  for (const { first, end, path } of ranges) {
    if (end > before) continue;
    const latestMs = (await stat(path)).mtimeMs + aheadMs;
    if (latestMs < fromMs && isOlder(await readFrom(dataDir, partition, first, end), latestMs)) return end;
  }
  return 0;
}

/** One without files says nothing of when it was written. */
function isOlder({ files }: SegmentManifest, latestMs: number): boolean {
  const latest = dayOf(Math.max(0, latestMs));
  return files.length > 0 && files.every((file) => file.date <= latest);
}

/** The block that begins with this number, else the segment alone. */
async function readFrom(dataDir: string, partition: number, number: number, end: number): Promise<SegmentManifest> {
  if (number === blockOf(number) && number + BLOCK_SEGMENTS <= end) {
    const block = await readBlock(dataDir, partition, number);
    if (block !== undefined) return block;
  }
  const segment = await readSegment(dataDir, partition, number);
  if (segment.number === number && (segment.to ?? number) < end) return segment;
  throw new TributaryError(
    'manifest_corrupt',
    `segment ${number} of partition ${partition} was merged into a block: what was cut within it cannot be continued. Run a full generation`,
  );
}

/** Throws `log_recreated` unless the segment was read from this log. */
export function demandSameLog({ number, partition, logIdentity }: SegmentManifest, identity: string): void {
  if (logIdentity === identity) return;
  throw new TributaryError(
    'log_recreated',
    `segment ${number} of partition ${partition} was read from the log ${logIdentity}, this is ${identity}`,
  );
}

/** Writes a segment's manifest unless its number is taken: false means that another archiver was first. */
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
