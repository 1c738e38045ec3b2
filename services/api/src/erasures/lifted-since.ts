/** Users whom a generation may count or name though they were erased after its cut: once they are lifted, nothing that is in force says so. */
import { digestOfReceipt } from '@tributary/archive/erasures';
import type { GenerationManifest } from '@tributary/archive/layout';
import { TributaryError } from '@tributary/model/errors';
import type { ApiDeps } from '../ports.ts';
import { isAmong } from './digests.ts';

type Deps = Pick<ApiDeps, 'source' | 'erasures'>;
type Known = Pick<GenerationManifest, 'erased' | 'lifted'>;

/** Digests of users of whom the older generation has what the newer one, also when they are lifted, counts nothing of. */
function erasedBetween(older: Known, { erased = [], lifted = {} }: Known): string[] {
  const before = older.lifted ?? {};
  const isSameLift = (digest: string) => {
    const [then, now] = [before[digest], lifted[digest]];
    return then !== undefined && then.position === now?.position && then.entryIndex === now.entryIndex;
  };
  return [...erased, ...Object.keys(lifted)].filter((digest) => !isAmong(older.erased, digest) && !isSameLift(digest));
}

interface ErasedSince {
  /** The newest generation that was computed; null: none was computed since. */
  readonly newer: Known | null;
  readonly digests: readonly string[];
}

/** Whom the newest generation, and not this one, knows to be erased, or to be lifted since. */
export async function erasedSince({ source }: Pick<Deps, 'source'>, manifest: GenerationManifest): Promise<ErasedSince> {
  const newer = await newestAfter(source, manifest.generation);
  return { newer, digests: newer === null ? [] : erasedBetween(manifest, newer) };
}

/**
 * Throws `conflict` for a generation from before an erasure that was lifted since: what is frozen of the user would count again, and their conversions
 * be shown one by one, as nothing refuses them any more.
 */
export async function demandNoneLifted({ source, erasures: desk }: Deps, manifest: GenerationManifest): Promise<void> {
  const { newer, digests } = await erasedSince({ source }, manifest);
  if (newer === null || digests.length === 0) return;
  const newest = new Map((await desk.ids()).toReversed().map((id) => [digestOfReceipt(id), id]));
  let lifted = 0;
  for (const digest of digests) {
    const id = newest.get(digest);
    // A lift that came after the cut of every generation stands in the receipt alone.
    const isLifted = newer.lifted?.[digest] !== undefined || (id !== undefined && (await desk.read(id)).lifted !== null);
    if (isLifted) lifted++;
  }
  if (lifted === 0) return;
  const { generation } = manifest;
  throw new TributaryError(
    'conflict',
    `generation ${generation} must not be from before an erasure that was lifted since (got ${lifted}): what these users had sent before would count again. Publish one that was computed without them`,
  );
}

async function newestAfter(source: Deps['source'], generation: number): Promise<GenerationManifest | null> {
  const all = (await source.manifests()).filter((one) => one.generation > generation);
  return all.find(({ state }) => state === 'computed' || state === 'retired') ?? null;
}
