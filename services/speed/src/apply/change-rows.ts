/**
 * What changes in the rows of a key when something else counts for it. Events that come to it one behind the other in an entry, as a link moves them, change
 * its rows together: each click by itself is computed again for each order behind it, so that 100 clicks to a user with ten later orders were too much work
 * for a batch. Together with the later events of the key, which leave from the newest on and enter again from the oldest on, each of all these is computed once or twice.
 */
import type { Event } from '@tributary/model/event';
import { membersOf, type Replacement } from '@tributary/model/identity/adoption';
import type { Item } from '@tributary/model/identity/item';
import { PUT_TYPE, TAKE_TYPE } from '@tributary/model/identity/message-line';
import { addRowsByView, type RowsByView } from '@tributary/views/deltas';
import { timelineEvent } from '@tributary/views/member';
import type { StepOutcome } from '@tributary/views/step';
import { cutPackedUpTo, replacePacked } from '@tributary/views/step-packed';
import { isRetained } from '@tributary/views/user-state';
import type { CachedUser } from '../partitions/cached-user.ts';
import type { PartitionRun } from '../partitions/partition-run.ts';
import type { Arrival } from '../read/decode.ts';
import { type ApplyOptions, type Cause, cutAt, type Effects } from './effects.ts';
import { leaveOutputs } from './output-lines.ts';

/** Fewer are computed one by one. */
const FEW = 3;
/** Later events of the key for each that comes or goes, at most: all of them leave and enter again. */
const MOST_LATER = 8;

/** What it changes is changed with what follows, or now. Where lines go out, each event says by itself what it changes, wherever entries end. */
export function changeRowsLater(
  run: PartitionRun,
  cause: Cause,
  replaced: readonly Replacement[],
  effects: Effects,
  options: ApplyOptions,
): void {
  if (options.careful === true || options.limits.outputs !== 'none' || !moves(cause.event.type)) {
    changeRows(run, cause, replaced, effects, options);
    return;
  }
  effects.gathered ??= { cause, byId: new Map() };
  const { gathered } = effects;
  gathered.cause = cause;
  for (const { was, is } of replaced) {
    const id = (is ?? was)?.id as string;
    const before = gathered.byId.get(id);
    gathered.byId.set(id, { was: before === undefined ? was : before.was, is });
  }
}

/** To be called before anything but one more event that comes to the same key or goes from it, and at the end of an entry. */
export function changeGathered(run: PartitionRun, effects: Effects, options: ApplyOptions): void {
  if (effects.gathered === undefined) return;
  const { cause, byId } = effects.gathered;
  effects.gathered = undefined;
  const replaced = [...byId.values()].filter(({ was, is }) => was !== is);
  changeRows(run, cause, withLater(run, cause, replaced), effects, options);
}

/** Whether an arrival is one more of what is gathered: at the same log time, which decides what is frozen. */
export function isOfGathered({ gathered }: Effects, user: CachedUser, { event, logTimeMs }: Arrival): boolean {
  return gathered?.cause.user === user && gathered.cause.arrival.logTimeMs === logTimeMs && moves(event.type);
}

function moves(type: string): boolean {
  return type === PUT_TYPE || type === TAKE_TYPE;
}

/** Where nothing of it is frozen or cut: what leaves and enters again leaves no mark then. */
function withLater(run: PartitionRun, { arrival, user, key }: Cause, replaced: readonly Replacement[]): readonly Replacement[] {
  if (replaced.length < FEW) return replaced;
  const { definitions, rules } = run;
  const { logTimeMs } = arrival;
  const firstTs = replaced.reduce((first, { was, is }) => Math.min(first, (is ?? (was as Item)).ts), Number.POSITIVE_INFINITY);
  if (firstTs <= Math.max(logTimeMs - definitions.latenessMs, user.cutTs)) return replaced;
  const moved = new Set(replaced.map(({ was, is }) => (is ?? (was as Item)).id));
  const most = replaced.length * MOST_LATER;
  const later = membersOf(key, firstTs, most + 1, moved);
  if (later.length > most) return replaced;
  const held = later.filter(({ line }) =>
    isRetained(timelineEvent(JSON.parse(line) as Event, definitions), logTimeMs, rules.retention),
  );
  return [...replaced, ...held.map((item) => ({ was: item, is: item }))];
}

function changeRows(
  run: PartitionRun,
  { arrival, event, user }: Cause,
  replaced: readonly Replacement[],
  effects: Effects,
  { careful = false, limits, sha256Hex }: ApplyOptions,
): void {
  const { userKey, logTimeMs } = arrival;
  const { definitions, rules } = run;
  // By itself, so that nothing of it is left when it cannot be applied.
  const deltas: RowsByView = careful ? new Map() : effects.deltas;
  let outcomes: readonly StepOutcome[];
  try {
    outcomes = replacePacked(user, replaced, logTimeMs, rules, deltas, user);
  } catch (error) {
    if (!careful) throw error;
    effects.overflowed++;
    cutPackedUpTo(user, event.ts);
    cutAt(effects, userKey, user, event.ts);
    return;
  }
  if (careful) addRowsByView(effects.deltas, deltas);
  for (const { fate, overflowed } of outcomes) {
    if (fate === 'late') effects.late++;
    if (overflowed) effects.overflowed++;
  }
  leaveOutputs(effects.outputs, arrival, event, outcomes, { definitions, limits, sha256Hex });
}
