/**
 * Messages between keys of one person (decision 43). Each partition's state says which message was the last that it sent to each other one, and the last that
 * it applied from there. Where the first is newer, an event has left one key and is not with the next one yet. Where what was applied was decided behind the
 * position of its sender, whose store lost writes, it may be with both. What was decided before that position and is newer than all that the sender knows of
 * was sent by a store that is gone, because of a user who is: nothing of it is on its way.
 */
import { causeOf } from '@tributary/model/identity/message-line';
import type { PartitionState, Relaying } from '@tributary/store/speed-store';
import { type Gap, gapsOf } from '../gaps.ts';

/** Between how many pairs of partitions, sender and receiver, something is in flight, or was applied before it was sent. */
export function pairsInFlight(states: readonly (Relaying | null)[]): number {
  let pairs = 0;
  for (const [from, sender] of states.entries())
    for (const [to, receiver] of states.entries()) {
      const applied = receiver?.relayed?.applied[from] ?? '';
      if (applied < (sender?.relayed?.sent[to] ?? '') || causeOf(applied) > (sender?.position ?? '')) pairs++;
    }
  return pairs;
}

/**
 * For what was read between two looks, which are of one moment each for one partition alone: it may lack what was in flight at either, and what was sent
 * in between, as that may be applied by now.
 */
export function gapsBetween(before: readonly (Relaying | null)[], after: readonly (Relaying | null)[]): Gap[] {
  const pairs = Math.max(pairsInFlight(before), pairsInFlight(after), sentBetween(before, after));
  return gapsOfPairs(pairs);
}

/** Between how many pairs of partitions. */
function sentBetween(before: readonly (Relaying | null)[], after: readonly (Relaying | null)[]): number {
  const sentOf = (states: readonly (Relaying | null)[], from: number) => states[from]?.relayed?.sent ?? [];
  return after.reduce((pairs, _, from) => {
    const earlier = sentOf(before, from);
    return pairs + sentOf(after, from).filter((last, to) => last !== (earlier[to] ?? '')).length;
  }, 0);
}

export function gapsInFlight(states: readonly (PartitionState | null)[]): Gap[] {
  // Where keys are not joined, no state has them: that is all that is asked then.
  if (!states.some((state) => state?.relayed !== undefined)) return [];
  return gapsOfPairs(pairsInFlight(states));
}

function gapsOfPairs(pairs: number): Gap[] {
  if (pairs === 0) return [];
  const between = pairs === 1 ? '1 pair' : `${pairs} pairs`;
  return gapsOf('behind', [`messages between keys of one person are in flight between ${between} of partitions`]);
}
