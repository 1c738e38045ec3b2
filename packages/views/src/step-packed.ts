/**
 * `step` for a timeline that is held as numbers: the same outcome, rows and timeline, which test/laws/law-1-packed.test.ts demands of any events.
 * What decides and what computes is step.ts; here is only which events have to become objects first.
 */
import type { Replacement } from '@tributary/model/identity/adoption';
import type { KeptFields } from '@tributary/model/reading/plain-line';
import type { PlainReport } from '@tributary/model/reading/plain-report';
import type { RowsByView } from './deltas.ts';
import { leaveAll, replaceEvents } from './leave.ts';
import { arrivingEvent } from './member.ts';
import type { HeldTimeline } from './packed-timelines.ts';
import { enter, refused, type StepOutcome, type StepRules, stepIncoming } from './step.ts';
import { cutUpTo, isPruneDue, isRetained, prune, type UserState } from './user-state.ts';
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
  if (user.long !== undefined) {
    const outcome = stepIncoming(user.long, incoming, logTimeMs, rules, deltas, work);
    timelines.close(user, user.long);
    return outcome;
  }
  const known = timelines.find(user, incoming.id);
  const isKnown = known !== undefined && isRetained(known, logTimeMs, retention);
  const refusal = refused(incoming, isKnown, user.cutTs, logTimeMs, retention);
  if (refusal !== undefined) return refusal;

  // A mere signal looks at no other event, and none at it: without them its rows are the same.
  // Where nothing is counted, that holds of all that comes in order.
  const isMere = incoming.kind === 'signal' && incoming.visit === undefined && incoming.marks === undefined;
  const isAlone = incoming.once === '' && (isMere || (rules.groups.length === 0 && !rules.gathersPaths));
  const outcome =
    isAlone && timelines.append(user, incoming)
      ? enter({ events: [], byId: undefined, cutTs: user.cutTs }, incoming, logTimeMs, rules, deltas, work)
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
