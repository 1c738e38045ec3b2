/**
 * Messages between keys of one person (decision 43). Each partition's state says how many it sent to each other one, and how many it applied from there.
 * Where these differ, an event has left one key and is not with the next one yet; where the store of a sender lost writes, it may be with both.
 */
import type { PartitionState } from '@tributary/store/speed-store';
import { type Gap, gapsOf } from '../gaps.ts';

/** How many are in flight, or were applied before they were sent. */
export function messagesInFlight(states: readonly (Pick<PartitionState, 'relayed'> | null)[]): number {
  let messages = 0;
  for (const [from, sender] of states.entries())
    for (const [to, receiver] of states.entries())
      messages += Math.abs((sender?.relayed?.sent[to] ?? 0) - (receiver?.relayed?.applied[from] ?? 0));
  return messages;
}

export function gapsInFlight(states: readonly (PartitionState | null)[]): Gap[] {
  // Where keys are not joined, no state has them: that is all that is asked then.
  if (!states.some((state) => state?.relayed !== undefined)) return [];
  const messages = messagesInFlight(states);
  return messages === 0 ? [] : gapsOf('behind', [`${messages} messages between keys of one person are in flight`]);
}
