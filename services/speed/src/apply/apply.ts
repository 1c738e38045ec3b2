/** A decoded batch applied to a partition's users: everything that the commit will say. */

import { storedDefinitions } from '@tributary/model/definitions';
import { isErasureType } from '@tributary/model/erasure';
import { watchedSegments } from '@tributary/signals/members/watched';
import type { Commit } from '@tributary/store/speed-store';
import { addRowsByView } from '@tributary/views/deltas';
import { recordNotWithdrawn } from '@tributary/views/identity/keyed-record';
import { isSeenWhole } from '@tributary/views/member';
import { recordRetentionMs } from '@tributary/views/record';
import type { StepOutcome, StepRules } from '@tributary/views/step';
import { cutPackedUpTo, stepPacked } from '@tributary/views/step-packed';
import { refill, spend, workOfEntry } from '@tributary/views/work';
import type { CachedUser } from '../partitions/cached-user.ts';
import {
  changesFollowed,
  crossBarrier,
  fallBack,
  fallOf,
  forgetUsers,
  loseUpTo,
  type PartitionRun,
  stateOf,
} from '../partitions/partition-run.ts';
import { type Arrival, type DecodedBatch, deadLetter, lineAt, type Misplaced, splitBatch, wholeEvent } from '../read/decode.ts';
import { type Following, followLeaps } from '../segments/follow.ts';
import { applyErasure, isRefused, passLifts } from './apply-erasure.ts';
import { applyKeyed, noteArchived, passMessage, sayLinks } from './apply-keyed.ts';
import { changeGathered, isOfGathered } from './change-rows.ts';
import { type ApplyOptions, append, cutAt, type Effects, noEffects, noteSeen } from './effects.ts';
import { applyLoss, lossOf, sayLosses } from './lose-events.ts';
import { leaveOutputs } from './output-lines.ts';

export interface AppliedBatch {
  /** Without what it says to other keys. */
  readonly commit: Commit;
  readonly said: Effects['messages'];
  /** Users whose records grew past their bound: rewritten with this commit. */
  readonly toTrim: readonly string[];
  /** Those among them that are rewritten whatever their size. */
  readonly mustRewrite?: ReadonlySet<string>;
  readonly lost?: Effects['lost'];
  /** The rules to trim by: the run's own move on while the commit is under way. */
  readonly rules: StepRules;
  readonly counted: number;
  readonly late: number;
  readonly duplicates: number;
  /** By type, when the newest event in time happened, epoch ms. */
  readonly newest: ReadonlyMap<string, number>;
  /** Events of other partitions, to be appended there before the commit. */
  readonly misplaced: readonly Misplaced[];
  readonly seen: Effects['seen'];
  readonly cuts: Effects['cuts'];
  readonly erased: Effects['erased'];
  /** How segments are followed up to the end of the batch, and from there on: another where it ends with other definitions. */
  readonly following: Following;
  readonly nextFollowing: Following;
  /** What of the batch is left for the next turn; null: nothing is. */
  readonly rest: DecodedBatch | null;
}

/**
 * Changes `run` and `users`: the states of the arrivals' users, in the order of arrivals. Applies entries, at least one, until `turn` is
 * spent, a user is not loaded, or the last entry is one that changes what is followed. Throws when an event cannot be applied, and leaves both half changed.
 */
