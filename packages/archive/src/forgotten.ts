/**
 * Whose events archived files may lack, as they were erased: written before the first file is written again without them. A generation that is
 * computed from nothing, and a speed layer that begins from nothing, refuse by it what the records of the erasures no longer say.
 */
import { dataPath } from '@tributary/runtime/data-folder/paths';
import { z } from 'zod';
import { writeDurably } from './durable.ts';
import type { GenerationManifest, SegmentManifest } from './layout.ts';
import { readManifest, toJson } from './manifest-file.ts';

const Replaced = z.object({ path: z.string(), partition: z.int().min(0), after: z.string().nullable() });

const Forgotten = z.object({
  /** What it says of users is what this generation says: the oldest one that was kept. */
  generation: z.int().min(1),
  erased: z.array(z.string()),
  lifted: z.record(z.string(), z.object({ position: z.string(), entryIndex: z.int().min(0) })),
  /** Messages that withdraw what erased keys had lent, up to its cut: files lose that too. Absent: none. */
  withdrawn: z.int().min(1).exactOptional(),
  /** Those of the generation: files of the segments up to its last ones are written again. */
  lastSegment: z.array(z.int().min(-1)),
  cut: z.array(z.string()),
  /** When a search found no row, and no record, of these users in any of these files, epoch ms; null: they may hold some. */
  searchedAt: z.int().nullable(),
  /** Records that are not events are written again too; absent: a version wrote this that left them. */
  ofDead: z.literal(true).exactOptional(),
  /** `erased` is of the cut; absent: a restore added to them, or a version wrote this that did not say so. A lift may lie before the cut then. */
  ofCut: z.literal(true).exactOptional(),
  /**
   * Files that others took the place of, which hold these users and stay until the next run: who has the list of before reads them. `after`: where
   * the segment of each begins.
   */
  replaced: z.array(Replaced).exactOptional(),
  /** What an attempt that has not ended replaces: where it is killed, these stay until the run after the next one. */
  replacing: z.array(Replaced).exactOptional(),
  /** Redis is to write its files again once the log is trimmed up to here, by partition: they hold what it has let go of. Empty: they need not. */
  redisDue: z.array(z.string()).exactOptional(),
  /** When Redis was last asked to, epoch ms; absent: it never was. */
  redisFilesAt: z.int().exactOptional(),
  /**
   * Users whom a restore found erased since: what they had lent to other keys is in files up to these ends of partitions, and what withdrew it may not be.
   * It goes from them, and from who reads them. Absent: none.
   */
  lent: z.object({ digests: z.array(z.string()), upTo: z.array(z.string()) }).exactOptional(),
  /**
   * Where keys are joined: what withdraws events from users who go from files themselves, by digests, as rows of these say so and go with them.
   * `from`: by partition, the cut up to which a version before this one wrote files again, and noted none. Absent: such a version wrote this.
   */
  heard: z
    .object({
      from: z.array(z.string()),
      withdrawals: z.array(z.object({ of: z.string(), to: z.string(), version: z.string() })),
    })
    .exactOptional(),
  /** By digest, the partitions in which files had something of the user, the record among it; absent: it is not known. */
  partitions: z.record(z.string(), z.array(z.int().min(0))).exactOptional(),
});
export type ArchiveForgotten = z.output<typeof Forgotten>;

/** No event of an entry has a greater place: columns are of 32 bits. */
const LAST_INDEX = 2 ** 31 - 1;

/** Behind every position: a restore does not know where the record of an erasure lies, if the log has one at all. */
export const UNKNOWN_CUT = '~';

/** undefined: no file was ever written again. */
export function readForgotten(dataDir: string): Promise<ArchiveForgotten | undefined> {
  return readManifest(dataPath(dataDir, 'archiveForgotten'), Forgotten);
}

export async function writeForgotten(dataDir: string, forgotten: ArchiveForgotten): Promise<void> {
  await writeDurably(dataPath(dataDir, 'archiveForgotten'), toJson(forgotten));
}

/** Those whom a partition that begins from nothing refuses. */
export async function erasedBefore(dataDir: string, partition: number): Promise<readonly string[]> {
  const forgotten = await readForgotten(dataDir);
  return forgotten === undefined ? [] : erasedOf(forgotten, partition);
}

