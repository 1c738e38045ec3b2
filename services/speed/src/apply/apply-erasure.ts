/**
 * A record that says of a user that nothing of theirs counts, or that it does again (packages/model/src/erasure.ts). In the commit that passes it the
 * rows of the user are taken back and their record and memberships go; what comes afterwards is refused, by a digest of their key.
 */
import { LIFT_TYPE } from '@tributary/model/erasure';
import { emptyKey } from '@tributary/model/identity/adoption';
import { addRowsByView, type RowsByView } from '@tributary/views/deltas';
import { leaveAllPacked } from '@tributary/views/step-packed';
import type { CachedUser } from '../partitions/cached-user.ts';
import { createErasedUsers } from '../partitions/erased-users.ts';
import type { PartitionRun } from '../partitions/partition-run.ts';
import type { Arrival } from '../read/decode.ts';
import { withdrawLent } from './apply-keyed.ts';
import type { ApplyOptions, DigestOf, Effects } from './effects.ts';
import { leaveErased } from './output-lines.ts';

/** One among those of its entry. */
interface Placed {
  readonly arrivals: readonly Arrival[];
  readonly at: number;
}

export function applyErasure(run: PartitionRun, placed: Placed, user: CachedUser, effects: Effects, options: ApplyOptions): void {
  const arrival = placed.arrivals[placed.at] as Arrival;
  const { userKey, event, logTimeMs, position } = arrival;
  const { digestOf, careful = false } = options;
  if (event.type !== LIFT_TYPE && options.isSaid?.(userKey) !== false) leaveErased(effects.outputs, arrival, options);
  run.erased ??= createErasedUsers([]);
  const until = run.until?.get(digestOf(userKey));
  if (until !== undefined && position < until.position) {
    // Neither log nor archive may give what follows, up to there.
    effects.refused++;
    return;
  }
  const isErased = isRefused(run, placed, user, digestOf);
  run.until?.delete(digestOf(userKey));
  if (event.type === LIFT_TYPE) {
    effects.refused++;
    user.isErased = false;
    run.erased.delete(digestOf(userKey));
    return;
  }
  if (isErased) {
    effects.refused++;
    return;
  }
  user.isErased = true;
  run.erased.add(digestOf(userKey));
  if (user.key !== undefined && options.isAgain !== true) withdrawLent(run, arrival, user.key, effects, options);
  takeBack(run, user, logTimeMs, effects, careful);
  // Rows that are frozen here, or whose events the record has let go, wait for the next generation.
  effects.late++;
  effects.erased.add(userKey);
  effects.appends.delete(userKey);
  effects.seen.delete(userKey);
  effects.cuts.delete(userKey);
  effects.lost.delete(userKey);
  for (const [id, of] of effects.conversions) if (of === userKey) effects.conversions.delete(id);
  user.recordLength = 0;
  user.said = undefined;
  user.named = undefined;
  const windowMs = run.definitions.joinedMs ?? 0;
  if (user.key !== undefined) user.key = emptyKey(userKey, { windowMs, digestOf, mostOfDay: user.key.links.mostOfDay });
}

/** Whether nothing of the user of an arrival counts here. A lift may be gone from log and archive: it is known where it lay. */
export function isRefused(run: PartitionRun, placed: Placed, user: CachedUser, digestOf: DigestOf): boolean {
  if (!user.isErased || run.until === undefined) return user.isErased;
  const { userKey, position } = placed.arrivals[placed.at] as Arrival;
  const digest = digestOf(userKey);
  const { isLifted = false, position: lift = '' } = run.until.get(digest) ?? {};
  if (isLifted && (position > lift || (position === lift && !isLiftedLater(placed)))) run.erased?.delete(digest);
  user.isErased = run.erased?.has(digest) === true;
  return user.isErased;
}

/** Whether the same entry has the lift behind this arrival. An archived entry without it has what came behind it alone. */
function isLiftedLater({ arrivals, at }: Placed): boolean {
  const { userKey, position } = arrivals[at] as Arrival;
  for (let i = at + 1; arrivals[i]?.position === position; i++)
    if (arrivals[i]?.userKey === userKey && arrivals[i]?.event.type === LIFT_TYPE) return true;
  return false;
}

/** What the state says of users who are refused, once lifts are passed of whom nothing came. Each is looked at once. */
export function passLifts(run: Pick<PartitionRun, 'until' | 'erased'>, upTo: string): void {
  for (const [digest, { position, isLifted }] of run.until ?? []) {
    if (position > upTo) return;
    run.until?.delete(digest);
    if (isLifted) run.erased?.delete(digest);
  }
}

function takeBack(run: PartitionRun, user: CachedUser, logTimeMs: number, effects: Effects, careful: boolean): void {
  const deltas: RowsByView = new Map();
  try {
    if (leaveAllPacked(user, run.cutTs, logTimeMs, run.rules, deltas, user)) effects.overflowed++;
    addRowsByView(effects.deltas, deltas);
  } catch (error) {
    if (!careful) throw error;
    // What it had changed is not known: the next generation counts without it.
    effects.overflowed++;
    leaveAllPacked(user, run.cutTs, logTimeMs, { ...run.rules, groups: [] }, new Map());
  }
}
