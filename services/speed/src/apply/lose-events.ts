/**
 * What the record of a key loses by its length, where keys of one person are joined: a link cannot move what is lost, and what it did not move stays where
 * it was for good. So which events a record has must follow from the log, at each of its lines, as all that a link says does: a worker that takes over,
 * or begins from nothing, trims records elsewhere. A record that has outgrown its bound says so to itself, in a message of its key, and loses events
 * where that message is read. Until then it has them all.
 *
 * The message is an `unlink` of the key from itself, with a floor: it undoes nothing, in either layer. It is said where a batch ends, which is elsewhere
 * in another history, so it has no place among the messages of its partition: no other one comes after it, and answers do not wait for it.
 */
import { loseItems } from '@tributary/model/identity/adoption';
import { LAST_LINE, messageNumber, messageOf, UNLINK_TYPE } from '@tributary/model/identity/message-line';
import { cutPackedUpTo } from '@tributary/views/step-packed';
import type { CachedUser } from '../partitions/cached-user.ts';
import type { PartitionRun } from '../partitions/partition-run.ts';
import { type Arrival, wholeEvent } from '../read/decode.ts';
import { passMessage } from './apply-keyed.ts';
import { type ApplyOptions, cutAt, type Effects } from './effects.ts';

/** Up to when the record of its key loses its events from here on, epoch ms; null: the line does not say so. */
export function lossOf(arrival: Arrival): number | null {
  const { event, userKey } = arrival;
  if (event.type !== UNLINK_TYPE) return null;
  const message = messageOf(wholeEvent(arrival));
  return message.kind === 'unlink' && message.from === userKey ? (message.floor ?? null) : null;
}

/** The line itself is not kept: the mark of the record says the same. */
export function applyLoss(run: PartitionRun, arrival: Arrival, user: CachedUser, lostTs: number, effects: Effects): void {
  const { userKey } = arrival;
  passMessage(run, arrival);
  cutPackedUpTo(user, lostTs);
  if (user.key !== undefined) loseItems(user.key, lostTs);
  cutAt(effects, userKey, user, lostTs);
  effects.lost.set(userKey, Math.max(lostTs, effects.lost.get(userKey) ?? lostTs));
}

/** What is too long since the last batch says so. `upTo`: the end of this one. */
export function sayLosses(run: PartitionRun, upTo: string, effects: Effects, options: ApplyOptions): void {
  const { partition, tooLong, erased, definitions } = run;
  if (tooLong.size === 0) return;
  const version = `${upTo}.${LAST_LINE}`;
  const receivedAt = Math.floor(run.logTimeMs);
  const long = [...tooLong].filter(
    ([userKey]) => definitions.joinedMs !== null && erased?.has(options.digestOf(userKey)) !== true,
  );
  for (const [place, [key, floor]] of long.entries())
    effects.messages.push({
      message: { kind: 'unlink', to: key, from: key, version, receivedAt, floor },
      numbered: { from: partition, number: messageNumber(version, place), after: '' },
    });
  tooLong.clear();
}
