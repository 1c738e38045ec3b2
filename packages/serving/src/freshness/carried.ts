/**
 * Messages between keys of one person (decision 43). Each partition's state says how many it sent to each other one, and how many it applied from there.
 * Where these differ, an event has left one key and is not with the next one yet; where the store of a sender lost writes, it may be with both.
 */
import type { PartitionState } from '@tributary/store/speed-store';
import { type Gap, gapsOf } from '../gaps.ts';

/** How many are on their way, or were applied before they were sent. */
export function messagesOnTheWay(states: readonly (Pick<PartitionState, 'carried'> | null)[]): number {
  let apart = 0;
  for (const [from, sender] of states.entries())
    for (const [to, receiver] of states.entries())
      apart += Math.abs((sender?.carried?.sent[to] ?? 0) - (receiver?.carried?.applied[from] ?? 0));
  return apart;
}

export function notCarried(states: readonly (PartitionState | null)[]): Gap[] {
  // Where keys are not joined, no state has them: that is all that is asked then.
  if (!states.some((state) => state?.carried !== undefined)) return [];
  const messages = messagesOnTheWay(states);
  return messages === 0 ? [] : gapsOf('behind', [`${messages} messages between keys of one person are on their way`]);
}
