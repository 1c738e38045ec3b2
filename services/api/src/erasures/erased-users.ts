/** Who is erased as of now: generations of before still list them. */
import { partitionOf } from '@tributary/model/user-key';
import type { ApiContext } from '../context.ts';

export function erasedUsers({
  board,
  deps,
}: Pick<ApiContext, 'board'> & { readonly deps: Pick<ApiContext['deps'], 'erasures' | 'partitions'> }): (
  userKey: string,
) => boolean {
  const known = new Map<number, ReadonlySet<string>>();
  return (userKey) => {
    const partition = partitionOf(userKey, deps.partitions);
    let erased = known.get(partition);
    if (erased === undefined) known.set(partition, (erased = new Set(board.states()[partition]?.erased)));
    return erased.size > 0 && erased.has(deps.erasures.digestOf(userKey));
  };
}
