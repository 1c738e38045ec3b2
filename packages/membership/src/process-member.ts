/** This process as a member: its name, and the death of siblings that ran beside it. */

import { isRunning } from '@tributary/runtime/process/is-running';
import { type GroupOptions, joinGroup, type Membership } from './group.ts';
import { isCertainlyGone, nameOf, placeOfThisProcess } from './member-name.ts';

/** `id`: unique for every process, free of "@". Rejects with `store_unavailable` when no beat is answered. */
export function joinAsProcess(id: string, options: Omit<GroupOptions, 'member' | 'isGone' | 'now'>): Promise<Membership> {
  const self = { id, pid: process.pid, place: placeOfThisProcess() };
  return joinGroup({
    ...options,
    member: nameOf(self),
    isGone: (name) => isCertainlyGone(name, self, isRunning),
    now: () => performance.now(),
  });
}
