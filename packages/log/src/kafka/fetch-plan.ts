/** What a fetch asks for, by what is held already. Pure. */
import { heldBytes, type SessionState, type Wanted } from './held-entries.ts';
import type { FetchFrom } from './requests.ts';

export const PARTITION_BYTES = 1024 * 1024;
const REPLY_BYTES = 8 * 1024 * 1024;

export interface FetchPlan {
  readonly from: readonly FetchFrom[];
  readonly replyBytes: number;
}

/** Where a fetch goes on: behind what is held. */
export function offsetsOf({ held }: SessionState, partitions: readonly number[], wanted: Wanted): Map<number, number> {
  return new Map(partitions.map((p) => [p, held.get(p)?.next ?? (wanted.get(p) as number)]));
}

export function planFetch(state: SessionState, offsets: ReadonlyMap<number, number>, maxBytes: number): FetchPlan {
  // Not more than a reader takes at once; the first partition gets a whole batch all the same.
  const replyBytes = Math.max(1, Math.min(REPLY_BYTES, maxBytes - heldBytes(state)));
  const share = shareOf(offsets.size);
  const hunger = (partition: number) =>
    state.starved.has(partition) ? Number.POSITIVE_INFINITY : -(state.held.get(partition)?.bytes ?? 0);
  const visitOf = (partition: number) => state.visitedAt.get(partition) ?? 0;
  // A reply is filled in the order of the request: those that have least come first, among these the one that waits longest.
  const from = [...offsets]
    .sort(([a], [b]) => hunger(b) - hunger(a) || visitOf(a) - visitOf(b))
    .map(([partition, offset]) => ({ partition, offset, maxBytes: -hunger(partition) < share ? share : 1 }));
  return { from, replyBytes };
}

/** Bytes that a fetch asks of each partition, by the number of partitions, and that are unpacked of it. */
export function shareOf(partitions: number): number {
  return Math.max(PARTITION_BYTES, Math.floor(REPLY_BYTES / partitions));
}
