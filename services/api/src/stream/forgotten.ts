/** What is not sent: lines of users who are erased, and those from before an erasure was lifted. */
import type { ApiContext } from '../context.ts';
import { erasedUsers } from '../erasures/erased-users.ts';

/** Whether lines of the user which the output log took at that instant, epoch ms, are to be left out. */
export type IsForgotten = (userKey: string, appendedMs: number) => Promise<boolean>;

const RECEIPTS_MS = 10_000;
const DIGEST = /[0-9a-f]{32}$/;

/** As of at most 2 s ago, of lifts 10 s. Rejects as `erasedUsers` does: then it is not known what may be sent. */
export function createForgotten({ board, deps }: Pick<ApiContext, 'board' | 'deps'>): () => Promise<IsForgotten> {
  const { erasures } = deps;
  let readMs = Number.NEGATIVE_INFINITY;
  let receipts = new Map<string, string[]>();

  async function receiptsByDigest(): Promise<ReadonlyMap<string, readonly string[]>> {
    if (performance.now() - readMs < RECEIPTS_MS) return receipts;
    const found = new Map<string, string[]>();
    for (const id of await erasures.ids()) {
      const digest = DIGEST.exec(id)?.[0] ?? '';
      found.set(digest, [...(found.get(digest) ?? []), id]);
    }
    readMs = performance.now();
    receipts = found;
    return found;
  }

  return async () => {
    const isErased = await erasedUsers({ board, deps });
    const known = await receiptsByDigest();
    return async (userKey, appendedMs) => {
      if (isErased?.(userKey)) return true;
      if (known.size === 0) return false;
      for (const id of known.get(erasures.digestOf(userKey)) ?? []) {
        const { lifted } = await erasures.read(id);
        if (lifted !== null && appendedMs <= lifted.at) return true;
      }
      return false;
    };
  };
}
