/** Users whom a generation may count or name though they were erased after its cut: once they are lifted, nothing that is in force says so. */
import { digestOfReceipt, type Receipt } from '@tributary/archive/erasures';
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

/** Receipts that are read at once, of thousands. */
const AT_ONCE = 32;

/**
 * How many users count again where readers get this generation, as they were erased after its cut and lifted since. At least as many: more are not
 * looked for once some are found.
 */
export async function liftedSince({ source, erasures: desk }: Deps, manifest: GenerationManifest): Promise<number> {
  const { newer, digests } = await erasedSince({ source }, manifest);
  const known = digests.filter((digest) => newer?.lifted?.[digest] !== undefined).length;
  const { erased = [], cut } = manifest;
  if (known > 0 || digests.length + erased.length === 0) return known;
  const ids = await desk.ids();
  const newest = new Map(ids.toReversed().map((id) => [digestOfReceipt(id), id]));
  // Who was lifted and erased again: what they sent between the two is frozen in what the generation counts since its cut.
  const earlier = new Set(ids.filter((id) => newest.get(digestOfReceipt(id)) !== id).map(digestOfReceipt));
  const again = new Set(erased.filter((digest) => earlier.has(digest)));
  const asked = [...digests, ...again].flatMap((digest) => newest.get(digest) ?? []);
  for (let from = 0; from < asked.length; from += AT_ONCE) {
    // A lift that came after the cut of every generation stands in the receipt alone.
    const receipts = await Promise.all(asked.slice(from, from + AT_ONCE).map((id) => desk.read(id)));
    const lifted = receipts.filter(
      (receipt) => receipt.lifted !== null && (!again.has(receipt.digest) || isBehind(receipt, cut)),
    ).length;
    if (lifted > 0) return lifted;
  }
  return 0;
}

/** Whether the record of the erasure is later than the cut; one that is not known to be in the log may be. */
function isBehind({ partition, recorded }: Receipt, cut: GenerationManifest['cut']): boolean {
  return recorded === null || (cut[partition] ?? '') <= recorded.position;
}

/**
 * Throws `conflict` for a generation from before an erasure that was lifted since: what is frozen of the user would count again, and their conversions
 * be shown one by one, as nothing refuses them any more.
 */
export async function demandNoneLifted(deps: Deps, manifest: GenerationManifest): Promise<void> {
  const lifted = await liftedSince(deps, manifest);
  if (lifted > 0) throw fromBeforeLift(manifest.generation, lifted);
}

export function fromBeforeLift(generation: number, lifted: number): TributaryError {
  return new TributaryError(
    'conflict',
    `generation ${generation} must not be from before an erasure that was lifted since (got ${lifted}): what these users had sent before would count again. Publish one that was computed without them`,
  );
}

/** Those of the digests of which an erasure was lifted at that instant or later, epoch ms. */
export async function liftedFrom(
  { erasures: desk }: Pick<Deps, 'erasures'>,
  digests: ReadonlySet<string>,
  sinceMs: number,
): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  const asked = (await desk.ids()).filter((id) => digests.has(digestOfReceipt(id)));
  for (let from = 0; from < asked.length; from += AT_ONCE) {
    const ids = asked.slice(from, from + AT_ONCE).filter((id) => !found.has(digestOfReceipt(id)));
    for (const { digest, lifted } of await Promise.all(ids.map((id) => desk.read(id))))
      if (lifted !== null && lifted.at >= sinceMs) found.add(digest);
  }
  return found;
}

async function newestAfter(source: Deps['source'], generation: number): Promise<GenerationManifest | null> {
  const all = (await source.manifests()).filter((one) => one.generation > generation);
  return all.find(({ state }) => state === 'computed' || state === 'retired') ?? null;
}
