/** Who is erased as of now: generations of before still list them. */
import { partitionOf } from '@tributary/model/user-key';
import { fromStore } from '@tributary/serving/from-store';
import type { ApiContext } from '../context.ts';
import { isAmong } from './digests.ts';

/**
 * null: no partition has an erased user. Never from what was read once: after a start without the store that is nothing, which would say that no
 * user is erased. Throws `store_unavailable` where the store does not answer.
 */
export async function erasedUsers({
  board,
  deps,
}: Pick<ApiContext, 'board' | 'deps'>): Promise<((userKey: string) => boolean) | null> {
  const states = await fromStore(board.recentStates());
  if (states.every((state) => (state?.erased ?? []).length === 0)) return null;
  return (userKey) => {
    const erased = states[partitionOf(userKey, deps.partitions)]?.erased;
    return erased !== undefined && isAmong(erased, deps.erasures.digestOf(userKey));
  };
}
