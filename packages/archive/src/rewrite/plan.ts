/**
 * Whether archived files are to be written again without users who were erased. Only once every generation that is kept knows of them: one from
 * before, built upon after a rollback, would need the record of the erasure, and go on with the user without it.
 */
import { type ArchiveForgotten, readForgotten } from '../forgotten.ts';
import { findGeneration } from '../generations.ts';
import type { GenerationManifest } from '../layout.ts';
import { currentPublication } from '../publications.ts';

export interface RewritePlan {
  readonly forgotten: ArchiveForgotten;
  /** What the attempt before left; absent: there was none. */
  readonly before?: ArchiveForgotten | undefined;
  /** The first segment of each partition that is to be looked at: those before hold nothing of these users. */
  readonly from: readonly number[];
  /** Digests of before of which it is not known which partitions have something of their users: files may have lost it already. */
  readonly unplaced?: ReadonlySet<string>;
  /** Keys of one person are joined: what withdraws what an erased key had lent may come behind the cut, or not yet. */
  readonly areJoined?: boolean;
  /** When Redis was asked to write its files again, before this attempt; absent: it was not. */
  readonly redisFilesAt?: number;
}

/** null: there is nothing to write again now. */
export async function planRewrite(dataDir: string): Promise<RewritePlan | null> {
  const kept = await keptGenerations(dataDir);
  const [oldest] = kept;
  if (oldest === undefined) return null;
  const before = await readForgotten(dataDir);
  const users = usersOf(oldest, kept, before);
  if (users.erased.length + Object.keys(users.lifted).length === 0 && before?.lent === undefined) return null;
  const { generation, lastSegment, cut } = oldest;
  const isSame = before?.ofDead === true && before.searchedAt !== null && textOf(before) === textOf(users);
  const from = lastSegment.map((_, partition) => (isSame ? (before.lastSegment[partition] ?? -1) + 1 : 0));
  const replaced = before?.replaced ?? [];
  const isSeen = isSame && lastSegment.every((last, partition) => last < (from[partition] ?? 0));
  if (isSeen && replaced.length === 0 && (before?.redisDue ?? []).length === 0) return null;
  const { replacing = [], partitions = {}, redisDue = [], redisFilesAt, lent } = before ?? {};
  const until = { lastSegment: [...lastSegment], cut: [...cut], searchedAt: null, ofDead: true as const, ofCut: true as const };
  const redis = { redisDue, ...(redisFilesAt !== undefined && { redisFilesAt }) };
  const areJoined = 'identity' in (JSON.parse(oldest.definitions) as object);
  const heard = areJoined ? heardBefore(before, cut) : before?.heard;
  const known = { partitions, ...(lent && { lent }), ...(heard && { heard }) };
  return {
    forgotten: { generation, ...users, ...until, replaced, replacing, ...redis, ...known },
    before,
    from,
    areJoined,
    unplaced: new Set((before?.erased ?? []).filter((digest) => partitions[digest] === undefined)),
  };
}

/** Where files were never written again, they have all that was said so far. */
function heardBefore(before: ArchiveForgotten | undefined, cut: readonly string[]): NonNullable<ArchiveForgotten['heard']> {
  return before?.heard ?? { from: before === undefined ? [] : [...cut], withdrawals: [] };
}

type Users = Pick<ArchiveForgotten, 'erased' | 'lifted' | 'withdrawn'>;

/** Whom all generations know; and whose records are gone already, where none of these says anything of them. */
function usersOf(oldest: GenerationManifest, kept: readonly GenerationManifest[], before: ArchiveForgotten | undefined): Users {
  const known = kept.map(({ erased = [], lifted = {} }) => new Set([...erased, ...Object.keys(lifted)]));
  const isKnown = (digest: string) => known.every((digests) => digests.has(digest));
  const gone = (before?.erased ?? []).filter((digest) => !known.some((digests) => digests.has(digest)));
  return {
    erased: [...(oldest.erased ?? []).filter(isKnown), ...gone].sort(),
    lifted: Object.fromEntries(Object.entries(oldest.lifted ?? {}).filter(([digest]) => isKnown(digest))),
    ...(oldest.withdrawn !== undefined && { withdrawn: oldest.withdrawn }),
  };
}

/** Whether some are among the users who were not when the attempt before ended; where that was killed, it did not say of whom all was. */
export function isOfNewUsers(users: Users, before: ArchiveForgotten | undefined): boolean {
  return before === undefined || textOf(before) !== textOf(users) || (before.replacing ?? []).length > 0;
}

function textOf({ erased, lifted, withdrawn = 0 }: Users): string {
  return JSON.stringify([erased, Object.entries(lifted).sort(), withdrawn]);
}

/** Computed ones that a run may build upon or a rollback may serve, oldest first. */
async function keptGenerations(dataDir: string): Promise<GenerationManifest[]> {
  const kept = (await currentPublication(dataDir))?.kept;
  const manifests: GenerationManifest[] = [];
  for (const generation of [...(kept?.generations ?? [])].sort((a, b) => a - b)) {
    const manifest = await findGeneration(dataDir, generation);
    // One whose folder is lost is not served.
    if (manifest?.state === 'computed') manifests.push(manifest);
  }
  return manifests;
}
