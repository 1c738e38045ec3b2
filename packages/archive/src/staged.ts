/** A staged generation is computed beside the one that readers get, and waits for somebody who promotes or discards it. Pure. */
import type { GenerationManifest, Publication } from './layout.ts';
import { isKept, reachedBy } from './publications.ts';

/** The newest one that waits: newer than all that readers had, a rollback or not, and not given up; null: none does. It is kept, whatever is computed after it. */
export function stagedOf(
  manifests: readonly GenerationManifest[],
  publication: Pick<Publication, 'generation' | 'kept' | 'reached'> | null,
): GenerationManifest | null {
  let newest: GenerationManifest | null = null;
  for (const manifest of manifests) {
    const { generation, state, promotion } = manifest;
    const waits = promotion !== undefined && state === 'computed' && generation > reachedBy(publication);
    if (waits && isKept(generation, publication?.kept) && generation > (newest?.generation ?? 0)) newest = manifest;
  }
  return newest;
}

/**
 * Since when readers are held back by staged generations that were not decided about, epoch ms; null: none waits. A newer one does not restart the
 * wait: a schedule that stages a run each hour would hold the others back for ever.
 */
export function waitingSinceMs(
  manifests: readonly GenerationManifest[],
  publication: Pick<Publication, 'generation' | 'kept' | 'reached' | 'at' | 'discarded'> | null,
): number | null {
  const newest = stagedOf(manifests, publication);
  if (newest === null) return null;
  const { at, discarded = 0 } = publication ?? { at: 0 };
  const before = manifests.filter(
    (one) =>
      one.promotion !== undefined &&
      (one.state === 'computed' || one.state === 'retired') &&
      one.generation > Math.max(reachedBy(publication), discarded) &&
      computedMs(one) >= at,
  );
  return Math.min(...[newest, ...before].map(computedMs));
}

function computedMs({ computedAt, createdAt }: GenerationManifest): number {
  return computedAt ?? createdAt;
}
