/** A staged generation is computed beside the one that readers get, and waits for somebody who promotes or discards it. Pure. */
import type { GenerationManifest, Publication } from './layout.ts';
import { isKept } from './publications.ts';

/** The newest one that waits: newer than what readers get, and not given up; null: none does. It is kept, whatever is computed after it. */
export function stagedOf(
  manifests: readonly GenerationManifest[],
  publication: Pick<Publication, 'generation' | 'kept'> | null,
): GenerationManifest | null {
  let newest: GenerationManifest | null = null;
  for (const manifest of manifests) {
    const { generation, state, promotion } = manifest;
    const waits = promotion !== undefined && state === 'computed' && generation > (publication?.generation ?? 0);
    if (waits && isKept(generation, publication?.kept) && generation > (newest?.generation ?? 0)) newest = manifest;
  }
  return newest;
}
