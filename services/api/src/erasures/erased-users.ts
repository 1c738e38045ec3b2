/** Who is erased, as of at most 2 s ago: older generations still list them. */
import type { GenerationManifest } from '@tributary/archive/layout';
import { TributaryError } from '@tributary/model/errors';
import { partitionOf } from '@tributary/model/user-key';
import { fromStore } from '@tributary/serving/from-store';
import type { ApiContext } from '../context.ts';
import { isAmong } from './digests.ts';
import { erasedSince, liftedFrom } from './lifted-since.ts';

/**
 * null: no partition has an erased user. Never from what was read once: after a start without the store that is nothing, which would say that no
 * user is erased. Throws `store_unavailable` where the store does not answer, and what it gives throws `not_ready` of users of a partition whose
 * state the store lacks: that was lost, and the speed layer has not read the log again.
 */
export async function erasedUsers({
  board,
  deps,
}: Pick<ApiContext, 'board' | 'deps'>): Promise<((userKey: string) => boolean) | null> {
  const states = await fromStore(board.recentStates());
  if (states.every((state) => state !== null && (state.erased ?? []).length === 0)) return null;
  return (userKey) => {
    const partition = partitionOf(userKey, deps.partitions);
    const state = states[partition] ?? null;
    if (state === null)
      throw new TributaryError(
        'not_ready',
        `whether users of partition ${partition} are erased must be known (got no state of it in the store): the speed layer has not read it since the store was lost`,
      );
    return isAmong(state.erased, deps.erasures.digestOf(userKey));
  };
}

/** As `erasedUsers`, and of an older generation also those who were erased after its cut, though they are lifted by now. */
export async function erasedIn(
  context: Pick<ApiContext, 'board' | 'deps'>,
  manifest: GenerationManifest,
): Promise<((userKey: string) => boolean) | null> {
  const isErased = await erasedUsers(context);
  const { digests } = await erasedSince(context.deps, manifest);
  if (digests.length === 0) return isErased;
  const { digestOf } = context.deps.erasures;
  return (userKey) => isAmong(digests, digestOf(userKey)) || isErased?.(userKey) === true;
}

/** As `erasedUsers`, and those of these users who were lifted at that instant or later, epoch ms: what was made by then has what they had sent before. */
export async function erasedFrom(
  context: Pick<ApiContext, 'board' | 'deps'>,
  userKeys: readonly string[],
  sinceMs: number,
): Promise<((userKey: string) => boolean) | null> {
  const isErased = await erasedUsers(context);
  const { digestOf } = context.deps.erasures;
  const lifted = await liftedFrom(context.deps, new Set(userKeys.map(digestOf)), sinceMs);
  if (lifted.size === 0) return isErased;
  return (userKey) => lifted.has(digestOf(userKey)) || isErased?.(userKey) === true;
}
