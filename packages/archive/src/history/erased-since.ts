/** Whom a generation counts who was asked to be erased since: receipts say so before any generation does. */
import type { KnownForgotten } from '../compute/forget.ts';
import { digestOfReceipt, type Receipt, readReceipt, receiptIds } from '../erasures.ts';
import type { GenerationManifest } from '../layout.ts';

export type Knows = KnownForgotten & Pick<GenerationManifest, 'cut'>;

/**
 * What the generation leaves out, and all users of receipts that it does not know of. One whose erasure was lifted again is among them: the lift lies
 * behind the erasure, so behind the cut as well.
 */
export async function forgottenNow(dataDir: string, { cut, erased = [], lifted = {} }: Knows): Promise<KnownForgotten> {
  const known = new Set(erased);
  const places = { ...lifted };
  const seen = new Set<string>();
  // Not the newest of a user alone: which one that is, clocks of several machines may say wrongly, and positions do not.
  for (const id of await receiptIds(dataDir)) {
    const digest = digestOfReceipt(id);
    const isNewest = !seen.has(digest);
    seen.add(digest);
    if (known.has(digest)) continue;
    if (digest in places && !isBehind(await readReceipt(dataDir, id), cut, isNewest)) continue;
    known.add(digest);
    delete places[digest];
  }
  return { ...(known.size > 0 && { erased: [...known].sort() }), ...(Object.keys(places).length > 0 && { lifted: places }) };
}

/** Whether the record is later than the cut, or the newest one says no position: an older one without a position was asked for again. */
function isBehind({ partition, recorded }: Receipt, cut: Knows['cut'], isNewest: boolean): boolean {
  return recorded === null ? isNewest : (cut[partition] ?? '') <= recorded.position;
}
