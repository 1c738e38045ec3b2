/**
 * Retention by age: archived files whose events all happened before an instant leave their manifests, and go with the run after:
 *
 *   archive/retired.json says so ─▶ manifest after manifest without them ─▶ retired.json: done ─▶ next run: the files go
 *
 * Killed anywhere, it begins again: a manifest names such a file or does not, and each file that may still be read stays for a run. Ranges and numbers of
 * segments stay, so nothing that goes by positions notices. Generations keep what they computed of these events.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DAY_MS } from '@tributary/model/time';
import { removeDeadMarks, replaceManifest } from '../changes/unshared.ts';
import type { SegmentManifest } from '../layout.ts';
import { filesNamed, manifestsOf } from '../segments.ts';
import { type Age, copiedLater, isOlder, lastCounted, olderFiles, retirementLimit } from './plan.ts';
import { nextRequest, type RetirementRequest } from './requests.ts';
import { type Gone, type Retired, type RetirementOutcome, readRetired, writeRetired } from './retired.ts';

export interface RetireEvents {
  readonly dataDir: string;
  readonly nowMs: number;
  /** Files in one pass: the rest goes with the next run. */
  readonly mostFiles?: number;
  /** Passed after each step whose effect is durable: the points at which a process may die. */
  readonly reached?: (step: string) => void;
}

const MOST_FILES = 20_000;
/** Outcomes that are remembered. */
const MOST_OUTCOMES = 1_000;

const NONE = { files: 0, rows: 0, bytes: 0 };
const NOTHING: Retired = { before: null, upTo: [], replaced: [], replacing: [], soFar: NONE, outcomes: [] };

/** Whether there is anything to do: a request waits, or files of an earlier pass are still there. */
export async function isRetirementDue(dataDir: string): Promise<boolean> {
  const { outcomes, replaced, replacing } = (await readRetired(dataDir)) ?? NOTHING;
  return replaced.length + replacing.length > 0 || (await nextRequest(dataDir, outcomes.at(-1)?.number ?? 0)) !== null;
}

/** Only for who has the lock (alone.ts). null: no request was carried out to its end; one that is large takes several runs. */
export async function retireEvents({
  dataDir,
  nowMs,
  mostFiles = MOST_FILES,
  reached = () => {},
}: RetireEvents): Promise<RetirementOutcome | null> {
  const before = (await readRetired(dataDir)) ?? NOTHING;
  await removeDeadMarks(dataDir);
  await removeReplaced(dataDir, before.replaced);
  reached('removed');
  const request = await nextRequest(dataDir, before.outcomes.at(-1)?.number ?? 0);
  if (request === null) {
    // What a killed attempt took out of manifests goes with the next run.
    if (before.replaced.length + before.replacing.length > 0)
      await writeRetired(dataDir, { ...before, replaced: before.replacing, replacing: [] });
    return null;
  }
  const refused = await whyRefused(dataDir, request, nowMs);
  if (refused !== null) {
    // Earlier passes may have taken some, and one that was killed as well.
    const done = sumOf(before.soFar, await withoutName(dataDir, before.replacing));
    return end(dataDir, before, { ...askedIn(request), at: nowMs, ...done, refused }, before.replacing);
  }
  const age = { lasts: await lastCounted(dataDir), before: request.before };
  const copied = await copiedLater(dataDir, age);
  const { manifests, gone, isAll } = await goingNow(dataDir, age, copied, mostFiles);
  // What a killed attempt was about to take out may have come again since, and stays.
  const taken = await withoutName(dataDir, before.replacing);
  const replacing = [...new Map([...taken, ...gone].map((file) => [file.path, file])).values()];
  const begun = {
    ...before,
    before: Math.max(before.before ?? request.before, request.before),
    upTo: age.lasts.map((number, partition) => Math.max(number, before.upTo[partition] ?? -1)),
    replaced: [],
    replacing,
  };
  await writeRetired(dataDir, begun);
  reached('said');
  for (const manifest of manifests) {
    const files = manifest.files.filter(({ path, date }) => !isOlder(date, request.before) || copied.has(path));
    const rows = files.reduce((sum, file) => sum + file.rows, 0);
    await replaceManifest(dataDir, { ...manifest, files, rows });
    reached('named');
  }
  const soFar = sumOf(before.soFar, replacing);
  if (isAll) return end(dataDir, begun, { ...askedIn(request), at: nowMs, ...soFar }, replacing);
  await writeRetired(dataDir, { ...begun, replaced: replacing, replacing: [], soFar });
  return null;
}

function sumOf(soFar: Retired['soFar'], files: readonly Gone[]): Retired['soFar'] {
  return files.reduce(
    (sum, { rows, bytes }) => ({ files: sum.files + 1, rows: sum.rows + rows, bytes: sum.bytes + bytes }),
    soFar,
  );
}

async function end(
  dataDir: string,
  retired: Retired,
  outcome: RetirementOutcome,
  replaced: readonly Gone[],
): Promise<RetirementOutcome> {
  const outcomes = [...retired.outcomes, outcome].slice(-MOST_OUTCOMES);
  await writeRetired(dataDir, { ...retired, replaced: [...replaced], replacing: [], soFar: NONE, outcomes });
  return outcome;
}

function askedIn({ number, before, at, by, why }: RetirementRequest) {
  return { number, before, askedAt: at, by, ...(why !== undefined && { why }) };
}

/** Definitions or cuts may have changed since it was planned. */
async function whyRefused(dataDir: string, { before }: RetirementRequest, nowMs: number): Promise<string | null> {
  const limit = await retirementLimit(dataDir, nowMs);
  if (limit === null) return 'no generation is published';
  const { never, newestBefore, generation } = limit;
  if (never !== null || before <= newestBefore) return never;
  return `events must be older than ${Math.floor(nowMs / DAY_MS) - newestBefore / DAY_MS} days under the definitions of generation ${generation}, which is kept. Ask for older ones, or again when it is gone`;
}

/** Blocks before their segments: readers take the block. */
async function goingNow(dataDir: string, age: Age, copied: ReadonlySet<string>, mostFiles: number) {
  const manifests: SegmentManifest[] = [];
  const gone: Gone[] = [];
  for (const partition of age.lasts.keys()) {
    const own = await olderFiles(dataDir, partition, age, copied);
    for (const manifest of own.manifests) {
      if (gone.length >= mostFiles) return { manifests, gone, isAll: false };
      const paths = filesNamed(manifest);
      manifests.push(manifest);
      gone.push(...own.gone.filter(({ path }) => paths.has(path)));
    }
  }
  return { manifests, gone, isAll: true };
}

/** A repair or a restored copy may have brought a manifest back that names one: it stays then, for the next request. */
async function removeReplaced(dataDir: string, replaced: readonly Gone[]): Promise<void> {
  for (const { path } of await withoutName(dataDir, replaced)) await rm(join(dataDir, path), { force: true });
}

/** Those that no manifest names. */
async function withoutName(dataDir: string, files: readonly Gone[]): Promise<Gone[]> {
  const found: Gone[] = [];
  for (const [partition, own] of Map.groupBy(files, (file) => file.partition)) {
    const manifests = await manifestsOf(dataDir, { partition, first: 0, last: Number.POSITIVE_INFINITY });
    const named = new Set(manifests.flatMap((manifest) => [...filesNamed(manifest)]));
    found.push(...own.filter(({ path }) => !named.has(path)));
  }
  return found;
}
