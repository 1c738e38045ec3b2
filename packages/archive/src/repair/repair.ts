/**
 * A data folder repaired from a second copy of it. Files of the archive and of generations never change, and each has a name that is given
 * once: so whatever bytes fit a manifest are the file, and whatever manifest fits between its neighbours is the segment. It may be from before
 * a user was erased, so what a search said of archived files is not taken for true afterwards.
 *
 *   copy ─▶ staging, digested on the way ─▶ held against the manifest ─▶ linked to its place; what was damaged goes to quarantine
 *
 * Files that were written again without erased users bear names that a copy from before does not know: such a segment is taken as it was then, with
 * its manifest, and loses these users once more after the next run.
 *
 * Files first, then the manifest that names them. Killed anywhere, the folder is as it was or better, and the same command goes on.
 * The platform may run meanwhile: of two that write one number the first counts, as between archivers.
 */
import { chmod, link, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { TributaryError } from '@tributary/model/errors';
import { DAY_MS } from '@tributary/model/time';
import { whyNoFolder } from '@tributary/runtime/config/unreadable';
import { dataPath } from '@tributary/runtime/data-folder/paths';
import { eventLogNote } from '@tributary/runtime/event-log/note';
import { archiveIdentity } from '@tributary/runtime/event-log/own-archive';
import { alone } from '../alone.ts';
import { type Audit, partitionsOf } from '../audit/audit.ts';
import { copyVerified } from '../audit/copy-verified.ts';
import { type Fault, isDamage } from '../audit/faults.ts';
import { fileFault } from '../audit/stored-file.ts';
import { replaceManifest } from '../changes/unshared.ts';
import { openDuckDb } from '../duckdb.ts';
import { createDurably, errorCode, linkExclusive, makeFolder, namesIn, syncFolder } from '../durable.ts';
import { type ArchiveForgotten, distrustSearch, readForgotten } from '../forgotten.ts';
import type { SegmentManifest, StoredFile } from '../layout.ts';
import { toJson } from '../manifest-file.ts';
import { isOlder } from '../retention/plan.ts';
import { retiredBefore } from '../retention/retired.ts';
import {
  BLOCK_SEGMENTS,
  blockPath,
  filesNamed,
  lastSegmentNumber,
  manifestNames,
  manifestPath,
  readBlock,
  readSegment,
  readSingle,
  segmentPath,
} from '../segments.ts';

/** A copy of which some files are there only after they are asked for. */
export interface PartOfCopy {
  /** Does nothing where the copy has no file of this name. Throws `invalid_query` where it has other bytes than it should. */
  fetch(path: string): Promise<void>;
  /** Removes what was fetched, so that the next file has room. */
  drop(path: string): Promise<void>;
}

export interface RepairPorts {
  readonly dataDir: string;
  /** The second copy: a data folder too. */
  readonly from: string;
  /** Where the copy is elsewhere: brings its files with rows there one by one, and takes them away again. Absent: they are there. */
  readonly part?: PartOfCopy;
  readonly nowMs: number;
  /** A name of this attempt alone. */
  readonly attempt: string;
  /** Says what could be brought back, and changes nothing. */
  readonly dryRun: boolean;
  readonly signal?: AbortSignal;
  readonly onFile?: (path: string) => void;
}

export interface Repair {
  /** Files and manifests that were brought back, or could be. */
  readonly repaired: readonly string[];
  /** What stays as it is, and why. */
  readonly left: readonly { readonly path: string; readonly detail: string }[];
}

/** Throws `invalid_query` where `from` cannot be a copy of this folder. */
export async function demandCopy(dataDir: string, from: string): Promise<void> {
  const wrong = (what: string) =>
    new TributaryError(
      'invalid_query',
      `from must be another copy of the data folder (got ${JSON.stringify(from)}: ${what}). Name one.`,
    );
  const [own, other] = await Promise.all([dataDir, from].map((path) => realpath(path).catch(() => undefined)));
  const noFolder = whyNoFolder(from);
  if (noFolder !== undefined) throw wrong(noFolder);
  if (other === undefined) throw wrong('it does not exist');
  if (own === other) throw wrong('it is this folder');
  if ((await partitionsOf(from)).length === 0) throw wrong(`nothing is in ${dataPath('', 'segments')}`);
  const logs = [dataDir, from].map((folder) => eventLogNote(folder, '', '').known);
  if (logs[0] !== null && logs[0] !== logs[1]) throw wrong(`it is of the log ${logs[1]}, the folder of ${logs[0]}`);
  const archives = await Promise.all([dataDir, from].map((folder) => archiveIdentity(folder).catch(() => null)));
  if (archives[0] != null && archives[1] != null && archives[0] !== archives[1])
    throw wrong(`its archive is ${archives[1]}, the one of the folder ${archives[0]}`);
}

/** `audit`: of the folder as it is. Also takes segments behind the newest one that the copy has. Aborted, it throws the reason between two files. */
export async function repairFrom(audit: Audit, ports: RepairPorts): Promise<Repair> {
  const { dataDir, from, nowMs, attempt } = ports;
  await removeOldAttempts(dataDir, nowMs);
  const staging = dataPath(dataDir, 'staging', `${STAGING}${attempt}`);
  const repaired: string[] = [];
  const left = new Map<string, string>();
  const work: Work = { ...ports, staging, repaired, left, logIdentity: audit.logIdentity };
  try {
    for (const fault of audit.faults) {
      if (!isDamage(fault)) continue;
      if (fault.class === 'behind') continue;
      if (fault.file !== undefined) {
        if (!(await bringFile(fault.file, work))) await bringOlder(fault, work);
      } else if (fault.segments !== undefined && fault.partition !== undefined)
        await bringSegments(fault.partition, fault.segments, fault, work);
      else left.set(fault.path, fault.detail);
    }
    for (const partition of await partitionsOf(from)) {
      const last = await lastSegmentNumber(dataDir, partition);
      await bringSegments(partition, { first: last + 1, last: Number.MAX_SAFE_INTEGER }, undefined, work);
    }
    for (const fault of audit.faults)
      if (fault.class === 'behind' && !(await reaches(dataDir, fault, work))) left.set(fault.path, fault.detail);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
  return { repaired, left: [...left].map(([path, detail]) => ({ path, detail })) };
}

const STAGING = 'repair-';

interface Work extends RepairPorts {
  readonly staging: string;
  readonly repaired: string[];
  /** By path. */
  readonly left: Map<string, string>;
  readonly logIdentity: string | null;
}

/** True when the file is there and sound afterwards, or could be. */
async function bringFile(file: StoredFile, work: Work): Promise<boolean> {
  const { dataDir, part, signal, onFile } = work;
  onFile?.(file.path);
  if ((await fileFault(dataDir, file, { quick: false, ...(signal && { signal }) })) === undefined) return true;
  if (part === undefined) return copyFile(file, work);
  try {
    await part.fetch(file.path);
    return await copyFile(file, work);
  } catch (error) {
    signal?.throwIfAborted();
    // It lacks this file, or has other bytes: others may be whole.
    if (!(error instanceof TributaryError && error.code === 'invalid_query')) throw error;
    work.left.set(file.path, error.message);
    return false;
  } finally {
    await part.drop(file.path);
  }
}

async function copyFile(file: StoredFile, work: Work): Promise<boolean> {
  const { dataDir, from, staging, dryRun, repaired, left, signal } = work;
  const depth = { quick: false, ...(signal && { signal }) };
  const theirs = await fileFault(from, file, { ...depth, quick: !dryRun });
  if (theirs !== undefined) {
    left.set(file.path, `in the second copy it ${theirs.detail}`);
    return false;
  }
  if (!dryRun) {
    const staged = join(staging, basename(file.path));
    const { bytes, sha256 } = await copyVerified(join(from, file.path), staged, signal);
    if (bytes !== file.bytes || sha256 !== file.sha256) {
      left.set(file.path, `in the second copy it has ${bytes} bytes with the SHA-256 ${sha256}`);
      return false;
    }
    await place(dataDir, staged, file.path);
  }
  repaired.push(file.path);
  return true;
}

/** A damaged file keeps its bytes in quarantine, and its name until the sound one takes it. */
async function place(dataDir: string, staged: string, path: string): Promise<void> {
  const target = join(dataDir, path);
  await makeFolder(dirname(target));
  if (await linkExclusive(staged, target)) {
    // The second name goes before another file is staged under it: it would write into this one.
    await rm(staged);
    return;
  }
  await setAside(dataDir, path);
  await rename(staged, target);
  await syncFolder(dirname(target));
}

async function setAside(dataDir: string, path: string): Promise<void> {
  const folder = dataPath(dataDir, 'quarantine');
  await makeFolder(folder);
  const aside = join(folder, path.replaceAll('/', '__'));
  try {
    if ((await stat(join(dataDir, path))).isFile()) await link(join(dataDir, path), aside);
    else await rename(join(dataDir, path), aside);
  } catch (error) {
    // It was set aside before, or is gone.
    if (!['EEXIST', 'ENOENT', 'ELOOP'].includes(errorCode(error) ?? '')) throw error;
    if (errorCode(error) === 'ELOOP') await rm(join(dataDir, path), { force: true });
  }
}

/** Segments of a range that the copy has. `fault`: what they are missing for; undefined: they follow the newest one. */
async function bringSegments(
  partition: number,
  range: { readonly first: number; readonly last: number },
  fault: Fault | undefined,
  work: Work,
): Promise<void> {
  const { from, left } = work;
  const within = (number: number) => number >= range.first && number <= range.last;
  const { singles, blocks } = await manifestNames(from, partition).catch(() => ({ singles: [], blocks: [] }));
  // A block of the copy may stand for segments that were not merged here.
  const blocksOfRange = blocks.filter((first) => within(first) || (first <= range.first && range.first < first + BLOCK_SEGMENTS));
  const numbers = [...new Set([...singles.filter(within), ...blocksOfRange])].sort((a, b) => a - b);
  let expected = range.first;
  for (const number of numbers) {
    if (number > expected) break;
    if (number < expected && !blocksOfRange.includes(number)) continue;
    const segment = await segmentOf(from, partition, number, blocksOfRange.includes(number));
    if (segment === undefined || !(await bringSegment(segment, work))) break;
    expected = (segment.to ?? segment.number) + 1;
  }
  if (fault === undefined) return;
  if (expected > range.last) await removeDamaged(fault, work);
  else if (!left.has(fault.path)) left.set(fault.path, `the second copy has no manifest of segment ${expected} that fits`);
}

/** A block that is damaged stands in the way of its segments, which are all there. */
async function removeDamaged(
  { class: name, partition, segments, path }: Fault,
  { dataDir, dryRun, repaired }: Work,
): Promise<void> {
  if (name !== 'manifest' || partition === undefined || segments === undefined || segments.first === segments.last) return;
  if (repaired.includes(path) || (await segmentOf(dataDir, partition, segments.first, true)) !== undefined) return;
  if (!dryRun) await setAside(dataDir, path);
  if (!dryRun) await rm(join(dataDir, path), { force: true });
  repaired.push(path);
}

async function segmentOf(
  from: string,
  partition: number,
  number: number,
  isBlock: boolean,
): Promise<SegmentManifest | undefined> {
  try {
    return isBlock ? await readBlock(from, partition, number) : await readSingle(from, partition, number);
  } catch {
    return undefined;
  }
}

async function bringSegment(segment: SegmentManifest, work: Work): Promise<boolean> {
  const { dataDir, dryRun, repaired, left, logIdentity, signal } = work;
  const { partition, number, to, upTo } = segment;
  const path = to === undefined ? segmentPath('', partition, number) : blockPath('', partition, number);
  signal?.throwIfAborted();
  const objection = await misfit(segment, dataDir);
  if (objection !== undefined || (logIdentity !== null && segment.logIdentity !== logIdentity)) {
    left.set(path, `the manifest of the second copy ${objection ?? `is of the log ${segment.logIdentity}`}`);
    return false;
  }
  // Before the first of its files: no manifest names it where others are damaged, or this is killed.
  if (!dryRun) await distrustSearch(dataDir);
  if (!(await bringFilesOf(segment, work))) return false;
  const target = join(dataDir, path);
  const there = await segmentOf(dataDir, partition, number, to !== undefined);
  if (there !== undefined) return there.upTo === upTo;
  if (!dryRun && !(await putManifest(target, path, segment, work))) return false;
  if (!dryRun) await chmod(target, 0o600);
  repaired.push(path);
  return true;
}

async function bringFilesOf(segment: SegmentManifest, work: Work): Promise<boolean> {
  for (const file of [...segment.files, ...(segment.dead === null ? [] : [segment.dead])])
    if (!(await bringFile(file, work))) return false;
  return true;
}

/** The segment of a file that the copy lacks, as it was before its files were written again. */
async function bringOlder({ partition, segments, file, path }: Fault, work: Work): Promise<void> {
  const { dataDir, from, dryRun, repaired, left } = work;
  if (partition === undefined || segments === undefined || file === undefined) return;
  const isBlock = segments.first !== segments.last;
  const newer = await segmentOf(dataDir, partition, segments.first, isBlock);
  // Another file of the segment was lost too, and brought it back.
  if (newer !== undefined && !filesNamed(newer).has(path)) return void left.delete(path);
  const copied = await segmentOf(from, partition, segments.first, isBlock);
  if (newer === undefined || copied === undefined || filesNamed(copied).has(path)) return;
  const older = withoutRetired(copied, newer, await retiredBefore(dataDir));
  if (!isBefore(older, newer) || !(await knowsAllOf(dataDir, from))) return;
  const manifest = manifestPath('', older);
  if (!repaired.includes(manifest)) {
    if (!(dryRun ? await bringFilesOf(older, work) : await replaceAlone(path, newer, older, work))) return;
    repaired.push(manifest);
  }
  left.delete(path);
}

/** What retention by age took out stays out. */
function withoutRetired(older: SegmentManifest, newer: SegmentManifest, before: number | null): SegmentManifest {
  const dates = new Set(newer.files.map(({ date }) => date));
  const files = older.files.filter(({ date }) => dates.has(date) || before === null || !isOlder(date, before));
  return { ...older, files, rows: files.reduce((sum, file) => sum + file.rows, 0) };
}

/** Only rows of erased users go. Whom a copy with fewer rows lacks, this folder may not know (`knowsAllOf`). */
function isBefore(older: SegmentManifest, newer: SegmentManifest): boolean {
  const isSame = older.logIdentity === newer.logIdentity && older.after === newer.after && older.upTo === newer.upTo;
  return isSame && older.rows >= newer.rows && older.deadRows >= newer.deadRows;
}

/** Whether all whom files of the copy may lack are known here: not where it went its own way, and lost other users. */
async function knowsAllOf(dataDir: string, from: string): Promise<boolean> {
  const [own, theirs] = await Promise.all([dataDir, from].map(readForgotten));
  const known = new Set(usersOf(own));
  return usersOf(theirs).every((digest) => known.has(digest));
}

function usersOf(forgotten: ArchiveForgotten | undefined): string[] {
  return forgotten === undefined ? [] : [...forgotten.erased, ...Object.keys(forgotten.lifted)];
}

/** False: the segment stays as it is, for `path` too, as `left` says. Where this is killed, files that no manifest names yet may hold erased users. */
async function replaceAlone(path: string, newer: SegmentManifest, older: SegmentManifest, work: Work): Promise<boolean> {
  const { dataDir, staging, left, signal } = work;
  const stays = (why: string) => void left.set(path, `in the second copy it has another name, and its segment stays: ${why}`);
  const session = await openDuckDb({ memoryLimit: '64MiB', threads: 1, tempDir: join(staging, 'spill') });
  let isAlone = false;
  try {
    return await alone(session, { dataDir, staging }, async () => {
      isAlone = true;
      const now = await segmentOf(dataDir, newer.partition, newer.number, newer.to !== undefined);
      if (now === undefined || toJson(now) !== toJson(newer)) {
        stays('a run replaced it meanwhile');
        return false;
      }
      await distrustSearch(dataDir);
      if (!(await bringFilesOf(older, work))) return false;
      await replaceManifest(dataDir, older);
      return true;
    });
  } catch (error) {
    signal?.throwIfAborted();
    if (isAlone) throw error;
    stays((error as Error).message);
    return false;
  } finally {
    await session.close();
  }
}

/** A damaged one bears the name; another process that writes it meanwhile is right as well: what stands there then is read again. */
async function putManifest(target: string, path: string, segment: SegmentManifest, { dataDir }: Work): Promise<boolean> {
  if (await createDurably(target, toJson(segment))) return true;
  const { partition, number, to, upTo } = segment;
  const there = await segmentOf(dataDir, partition, number, to !== undefined);
  if (there !== undefined) return there.upTo === upTo;
  await setAside(dataDir, path);
  await rm(target, { force: true });
  return createDurably(target, toJson(segment));
}

/** Whether it does not lie where its neighbours end and begin. undefined: it does, as far as they are there. */
async function misfit({ partition, number, to, after, upTo }: SegmentManifest, dataDir: string): Promise<string | undefined> {
  const neighbour = (at: number) => readSegment(dataDir, partition, at).catch(() => undefined);
  const last = to ?? number;
  const before = number === 0 ? null : await neighbour(number - 1);
  const isNext = before === null || (before !== undefined && (before.to ?? before.number) === number - 1);
  if (isNext && after !== (before?.upTo ?? null))
    return `begins after ${after ?? 'nothing'}, where the segment before it ends at ${before?.upTo ?? 'nothing'}`;
  const behind = await neighbour(last + 1);
  if (behind === undefined || behind.number !== last + 1 || behind.after === upTo) return undefined;
  return `ends at ${upTo}, where the segment after it begins after ${behind.after}`;
}

/** Whether the archive reaches what a generation counts, by now. */
async function reaches(dataDir: string, { segments, partition }: Fault, { dryRun }: Work): Promise<boolean> {
  if (segments === undefined || partition === undefined) return false;
  return dryRun || (await lastSegmentNumber(dataDir, partition)) >= segments.last;
}

async function removeOldAttempts(dataDir: string, nowMs: number): Promise<void> {
  for (const name of await namesIn(dataPath(dataDir, 'staging'))) {
    if (!name.startsWith(STAGING)) continue;
    const folder = dataPath(dataDir, 'staging', name);
    const written = await stat(folder).catch(() => undefined);
    if (written !== undefined && nowMs - written.mtimeMs > DAY_MS) await rm(folder, { recursive: true, force: true });
  }
}
