/**
 * `step`: what one event does to one user's state and to the views. Deterministic: the only clock is log time, which the
 * caller advances by the event's `receivedAt` first. The state is changed in place and belongs to the caller.
 */
import type { Definitions } from '@tributary/model/definitions';
import type { KeptFields } from '@tributary/model/reading/plain-line';
import type { RowsByView } from './deltas.ts';
import { addDifference, byLens, type ViewsOfLens } from './difference.ts';
import { CONVERTING_PATH, type ConvertingPath } from './journeys/lenses.ts';
import { arrivingEvent } from './member.ts';
import { asRepetition, takeOver } from './once.ts';
import type { Joining } from './sessions/joining.ts';
import { asHeld, type TimelineEvent } from './timeline.ts';
import { findById, insert, isRetained, prune, type Retention, replace, retentionOf, type UserState } from './user-state.ts';
import { type View, viewsAsked } from './view.ts';
import { SCANNED_A_UNIT, takeWork, type Work } from './work.ts';

/** What holds for every step of a partition between two barriers. */
export interface StepRules {
  readonly views: readonly View[];
  readonly groups: readonly ViewsOfLens[];
  readonly definitions: Definitions;
  readonly retention: Retention;
  /** Bound on one user's timeline. */
  readonly maxEvents: number;
  /** Whether outcomes name the conversions that were attributed again. */
  readonly gathersPaths: boolean;
}

export function stepRules(views: readonly View[], definitions: Definitions, maxEvents = 10_000, gathersPaths = false): StepRules {
  const asked = viewsAsked(views, definitions);
  return { views, groups: byLens(asked), definitions, retention: retentionOf(asked, definitions), maxEvents, gathersPaths };
}

/**
 * - `counted`: new and in time; every row it changes was changed.
 * - `late`: a row that it may change is frozen, or the timeline is cut where it belongs, so that it is not known whether it is
 *   new: counted, completely, by the next generation (law 8).
 * - `duplicate`: its id is in the timeline already; nothing happened (law 3).
 */
export type StepFate = 'counted' | 'late' | 'duplicate';

export interface StepOutcome {
  readonly fate: StepFate;
  /** Rows of this user may be wrong or missing until the next generation: they look behind the cut, or were too much work. */
  readonly overflowed: boolean;
  /** The conversions whose credit was computed now, each with its path as of now: itself, or those that a touch came before. */
  readonly attributed: readonly ConvertingPath[];
  /** Whether a copy of the event would be recognised; false: it is past its retention. */
  readonly remembered: boolean;
  /** It repeats a conversion that is counted once (once.ts). */
  readonly isRepetition?: boolean;
  /** The conversion that repeats the event from now on, where its rows are not frozen. */
  readonly takenOver?: TimelineEvent;
  /** The conversion that counts for another key from now on, or for none, where its rows are not frozen (leave.ts). */
  readonly moved?: TimelineEvent;
}

const NONE: readonly ConvertingPath[] = [];
const DUPLICATE: StepOutcome = { fate: 'duplicate', overflowed: false, attributed: NONE, remembered: true };
export const PAST_RETENTION: StepOutcome = { fate: 'late', overflowed: false, attributed: NONE, remembered: false };
export const BEHIND_THE_CUT: StepOutcome = { fate: 'late', overflowed: true, attributed: NONE, remembered: false };

/** `work`: what the user may still cost in this batch; without it, the event is the only one. */
// biome-ignore lint/complexity/useMaxParams: called for each event: an object would be allocated each time
export function step(
  user: UserState,
  event: KeptFields,
  logTimeMs: number,
  rules: StepRules,
  deltas: RowsByView,
  work?: Work,
): StepOutcome {
  return stepIncoming(user, arrivingEvent(event, rules.definitions), logTimeMs, rules, deltas, work);
}