export async function applyBatch(
  run: PartitionRun,
  whole: DecodedBatch,
  users: readonly (CachedUser | undefined)[],
  options: ApplyOptions,
): Promise<AppliedBatch> {
  const { logIdentity, commitId, sha256Hex, digestOf, limits, turn, pause, careful = false } = options;
  const deltasGeneration = run.generation;
  if (whole.archivedUpTo > run.archivedUpTo) {
    run.archivedUpTo = whole.archivedUpTo;
    noteArchived(run, options.partitions);
  }
  const effects = noEffects();
  for (const user of users) if (user !== undefined) refill(user);
  let entries = 0;
  let next = 0;
  // Before what is followed changes, all is said of what was followed: of users who are due by the entries before it, too.
  const alone = changesFollowed(run, whole) ? whole.ends.length - 1 : 0;
  for (const { arrivals } of whole.ends) {
    const isFull = entries === alone || turn.left <= 0 || effects.withdrawn.size > 0;
    if (entries > 0 && (isFull || users.slice(next, arrivals).includes(undefined))) break;
    const entry = workOfEntry();
    for (; next < arrivals; next++) {
      const pausing = pause?.();
      if (pausing !== undefined) await pausing;
      const arrival = whole.arrivals[next] as Arrival;
      const user = users[next] as CachedUser;
      if (!isOfGathered(effects, user, arrival)) changeGathered(run, effects, options);
      user.within = entry;
      let lostTs: number | null;
      if (isErasureType(arrival.event.type)) applyErasure(run, { arrivals: whole.arrivals, at: next }, user, effects, options);
      else if (user.isErased && isRefused(run, { arrivals: whole.arrivals, at: next }, user, options.digestOf))
        refuse(run, arrival, effects);
      else if ((lostTs = lossOf(arrival)) !== null) applyLoss(run, arrival, user, lostTs, effects);
      else if (user.key !== undefined) applyKeyed(run, arrival, user, user.key, effects, options);
      else if (careful) applyOrPark(run, arrival, user, effects, options);
      else addEffects(run, arrival, user, apply(run, arrival, user, effects, options), effects, options);
    }
    changeGathered(run, effects, options);
    spend(turn, entry);
    entries++;
  }
  const [batch, rest] = splitBatch(whole, entries);
  passLifts(run, batch.upTo);
  followLeaps(run.following, run.logTimeMs, batch.ends, () => watchedSegments(run.definitions, sha256Hex));
  const fell = fallOf(run, batch);
  run.logTimeMs = batch.logTimeMs;
  const { following } = run;
  // Not at a barrier: the message would be in flight at the cut, and answers of that generation incomplete.
  if (batch.barrier === undefined) sayLosses(run, batch.upTo, effects, options);
  if (batch.joined !== undefined) forgetUsers(run, limits);
  if (fell !== undefined) fallBack(run, fell, limits, sha256Hex);
  if (batch.lostUpToMs !== undefined) {
    loseUpTo(run, batch.lostUpToMs, limits);
    // The archive may have them, then the next generation counts them.
    effects.overflowed++;
  }
  if (batch.barrier !== undefined)
    crossBarrier(run, batch.barrier.generation, storedDefinitions(batch.barrier.definitions, sha256Hex), limits, sha256Hex);

  const expected = run.position;
  const expectedCommit = run.commitId;
  run.position = batch.upTo;
  run.commitId = commitId;
  const { deltas, appends, conversions, outputs, messages, unapplied, toTrim, seen, cuts, late, duplicates, overflowed } =
    effects;
  const { erased, refused } = effects;
  const { lost } = effects;
  const mustRewrite = new Set([...effects.withdrawn, ...lost.keys()].filter((userKey) => !erased.has(userKey)));
  return {
    commit: {
      partition: run.partition,
      expected,
      expectedCommit,
      id: commitId,
      next: stateOf(run, batch.upTo, logIdentity),
      appends: erased.size === 0 ? appends : new Map([...appends].filter(([userKey]) => !erased.has(userKey))),
      ...(batch.joined !== undefined && { joined: batch.joined.appends }),
      // What comes after a lift is all that there is; what was lent and withdrawn there is gone in both layers.
      rewrites: new Map([...erased].map((userKey) => [userKey, recordNotWithdrawn(appends.get(userKey) ?? '', digestOf)])),
      deltas,
      deltasGeneration,
      pending: late,
      overflowed,
      conversions,
      ...(batch.barrier === undefined ? {} : { barrier: { generation: batch.barrier.generation } }),
      parked: [...batch.parked.flatMap((parked) => ('home' in parked ? [] : [parked])), ...unapplied],
      ...(outputs.length === 0 ? {} : { outputs }),
    },
    said: messages,
    toTrim: [...new Set([...mustRewrite, ...toTrim])].filter((userKey) => !erased.has(userKey)),
    mustRewrite,
    lost,
    seen,
    cuts,
    erased,
    following,
    nextFollowing: run.following,
    rules: run.rules,
    counted: Math.max(0, batch.arrivals.length + (batch.joined?.lines ?? 0) - late - duplicates - unapplied.length - refused),
    late,
    duplicates,
    newest: newestOf(batch.arrivals, batch.logTimeMs - run.definitions.latenessMs),
    misplaced: batch.parked.flatMap((parked) => ('home' in parked ? [parked] : [])),
    rest,
  };
}

