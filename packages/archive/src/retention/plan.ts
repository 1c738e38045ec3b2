/** Which archived files are older than an instant, which of them must stay, and how old they must be at least. */

import { spanOf } from '@tributary/model/corrections';
import { type Definitions, storedDefinitions } from '@tributary/model/definitions';
import { TributaryError } from '@tributary/model/errors';
import { DAY_MS, dayOf } from '@tributary/model/time';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { recordRetentionMs } from '@tributary/views/record';
import { VIEWS } from '@tributary/views/registry';
import { retentionOf } from '@tributary/views/user-state';
import { correctedOtherwise } from '../compute/relations.ts';
import { findGeneration, readGeneration } from '../generations.ts';
import type { GenerationManifest, Publication, SegmentManifest } from '../layout.ts';
import { currentPublication } from '../publications.ts';
import { manifestsOf } from '../segments.ts';
import { type Gone, readRetired, retiredBefore } from './retired.ts';
import { type ByAge, sentAgain } from './sent-again.ts';

/** The days of a file are all before this day: `date` is a day, a month or a year, and UTC midnight of the day after its last one is at most `before`. */
export function isOlder(date: string, before: number): boolean {
  const [year = 0, month, day] = date.split('-').map(Number);
  const end =
    month === undefined ? Date.UTC(year + 1) : day === undefined ? Date.UTC(year, month) : Date.UTC(year, month - 1, day + 1);
  return end <= before;
}

/** UTC midnight at or before the instant. */
export function midnightOf(ms: number): number {
  return Math.floor(ms / DAY_MS) * DAY_MS;
}

/**
 * The newest instant that events may be retired before, UTC midnight, epoch ms. A speed layer that begins from nothing reads the archive as far back as
 * records and timelines are kept, so what is younger stays; a day is left for clocks. A platform that was off for long looks back from its last cut.
 */
export function newestBefore(
  { createdAt }: Pick<GenerationManifest, 'createdAt'>,
  definitions: Definitions,
  nowMs: number,
): number {
  return midnightOf(Math.min(nowMs, createdAt) - keptMs(definitions) - DAY_MS);
}

/** Why nothing may be retired under these definitions; null: it may. */
export function whyNever({ joinedMs }: Pick<Definitions, 'joinedMs'>): string | null {
  return joinedMs === null
    ? null
    : 'definitions must join no keys (identity) for archived events to be retired: links between keys of any age are read from them';
}

function keptMs(definitions: Definitions): number {
  return recordRetentionMs({ definitions, retention: retentionOf(VIEWS, definitions) });
}

/** From when on rows that are computed from nothing are whole, where the archive lacks events before `before`: what they look back on is there. */
export function wholeFrom(before: number, definitions: Definitions): number {
  return before + longMs(definitions);
}

/**
 * From when on the rows of a new generation are whole, epoch ms; undefined: all are. Asked after its files were listed, it holds for them. A base that an
 * older copy of the generations brought back goes on within what was retired.
 */
export async function wholeFromOf(dataDir: string, base: number | null, definitions: Definitions): Promise<number | undefined> {
  const { before = null, upTo = [] } = (await readRetired(dataDir)) ?? {};
  const manifest = base === null ? null : await readGeneration(dataDir, base);
  const wholeFromMs = manifest === null ? undefined : wholeUnder(manifest, definitions);
  const isBehind = upTo.some((last, partition) => (manifest?.lastSegment[partition] ?? -1) < last);
  if (before === null || !isBehind) return wholeFromMs;
  return Math.max(wholeFromMs ?? 0, wholeFrom(before, definitions));
}

/** From when on rows are whole that are computed of its events under these definitions, which may look back further than its own. */
export function wholeUnder(
  { wholeFromMs, definitions: own }: Pick<GenerationManifest, 'wholeFromMs' | 'definitions'>,
  definitions: Definitions,
): number | undefined {
  if (wholeFromMs === undefined) return undefined;
  const furtherMs = longMs(definitions) - longMs(storedDefinitions(own, sha256Hex));
  return wholeFromMs + Math.max(0, furtherMs);
}