/** `joining`: what it does to sessions, where that is known. */
// biome-ignore lint/complexity/useMaxParams: as `step`
export function stepIncoming(
  user: UserState,
  incoming: TimelineEvent,
  logTimeMs: number,
  rules: StepRules,
  deltas: RowsByView,
  work?: Work,
  joining?: Joining,
): StepOutcome {
  const { retention } = rules;
  const known = findById(user, incoming.id);
  const isKnown = known !== undefined && isRetained(known, logTimeMs, retention);
  const refusal = refused(incoming, isKnown, user.cutTs, logTimeMs, retention);
  if (refusal !== undefined) return refusal;
  const outcome = enter(user, incoming, logTimeMs, rules, deltas, work, joining);
  // Cutting makes nothing wrong by itself: whatever looks behind the cut later is reported then.
  prune(user, logTimeMs, retention, rules.maxEvents);
  return outcome;
}

/** The outcome of an event that changes nothing; undefined: it is new. `isKnown`: the timeline holds one with its id that is still retained. */
export function refused(
  incoming: TimelineEvent,
  isKnown: boolean,
  cutTs: number,
  logTimeMs: number,
  retention: Retention,
): StepOutcome | undefined {
  // Retention decides before duplicates: what is past it may or may not be held still, and must not matter.
  if (!isRetained(incoming, logTimeMs, retention)) return PAST_RETENTION;
  if (isKnown) return DUPLICATE;
  if (incoming.ts <= cutTs) return BEHIND_THE_CUT;
  return undefined;
}

/** Takes a new event in, and adds to `deltas` what that changes. `joining`: what it does to sessions, where that is known; then the timeline may lack the events before it. */
// biome-ignore lint/complexity/useMaxParams: called for each event: an object would be allocated each time
export function enter(
  user: Pick<UserState, 'events' | 'byId' | 'cutTs'>,
  incoming: TimelineEvent,
  logTimeMs: number,
  rules: StepRules,
  deltas: RowsByView,
  work?: Work,
  joining?: Joining,
): StepOutcome {
  const { definitions, groups } = rules;
  const gathering = rules.gathersPaths ? { lens: CONVERTING_PATH, seen: [] as ConvertingPath[] } : undefined;
  const { isRepetition, from, scanned } = takeOver(user.events, incoming, definitions);
  if (work !== undefined) takeWork(work, scanned / SCANNED_A_UNIT);
  const later = from === undefined ? undefined : (user.events[from] as TimelineEvent);
  let touchesFrozen = false;
  let overflowed = false;
  const differ = (at: number, sign?: 1 | -1, known?: Joining) => {
    const outcome = addDifference(groups, user, at, logTimeMs, definitions, deltas, work, gathering, sign, known);
    touchesFrozen ||= outcome.touchesFrozen;
    overflowed ||= outcome.looksBehindCut || outcome.tooMuchWork;
  };
  if (from !== undefined && later !== undefined) {
    differ(from, -1);
    replace(user, from, asRepetition(later));
    differ(from);
  }
  const own = insert(user, isRepetition ? asRepetition(incoming) : incoming);
  differ(own, 1, joining);
  if (incoming.web !== undefined || incoming.counted !== undefined) replace(user, own, asHeld(user.events[own] as TimelineEvent));
  const outcome: StepOutcome = {
    fate: touchesFrozen ? 'late' : 'counted',
    overflowed,
    attributed: gathering === undefined ? NONE : newest(gathering.seen),
    remembered: true,
  };
  // Nearly all events are done: an object that is put together of others costs as much as the rest of this function.
  if (!isRepetition && later === undefined) return outcome;
  return {
    ...outcome,
    ...(isRepetition && { isRepetition }),
    ...(later !== undefined && later.ts > logTimeMs - definitions.latenessMs && { takenOver: later }),
  };
}

/** The last path of each conversion: where an event takes over from another, some are looked at twice. */
export function newest(seen: readonly ConvertingPath[]): readonly ConvertingPath[] {
  return seen.length < 2 ? seen : [...new Map(seen.map((one) => [one.conversion.id, one])).values()];
}
