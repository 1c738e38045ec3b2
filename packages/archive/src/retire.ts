/**
 * Retirement: old generations lose their files, never a file that a kept manifest names. The newest thousand of their
 * manifests stay; each run reads all manifests, so there is a bound. The newest publication lists what is kept (publications.ts), so that
 * no process publishes what is being removed.
 */
import { rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { TributaryError } from '@tributary/model/errors';
import { namesIn, syncFolder } from './durable.ts';
import {
  filesOfGeneration,
  findGeneration,
  generationFolder,
  listGenerations,
  readGeneration,
  writeGeneration,
} from './generations.ts';
import type { GenerationManifest, KeptGenerations, Publication } from './layout.ts';
import { currentPublication, isKept, publish, reachedBy, removePublications } from './publications.ts';
import { stagedOf, waitingSinceMs } from './staged.ts';

export interface Retirement {
  /** Generations that were retired now, ascending. */
  readonly retired: readonly number[];
  /** The oldest generation that can still be published: deltas below it are no longer needed. 0: nothing is published. */
  readonly oldestKept: number;
  readonly freedBytes: number;
}

/** Older computed generations that stay beside the newest ones, so that a rollback reaches further back. */
export interface KeptByAge {
  /** Computed at this instant or later, epoch ms. */
  readonly since: number;
  /** Files that all kept computed generations name, each counted once: the next older one stays while it and they have no more bytes. */
  readonly mostBytes: number;
}

/**
 * The list that a publication of `generation` leaves: it, the one that readers take until then, the newest `keepLast` computed ones, those
 * that stay `byAge`, and what is being computed on top of them with its base.
 */
export async function keptWith(
  dataDir: string,
  generation: number,
  keepLast: number,
  byAge?: KeptByAge,
): Promise<KeptGenerations> {
  const before = await currentPublication(dataDir);
  return listOf(await readManifests(dataDir), before, generation, keepLast, byAge);
}

/** As `waitingSinceMs`, of a folder. */
export async function readWaitingSinceMs(dataDir: string): Promise<number | null> {
  return waitingSinceMs(await readManifests(dataDir), await currentPublication(dataDir));
}

export interface DiscardDraft {
  /** The staged generation. */
  readonly generation: number;
  readonly at: number;
  readonly by: string;
  readonly why?: string;
}

/**
 * Gives a staged generation up: no later publication can name it, and the next retirement removes its files. Readers keep what they have.
 * Throws `conflict` when it is not one that waits, or when another process published since `expectedSequence`. `above`: as `publish`.
 */
export async function discardStaged(
  dataDir: string,
  expectedSequence: number,
  draft: DiscardDraft,
  above = 0,
): Promise<Publication> {
  const { generation, ...said } = draft;
  const before = await currentPublication(dataDir);
  const manifests = await readManifests(dataDir);
  const waits = manifests.find((m) => m.generation === generation);
  if (before === null)
    throw new TributaryError(
      'conflict',
      `generation ${generation} cannot be discarded before anything is published: publish it, or compute another one (POST /v1/generations)`,
    );
  if (waits === undefined || stagedOf([waits], before) === null)
    throw new TributaryError(
      'conflict',
      `generation ${generation} must be staged to be discarded: computed with a promotion that waits`,
    );
  const { sequence: _, fileSeen: __, why: ___, discarded: ____, engineDefectRows: _____, notCompared: ______, ...again } = before;
  const kept = listWithout(manifests, before, generation);
  return publish(dataDir, expectedSequence, { ...again, ...said, discarded: generation, kept }, above);
}

/**
 * No later publication can name the generation, wherever a process is that has just read that it may: what readers get is published once more, and lists all
 * others. Nothing before the first publication. False: readers get this generation, or another process published meanwhile. `above`: as `publish`.
 */
export async function giveUp(dataDir: string, generation: number, above = 0): Promise<boolean> {
  const newest = await currentPublication(dataDir);
  if (newest?.generation === generation) return false;
  if (newest === null || !isKept(generation, newest.kept)) return true;
  // Its folder is lost: it cannot be published once more.
  if ((await findGeneration(dataDir, newest.generation))?.state !== 'computed') return true;
  const kept = listWithout(await readManifests(dataDir), newest, generation);
  return (await publishAgain(dataDir, newest, kept, above)) !== null;
}

/** With another list of what is kept; null: another process published meanwhile. */
async function publishAgain(
  dataDir: string,
  { sequence, fileSeen: _, ...again }: Publication,
  kept: KeptGenerations,
  above: number,
): Promise<Publication | null> {
  try {
    return await publish(dataDir, sequence, { ...again, kept }, above);
  } catch (error) {
    if (error instanceof TributaryError && error.code === 'conflict') return null;
    throw error;
  }
}

/** What is newer than the list may be published: the one that is left out must not be newer than it. */
function listWithout(manifests: readonly GenerationManifest[], before: Publication, generation: number): KeptGenerations {
  const others = manifests.filter((m) => m.generation !== generation);
  const { upTo, generations } = listOf(others, before, before.generation, Number.POSITIVE_INFINITY);
  return { upTo: Math.max(upTo, generation), generations };
}

/**
 * Removes what the newest publication does not keep. Where that keeps more than `keepLast` asks for, as under a hold, it is first
 * published again with a shorter list. `above`: as `publish`.
 */
export async function retireGenerations(dataDir: string, keepLast: number, above = 0, byAge?: KeptByAge): Promise<Retirement> {
  if (keepLast < 1) throw new RangeError(`keepLast must be at least 1 (got ${keepLast}). Raise it.`);
  const manifests = await readManifests(dataDir);
  const newest = await shortened(dataDir, manifests, { keepLast, byAge }, above);
  if (newest?.kept === undefined) return { retired: [], oldestKept: 0, freedBytes: 0 };
  const { kept } = newest;
  const oldestKept = Math.min(...kept.generations);
  // One that never was computed cannot be published; while it is newer than a kept one it may still be.
  const isGone = (m: GenerationManifest) =>
    m.generation < oldestKept || (!isKept(m.generation, kept) && (m.state === 'computed' || m.state === 'retired'));
  const named = new Set(manifests.filter((m) => !isGone(m)).flatMap(filesNamed));
  const retired: number[] = [];
  let freedBytes = 0;
  for (const manifest of manifests.filter(isGone)) {
    // The state first: readers learn that it is gone before its files go.
    if (manifest.state !== 'retired') {
      await writeGeneration(dataDir, { ...manifest, state: 'retired' });
      retired.push(manifest.generation);
    }
    freedBytes += await removeUnnamed(dataDir, manifest.generation, named);
  }
  await forget(dataDir, manifests.filter(isGone), named);
  await removePublications(dataDir, newest.sequence - REMEMBERED);
  return { retired, oldestKept, freedBytes };
}

/** How many retired generations and how many publications keep their manifests: ten days of them, at four an hour. */
const REMEMBERED = 1_000;

/** Removes what is left of generations that were retired long ago, unless a newer one still builds on their files. */
async function forget(dataDir: string, gone: readonly GenerationManifest[], named: ReadonlySet<string>): Promise<void> {
  const folders = new Set([...named].map((path) => dirname(path)));
  for (const { generation } of gone.slice(0, Math.max(0, gone.length - REMEMBERED))) {
    const folder = generationFolder(generation);
    if (!folders.has(folder)) await rm(join(dataDir, folder), { recursive: true, force: true });
  }
}

/** The newest publication, published again if it keeps more than is asked for; null when there is none, or another process publishes meanwhile. */
async function shortened(
  dataDir: string,
  manifests: readonly GenerationManifest[],
  { keepLast, byAge }: { readonly keepLast: number; readonly byAge: KeptByAge | undefined },
  above: number,
): Promise<Publication | null> {
  const newest = await currentPublication(dataDir);
  if (newest === null) return null;
  // Its folder is lost: it cannot be published once more, and what it lists is kept until another one is published.
  if ((await findGeneration(dataDir, newest.generation))?.state !== 'computed') return newest;
  const wanted = listOf(manifests, newest, newest.generation, keepLast, byAge);
  const tooMany = manifests.some(
    (m) => m.state === 'computed' && isKept(m.generation, newest.kept) && !isKept(m.generation, wanted),
  );
  if (newest.kept !== undefined && !tooMany) return newest;
  return publishAgain(dataDir, newest, wanted, above);
}

function listOf(
  manifests: readonly GenerationManifest[],
  before: Publication | null,
  generation: number,
  keepLast: number,
  byAge?: KeptByAge,
): KeptGenerations {
  const publishable = manifests.filter((m) => m.state !== 'computed' || isKept(m.generation, before?.kept));
  const staged = stagedOf(manifests, {
    generation,
    reached: reachedBy(before),
    ...(before?.kept !== undefined && { kept: before.kept }),
  });
  const pinned = [generation, ...(before === null ? [] : [before.generation]), ...(staged === null ? [] : [staged.generation])];
  const aged = byAge === undefined ? [] : keptByAge(publishable, pinned, keepLast, byAge);
  const kept = keptGenerations(publishable, [...pinned, ...aged], keepLast);
  return { upTo: Math.max(...kept), generations: [...kept].sort((a, b) => a - b) };
}

/** Pure: which older ones stay by age, the newest first: without a gap, as the deltas behind the oldest are kept for all of them. */
export function keptByAge(
  manifests: readonly GenerationManifest[],
  pinned: readonly number[],
  keepLast: number,
  { since, mostBytes }: KeptByAge,
): number[] {
  const computed = manifests.filter((m) => m.state === 'computed').sort((a, b) => b.generation - a.generation);
  const counted = new Set<string>();
  let total = 0;
  const addFiles = (manifest: GenerationManifest) => {
    for (const { path, bytes } of filesOfGeneration(manifest)) {
      if (!counted.has(path)) total += bytes;
      counted.add(path);
    }
  };
  const stays = new Set([...computed.slice(0, keepLast).map(({ generation }) => generation), ...pinned]);
  for (const manifest of computed.filter(({ generation }) => stays.has(generation))) addFiles(manifest);
  const isYoung = ({ computedAt }: GenerationManifest) => (computedAt ?? 0) >= since;
  // One whose clock was behind seems older than it is: the youngest below it says how far back all of them stay.
  const oldest = computed.findLast(isYoung)?.generation ?? Number.POSITIVE_INFINITY;
  const aged: number[] = [];
  for (const manifest of computed.filter(({ generation }) => !stays.has(generation))) {
    if (manifest.generation < oldest) break;
    addFiles(manifest);
    if (total > mostBytes) break;
    aged.push(manifest.generation);
  }
  return aged;
}

/** Pure: which generations stay. */
export function keptGenerations(
  manifests: readonly Pick<GenerationManifest, 'generation' | 'state' | 'base'>[],
  pinned: readonly number[],
  keepLast: number,
): Set<number> {
  const computed = manifests.filter((m) => m.state === 'computed').map((m) => m.generation);
  const kept = new Set([...computed.sort((a, b) => a - b).slice(-keepLast), ...pinned]);
  // A pending one older than all that is kept can no longer be published: it pins nothing.
  const oldest = Math.min(...kept);
  for (const m of manifests) {
    if (m.state !== 'pending' || m.generation < oldest) continue;
    kept.add(m.generation);
    if (m.base !== null && computed.includes(m.base)) kept.add(m.base);
  }
  return kept;
}

async function readManifests(dataDir: string): Promise<GenerationManifest[]> {
  const manifests: GenerationManifest[] = [];
  for (const number of await listGenerations(dataDir)) manifests.push(await readGeneration(dataDir, number));
  return manifests;
}

function filesNamed(manifest: GenerationManifest): string[] {
  return filesOfGeneration(manifest).map((file) => file.path);
}

async function removeUnnamed(dataDir: string, generation: number, named: ReadonlySet<string>): Promise<number> {
  const folder = generationFolder(generation);
  let freedBytes = 0;
  for (const name of await namesIn(join(dataDir, folder))) {
    const path = `${folder}/${name}`;
    // A manifest in the making, of another coordinator, starts with a dot.
    if (name === 'manifest.json' || name.startsWith('.') || named.has(path)) continue;
    // Another coordinator may be removing the same.
    const found = await stat(join(dataDir, path)).catch(() => undefined);
    await rm(join(dataDir, path), { recursive: true, force: true });
    freedBytes += found?.size ?? 0;
  }
  if (freedBytes > 0) await syncFolder(join(dataDir, folder));
  return freedBytes;
}