function longMs(definitions: Definitions): number {
  return retentionOf(VIEWS, definitions).longMs;
}

/** Throws `conflict` where corrections changed of events that were retired: what they count as now cannot be known. */
export async function demandCorrectable(
  dataDir: string,
  base: GenerationManifest | null,
  definitions: Definitions,
): Promise<void> {
  const before = base === null ? null : await retiredBefore(dataDir);
  if (base === null || before === null) return;
  const [first] = correctedOtherwise(base, definitions);
  if (first === undefined || first.fromMs >= before) return;
  throw new TributaryError(
    'conflict',
    `corrections that changed must begin at ${dayOf(before)} or later (got ${dayOf(first.fromMs)}): older events were retired from the archive. Take that change back`,
  );
}

export interface Older {
  /** Manifests that name such a file, blocks before their segments. */
  readonly manifests: readonly SegmentManifest[];
  readonly gone: readonly Gone[];
}

export interface Age {
  /** The last segment of each partition that may be looked at: `lastCounted`. */
  readonly lasts: readonly number[];
  readonly before: number;
}

/**
 * Files older than `before` of one partition, up to the segment that the oldest kept generation was cut at: no run reads those before it again.
 * `copied`: paths of those that stay, as younger files have an event of theirs again.
 */
export async function olderFiles(
  dataDir: string,
  partition: number,
  { lasts, before }: Age,
  copied: ReadonlySet<string>,
): Promise<Older> {
  const last = lasts[partition] ?? -1;
  const all = await manifestsOf(dataDir, { partition, first: 0, last });
  const blocks = all.filter(({ to }) => to !== undefined);
  const goes = ({ path, date }: SegmentManifest['files'][number]) => isOlder(date, before) && !copied.has(path);
  const manifests = all.filter(({ files, to, number }) => (to ?? number) <= last && files.some(goes));
  const gone = manifests.flatMap((manifest) => {
    const isTwice =
      manifest.to === undefined && blocks.some(({ number, to = number }) => number <= manifest.number && manifest.number <= to);
    return manifest.files.filter(goes).map(({ path, rows, bytes }) => ({ path, partition, rows: isTwice ? 0 : rows, bytes }));
  });
  return { manifests, gone };
}

/** Files of each partition from which something would go. */
async function filesByAge(dataDir: string, age: Age, signal?: AbortSignal): Promise<ByAge[]> {
  const partitions: ByAge[] = [];
  for (const partition of age.lasts.keys()) {
    signal?.throwIfAborted();
    const older = (await olderFiles(dataDir, partition, age, new Set())).gone;
    if (older.length === 0) continue;
    const named = await manifestsOf(dataDir, { partition, first: 0, last: Number.POSITIVE_INFINITY });
    const younger = named.flatMap(({ files }) => files.filter(({ date }) => !isOlder(date, age.before)));
    partitions.push({ older, younger });
  }
  return partitions;
}

/**
 * Paths of older files that stay, as younger ones have an event of theirs again at another instant: a generation that is computed from nothing, and
 * training sets, would count that one. Reads the identities of all archived events of partitions from which something would go.
 */
export async function copiedLater(dataDir: string, age: Age): Promise<Set<string>> {
  return sentAgain(dataDir, await filesByAge(dataDir, age), age.before);
}

/** The last segment of each partition that every kept generation counts: what is later may be read again. Empty: nothing is published. */
export async function lastCounted(dataDir: string): Promise<readonly number[]> {
  const publication = await currentPublication(dataDir);
  if (publication === null) return [];
  let last: readonly number[] | undefined;
  for (const { lastSegment } of await keptGenerations(dataDir, publication))
    last = (last ?? lastSegment).map((number, partition) => Math.min(number, lastSegment[partition] ?? -1));
  return last ?? [];
}

/** What readers are given, and what they may be given again. One in the making has no cut yet, but its base is kept. */
export async function keptGenerations(dataDir: string, { generation, kept }: Publication): Promise<GenerationManifest[]> {
  const manifests: GenerationManifest[] = [];
  for (const one of new Set([generation, ...(kept?.generations ?? [])])) {
    const manifest = await findGeneration(dataDir, one);
    // One whose folder is lost is not served.
    if (manifest?.state === 'computed') manifests.push(manifest);
  }
  return manifests;
}

