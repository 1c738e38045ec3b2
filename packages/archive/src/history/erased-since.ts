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
  for (const [digest, id] of await newestReceipts(dataDir)) {
    if (known.has(digest)) continue;
    if (digest in places && !isBehind(await readReceipt(dataDir, id), cut)) continue;
    known.add(digest);
    delete places[digest];
  }
  return { ...(known.size > 0 && { erased: [...known].sort() }), ...(Object.keys(places).length > 0 && { lifted: places }) };
}

/** The id of the newest one by digest. */
async function newestReceipts(dataDir: string): Promise<Map<string, string>> {
  // The last that is set stays.
  return new Map((await receiptIds(dataDir)).reverse().map((id) => [digestOfReceipt(id), id]));
}

/** Whether the record lies behind the cut, or nothing says where it lies. */
function isBehind({ partition, recorded }: Receipt, cut: Knows['cut']): boolean {
  return recorded === null || (cut[partition] ?? '') <= recorded.position;
}