/** What comes late, or from history, says nothing of how long events take. */
function newestOf(arrivals: readonly Arrival[], afterMs: number): Map<string, number> {
  const newest = new Map<string, number>();
  for (const { event } of arrivals)
    if (event.ts > afterMs && event.ts > (newest.get(event.type) ?? 0)) newest.set(event.type, event.ts);
  return newest;
}

function refuse(run: PartitionRun, arrival: Arrival, effects: Effects): void {
  effects.refused++;
  passMessage(run, arrival);
}

/** Steps the event's user; its rows are added to `deltas`, its output lines to `outputs`. */
function apply(
  { definitions, rules }: PartitionRun,
  arrival: Arrival,
  user: CachedUser,
  { deltas, outputs }: Pick<Effects, 'deltas' | 'outputs'>,
  { limits, sha256Hex }: ApplyOptions,
): StepOutcome {
  const { report } = arrival;
  const isWhole = isSeenWhole(arrival.event, definitions, report);
  const event = isWhole ? wholeEvent(arrival) : arrival.event;
  const outcome = stepPacked(user, event, arrival.logTimeMs, rules, deltas, user, isWhole ? undefined : report);
  leaveOutputs(outputs, arrival, event, [outcome], { definitions, limits, sha256Hex });
  return outcome;
}

// biome-ignore lint/complexity/useMaxParams: called for each event: an object would be allocated each time
function addEffects(
  run: PartitionRun,
  arrival: Arrival,
  user: CachedUser,
  { fate, overflowed }: StepOutcome,
  effects: Effects,
  options: ApplyOptions,
): void {
  const { userKey, event, line, logTimeMs } = arrival;
  if (fate === 'duplicate') {
    effects.duplicates++;
    return;
  }
  if (fate === 'late') effects.late++;
  if (overflowed) effects.overflowed++;
  if (run.definitions.joinedMs !== null) sayLinks(run, arrival, user, effects, options);
  if (run.definitions.conversionTypes.has(event.type)) effects.conversions.set(event.id, userKey);
  // The record is the timeline too: whatever the timeline still holds must be in it, however short signals are kept.
  if (event.ts <= logTimeMs - recordRetentionMs(run.rules)) return;
  append(effects, userKey, user, `${line}\n`);
  const { segments } = run.following;
  if (segments === null || segments.types?.has(event.type) === false) return;
  const added = segments.marksOf(segments.seesKept ? event : wholeEvent({ line }));
  if (added.length > 0) noteSeen(effects, userKey, { logTimeMs, cause: event.id, added, removed: [] });
}

/** An event by itself, so that nothing of it is left when it cannot be applied. */
function applyOrPark(run: PartitionRun, arrival: Arrival, user: CachedUser, effects: Effects, options: ApplyOptions): void {
  const own: Pick<Effects, 'deltas' | 'outputs'> = { deltas: new Map(), outputs: [] };
  let outcome: StepOutcome;
  try {
    outcome = apply(run, arrival, user, own, options);
    addRowsByView(effects.deltas, own.deltas);
  } catch (error) {
    const { position, lineNumber, userKey, event, line } = arrival;
    const why = `the speed layer could not apply the event: ${(error as Error).message}`;
    effects.unapplied.push(deadLetter(lineAt(position, lineNumber), 'not_applied', why, line));
    // The batch counts the event: what looks at it is reported now, and by the mark in every generation to come.
    effects.overflowed++;
    cutPackedUpTo(user, event.ts);
    cutAt(effects, userKey, user, event.ts);
    return;
  }
  for (const line of own.outputs) effects.outputs.push(line);
  addEffects(run, arrival, user, outcome, effects, options);
}
