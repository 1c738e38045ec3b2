/**
 * `step` for a timeline that is held as numbers: the same outcome, rows and timeline, which test/laws/law-1-packed.test.ts demands of any events.
 * What decides and what computes is step.ts; here is only which events have to become objects first, and what is known of a session without them.
 */
import type { Replacement } from '@tributary/model/identity/adoption';
import type { KeptFields } from '@tributary/model/reading/plain-line';
import type { PlainReport } from '@tributary/model/reading/plain-report';
import type { RowsByView } from './deltas.ts';
import { leaveAll, replaceEvents } from './leave.ts';
import { arrivingEvent } from './member.ts';
import type { HeldTimeline } from './packed-timelines.ts';
import { joiningOf, visitsOf } from './sessions/joining.ts';
import { enter, refused, type StepOutcome, type StepRules, stepIncoming } from './step.ts';
import { cutUpTo, isPruneDue, isRetained, NEVER_CUT, prune, type UserState } from './user-state.ts';
import type { Work } from './work.ts';

// biome-ignore lint/complexity/useMaxParams: called for each event: an object would be allocated each time
export function stepPacked(
  user: HeldTimeline,
  event: KeptFields,
  logTimeMs: number,
  rules: StepRules,
  deltas: RowsByView,
  work?: Work,
  report?: PlainReport,
): StepOutcome {
  const { definitions, retention, maxEvents } = rules;
  const { timelines } = user;
  const incoming = arrivingEvent(event, definitions, report);
  const isSignal = incoming.kind === 'signal' && incoming.marks === undefined && incoming.once === '';
  const mayJoin = isSignal && incoming.ts > logTimeMs - definitions.latenessMs && user.cutTs === NEVER_CUT;
  if (user.long !== undefined) {
    const { events } = user.long;
    // Where no work is left sessions are not looked for.
    const isLeft = work === undefined || (work.left > 0 && (work.within?.left ?? 1) > 0);
    const joining = mayJoin && isLeft ? joiningOf(visitsOf(events), 0, events.length, incoming) : undefined;
    const outcome = stepIncoming(user.long, incoming, logTimeMs, rules, deltas, work, joining);
    timelines.close(user, user.long);
    return outcome;
  }
  const known = timelines.find(user, incoming.id);
  const isKnown = known !== undefined && isRetained(known, logTimeMs, retention);
  const refusal = refused(incoming, isKnown, user.cutTs, logTimeMs, retention);
  if (refusal !== undefined) return refusal;

  // A mere signal looks at no other event, and none at it: without them its rows are the same. So are those of a visit where it is known what it does
  // to sessions. Where nothing is counted, that holds of all that comes in order.
  const isMere = isSignal && incoming.visit === undefined;
  const joining = mayJoin ? timelines.joining(user, incoming) : undefined;
  const isUncounted = incoming.once === '' && rules.groups.length === 0 && !rules.gathersPaths;
  const isAlone = isMere || joining !== undefined || isUncounted;
  const outcome =
    isAlone && timelines.append(user, incoming)
      ? enter({ events: [], byId: undefined, cutTs: user.cutTs }, incoming, logTimeMs, rules, deltas, work, joining)
      : change(user, (state) => enter(state, incoming, logTimeMs, rules, deltas, work));
  if (isPruneDue(user, user.length, maxEvents)) change(user, (state) => prune(state, logTimeMs, retention, maxEvents));
  return outcome;
}

/** `replaceEvents` for a timeline that is held as numbers. */
// biome-ignore lint/complexity/useMaxParams: as `step`
export function replacePacked(
  user: HeldTimeline,
  replaced: readonly Replacement[],
  logTimeMs: number,
  rules: StepRules,
  deltas: RowsByView,
  work?: Work,
): StepOutcome[] {
  return replaced.length === 0 ? [] : change(user, (state) => replaceEvents(state, replaced, logTimeMs, rules, deltas, work));
}

/** `leaveAll` for a timeline that is held as numbers. */
// biome-ignore lint/complexity/useMaxParams: as `step`
export function leaveAllPacked(
  user: HeldTimeline,
  cutTs: number,
  logTimeMs: number,
  rules: StepRules,
  deltas: RowsByView,
  work?: Work,
): boolean {
  return change(user, (state) => leaveAll(state, cutTs, logTimeMs, rules, deltas, work));
}

/** Drops all events up to `ts`. */
export function cutPackedUpTo(user: HeldTimeline, ts: number): void {
  change(user, (state) => cutUpTo(state, ts));
}

function change<T>(user: HeldTimeline, by: (state: UserState) => T): T {
  const { timelines } = user;
  const state = timelines.open(user);
  const opened = state.events.slice();
  const result = by(state);
  timelines.close(user, state, opened);
  return result;
}