export interface RetirementLimit {
  /** The one that allows least. */
  readonly generation: number;
  /** Why nothing may be retired; null: it may. */
  readonly never: string | null;
  readonly newestBefore: number;
}

/**
 * What every kept generation allows: a rollback may serve any of them, and real time that begins from nothing looks back from where it was cut.
 * null: none that is computed is published.
 */
export async function retirementLimit(dataDir: string, nowMs: number): Promise<RetirementLimit | null> {
  const publication = await currentPublication(dataDir);
  if (publication === null) return null;
  let least: RetirementLimit | null = null;
  for (const manifest of await keptGenerations(dataDir, publication)) {
    const definitions = storedDefinitions(manifest.definitions, sha256Hex);
    const { generation } = manifest;
    const own = { generation, never: whyNever(definitions), newestBefore: newestBefore(manifest, definitions, nowMs) };
    if (own.never !== null) return own;
    if (least === null || own.newestBefore < least.newestBefore) least = own;
  }
  return least;
}

export interface RetirementPlan {
  /** Events that happened before this instant go, where all of their file did: UTC midnight, epoch ms. */
  readonly before: number;
  readonly files: number;
  readonly rows: number;
  readonly bytes: number;
  /** By month of the events, oldest first; years of files that hold one. */
  readonly months: readonly { readonly month: string; readonly rows: number }[];
  /** Older events that stay for now, as they share a file with younger ones, or came after the oldest kept generation. */
  readonly staying: {
    readonly files: number;
    readonly rows: number;
    /** Files of these that could go, but for an event that younger files have again; null: there are too many events for a plan, and the run looks. */
    readonly copied: number | null;
  };
  /** Corrections in force that begin earlier: they cannot change any more once these events are gone. */
  readonly corrections: readonly string[];
}

export interface RetirementDemand {
  readonly before: number;
  /** Those of the published generation. */
  readonly definitions: Definitions;
  readonly signal: AbortSignal;
}

/** That many are looked at in some seconds. */
const MOST_ROWS = 10_000_000;

function rowsOf(partitions: readonly ByAge[]): number {
  return partitions.flatMap(({ older, younger }) => [...older, ...younger]).reduce((sum, { rows }) => sum + rows, 0);
}

export async function planRetirement(
  dataDir: string,
  { before, definitions, signal }: RetirementDemand,
): Promise<RetirementPlan> {
  const age = { lasts: await lastCounted(dataDir), before };
  const byAge = await filesByAge(dataDir, age, signal);
  const copied = rowsOf(byAge) > MOST_ROWS ? null : await sentAgain(dataDir, byAge, before, signal);
  const months = new Map<string, number>();
  const total = { files: 0, rows: 0, bytes: 0 };
  const staying = { files: 0, rows: 0, copied: copied?.size ?? null };
  for (const partition of age.lasts.keys()) {
    signal.throwIfAborted();
    const own = await olderFiles(dataDir, partition, age, copied ?? new Set());
    const going = new Map(own.gone.map((file) => [file.path, file]));
    for (const { files } of await manifestsOf(dataDir, { partition, first: 0, last: Number.POSITIVE_INFINITY }))
      for (const { path, date, rows, bytes } of files) {
        const gone = going.get(path);
        if (gone !== undefined) {
          total.files++;
          total.bytes += bytes;
          total.rows += gone.rows;
          const month = date.slice(0, 7);
          months.set(month, (months.get(month) ?? 0) + gone.rows);
        } else if (Date.parse(`${date}${'-01'.repeat(3 - date.split('-').length)}`) < before) {
          staying.files++;
          staying.rows += rows;
        }
      }
  }
  return {
    before,
    ...total,
    months: [...months].map(([month, rows]) => ({ month, rows })).sort((a, b) => (a.month < b.month ? -1 : 1)),
    staying,
    corrections: definitions.corrections.filter((one) => spanOf(one).fromMs < before).map(({ name }) => name),
  };
}