function erasedOf({ erased, partitions = {} }: ArchiveForgotten, partition: number): readonly string[] {
  return erased.filter((digest) => partitions[digest]?.includes(partition) ?? true);
}

/** Whom a state that is older than these files may still have. */
export interface ErasedBehind {
  /** Those whom it is to refuse. */
  readonly erased: readonly string[];
  /** By digest, up to which position nothing counts: a lift lies there. */
  readonly lifted: Readonly<Record<string, string>>;
  /** Up to there, whatever log and archive give of the erased, they are erased in the end; "": that is not known. */
  readonly upTo: string;
}

/** null: a state at this position knows what files of the partition lack, as it has read on to where they lack it. */
export async function erasedBehind(dataDir: string, partition: number, position: string): Promise<ErasedBehind | null> {
  const forgotten = await readForgotten(dataDir);
  if (forgotten === undefined || position >= (forgotten.cut[partition] ?? '')) return null;
  const later = Object.entries(forgotten.lifted).filter(([, place]) => place.position > position);
  return {
    erased: erasedOf(forgotten, partition),
    lifted: Object.fromEntries(later.map(([digest, place]) => [digest, place.position])),
    upTo: forgotten.ofCut === true ? (forgotten.cut[partition] ?? '') : '',
  };
}

/**
 * Puts the cut of a generation in place of one that a restore did not know. Call it before the generation is there: only then can users be lifted, and
 * every state that has read up to this cut was loaded with the list.
 */
export async function settleForgotten(dataDir: string, { cut }: Pick<GenerationManifest, 'cut'>): Promise<void> {
  const forgotten = await readForgotten(dataDir);
  if (forgotten?.cut.includes(UNKNOWN_CUT) !== true) return;
  const settled = forgotten.cut.map((known, partition) => (known === UNKNOWN_CUT ? (cut[partition] ?? known) : known));
  await writeForgotten(dataDir, { ...forgotten, cut: settled });
}

/** Files came from a second copy, which may still have these users: all are looked at again. */
export async function distrustSearch(dataDir: string): Promise<void> {
  const forgotten = await readForgotten(dataDir);
  if (forgotten !== undefined && forgotten.searchedAt !== null) await writeForgotten(dataDir, { ...forgotten, searchedAt: null });
}

/**
 * Up to which place nothing counts of the users whose events files of the segment may still have: files are written again one after the other, and who
 * does it may die in between. null: they have none.
 */
export async function leftToGo(
  dataDir: string,
  { partition, number }: Pick<SegmentManifest, 'partition' | 'number'>,
): Promise<Pick<ArchiveForgotten, 'lifted' | 'lent'> | null> {
  const forgotten = await readForgotten(dataDir);
  if (forgotten === undefined || forgotten.searchedAt !== null || number > (forgotten.lastSegment[partition] ?? -1)) return null;
  // A block may go on behind the cut, where a lift may lie.
  const cut = { position: forgotten.cut[partition] ?? '', entryIndex: LAST_INDEX };
  const { erased, lifted, lent } = forgotten;
  return { lifted: { ...Object.fromEntries(erased.map((digest) => [digest, cut])), ...lifted }, ...(lent && { lent }) };
}

/** Whether archived files behind its cut may lack records of erasures and lifts that the generation does not know: no other says it of its users. */
export async function lacksErasures(dataDir: string, { lastSegment, erased, lifted = {} }: GenerationManifest): Promise<boolean> {
  const forgotten = await readForgotten(dataDir);
  if (forgotten?.lastSegment.some((last, partition) => last > (lastSegment[partition] ?? -1)) !== true) return false;
  const known = new Set(erased);
  const isKnown = ([digest, { position, entryIndex }]: [string, ArchiveForgotten['lifted'][string]]) =>
    lifted[digest]?.position === position && lifted[digest].entryIndex === entryIndex;
  return forgotten.erased.some((digest) => !known.has(digest)) || !Object.entries(forgotten.lifted).every(isKnown);
}

/** What a generation from nothing goes by. */
export async function forgottenOf(dataDir: string): Promise<Pick<ArchiveForgotten, 'erased' | 'lifted' | 'lent'> | undefined> {
  const { erased, lifted, lent } = (await readForgotten(dataDir)) ?? {};
  return erased && lifted && { erased, lifted, ...(lent && { lent }) };
}
