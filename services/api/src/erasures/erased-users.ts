/** Who is erased as of now: generations of before still list them. */
import { partitionOf } from '@tributary/model/user-key';
import type { ApiContext } from '../context.ts';
import { isAmong } from './digests.ts';

export function erasedUsers({
  board,
  deps,
}: Pick<ApiContext, 'board'> & { readonly deps: Pick<ApiContext['deps'], 'erasures' | 'partitions'> }): (
  userKey: string,
) => boolean {
  const states = board.states();
  return (userKey) => {
    const erased = states[partitionOf(userKey, deps.partitions)]?.erased;
    return erased !== undefined && isAmong(erased, deps.erasures.digestOf(userKey));
  };
}
