/** A user as the object that batches work on. */
import type { KeyState } from '@tributary/model/identity/adoption';
import type { SaidLinks } from '@tributary/model/identity/said-once';
import { type HeldTimeline, heldTimeline, type PackedTimelines } from '@tributary/views/packed-timelines';
import { type Work, workOfUser } from '@tributary/views/work';

/** Where the timeline lies, and what the user may still cost in the batch that is applied: one object, as there are many users. */
export interface CachedUser extends HeldTimeline, Work {
  /** Where the cache has the user. */
  readonly slot: number;
  /** Length of the stored record in UTF-16 units, about its bytes. */
  recordLength: number;
  /** The record is trimmed once it is longer than this. */
  trimAtLength: number;
  /** The batch that last touched the user. */
  batch: number;
  /** What the user counted for when it was last weighed: itself and its events; 0 before. */
  weight: number;
  /** Whether the user waits to be weighed. */
  isTouched: boolean;
  /** The user was erased: what comes of them is refused. */
  isErased: boolean;
  /** What the key holds, where keys of one person are joined. */
  key: KeyState | undefined;
  /** What need not be said to other keys again, where keys are joined. */
  said: SaidLinks | undefined;
  /** In which partitions the keys are that the user named in links. */
  named: Set<number> | undefined;
}

/** Named one by one: an object that is put together of others has a second one for the rest of its fields. */
// biome-ignore lint/complexity/useMaxParams: called for each user that is loaded: an object would be allocated each time
export function newUser(
  held: PackedTimelines,
  slot: number,
  recordLength: number,
  trimAtLength: number,
  batch: number,
  key: KeyState | undefined,
): CachedUser {
  const { timelines, long, block, length, pruneAtLength, cutTs } = heldTimeline(held);
  const { left, within } = workOfUser();
  return {
    timelines,
    long,
    block,
    length,
    pruneAtLength,
    cutTs,
    left,
    within,
    slot,
    recordLength,
    trimAtLength,
    batch,
    weight: 0,
    isTouched: false,
    isErased: false,
    key,
    said: undefined,
    named: undefined,
  };
}
