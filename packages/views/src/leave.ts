/** The other way of `enter`: an event leaves a timeline, because it counts for another key now (packages/model/src/identity). */
import type { Definitions } from '@tributary/model/definitions';
import type { Replacement } from '@tributary/model/identity/adoption';
import type { Item } from '@tributary/model/identity/item';
import type { RowsByView } from './deltas.ts';
import { addDifference, type DifferenceOutcome } from './difference.ts';
import { CONVERTING_PATH, type ConvertingPath } from './journeys/lenses.ts';
import { arrivingEvent, isOfSums } from './member.ts';
import { BEHIND_THE_CUT, enter, newest, PAST_RETENTION, refused, type StepOutcome, type StepRules } from './step.ts';
import { byOrder, insertionIndex, type Timeline, type TimelineEvent } from './timeline.ts';
import { isRetained, prune, replace, type UserState } from './user-state.ts';
import { SCANNED_A_UNIT, takeWork, type Work } from './work.ts';

const NONE: readonly ConvertingPath[] = [];

/**
 * What counts for the user under some ids is another event now: adds to `deltas` what that changes. An outcome for each event that left or entered.
 * They leave from the newest on and enter from the oldest on, so that an event which has later ones around it alone is not computed again for each of these.
 */
// biome-ignore lint/complexity/useMaxParams: as `step`
export function replaceEvents(
  user: UserState,
  replaced: readonly Replacement[],
  logTimeMs: number,
  rules: StepRules,
  deltas: RowsByView,
  work?: Work,
): StepOutcome[] {
  const { definitions, retention } = rules;
  const outcomes: StepOutcome[] = [];
  const inOrder = (items: readonly (Item | undefined)[]) =>
    items.flatMap((item) => (item === undefined ? [] : memberOf(item.line, definitions))).sort(byOrder);
  for (const leaving of inOrder(replaced.map(({ was }) => was)).reverse())
    outcomes.push(leave(user, leaving, logTimeMs, rules, deltas, work));
  for (const incoming of inOrder(replaced.map(({ is }) => is))) {
    const refusal = refused(incoming, false, user.cutTs, logTimeMs, retention);
    outcomes.push(refusal ?? enter(user, incoming, logTimeMs, rules, deltas, work));
  }
  prune(user, logTimeMs, retention, rules.maxEvents);
  return outcomes;
}

/**
 * Takes back all rows of a user that are not frozen, and leaves an empty timeline: the user is erased. True: some rows could not be, because they
 * look behind a cut, or were too much work. `cutTs`: of the whole partition, as of a user who is new.
 */
// biome-ignore lint/complexity/useMaxParams: as `step`
export function leaveAll(
  user: UserState,
  cutTs: number,
  logTimeMs: number,
  rules: StepRules,
  deltas: RowsByView,
  work?: Work,
): boolean {
  let overflowed = user.cutTs > logTimeMs - rules.retention.longMs;
  // The newest first: a repetition goes before what it repeats, so nothing takes over on the way.
  for (let at = user.events.length - 1; at >= 0; at--) {
    const leaving = user.events[at] as TimelineEvent;
    const outcome = leave(user, leaving, logTimeMs, rules, deltas, work);
    // What an event said of a page, and what it counted for, is not kept: the next generation takes its rows back.
    if (outcome.overflowed || isOfSums(leaving.type, rules.definitions)) overflowed = true;
  }
  user.events.length = 0;
  user.byId = undefined;
  user.cutTs = cutTs;
  return overflowed;
}

function memberOf(line: string, definitions: Definitions): TimelineEvent {
  return arrivingEvent(JSON.parse(line), definitions);
}

// biome-ignore lint/complexity/useMaxParams: as `step`
function leave(
  user: UserState,
  leaving: TimelineEvent,
  logTimeMs: number,
  rules: StepRules,
  deltas: RowsByView,
  work?: Work,
): StepOutcome {
  const { definitions, retention } = rules;
  if (!isRetained(leaving, logTimeMs, retention)) return PAST_RETENTION;
  const { events } = user;
  const at = insertionIndex(events, leaving);
  const isKnown = leaving.ts > user.cutTs && events[at]?.id === leaving.id;
  const moved = movedOf(isKnown ? (events[at] as TimelineEvent) : leaving, logTimeMs, rules);
  // Cut, or it could not be applied when it came: what it had changed is not known.
  if (!isKnown) return { ...BEHIND_THE_CUT, ...moved };
  // What it said of a page, and what it counted for, the timeline does not hold.
  const { web, counted } = leaving;
  if (web !== undefined || counted !== undefined)
    replace(user, at, {
      ...(events[at] as TimelineEvent),
      ...(web !== undefined && { web }),
      ...(counted !== undefined && { counted }),
    });
  const gathering = rules.gathersPaths ? { lens: CONVERTING_PATH, seen: [] as ConvertingPath[] } : undefined;
  const differ = (of: number, sign?: -1) =>
    addDifference(rules.groups, user, of, logTimeMs, definitions, deltas, work, gathering, sign);
  const outcomes: DifferenceOutcome[] = [differ(at, -1)];
  events.splice(at, 1);
  user.byId = undefined;
  const { index, scanned } = released(events, at, leaving, definitions);
  if (work !== undefined) takeWork(work, scanned / SCANNED_A_UNIT);
  if (index !== undefined) {
    outcomes.push(differ(index, -1));
    replace(user, index, { ...(events[index] as TimelineEvent), kind: 'conversion' });
    outcomes.push(differ(index));
  }
  return {
    fate: outcomes.some(({ touchesFrozen }) => touchesFrozen) ? 'late' : 'counted',
    overflowed: outcomes.some(({ looksBehindCut, tooMuchWork }) => looksBehindCut || tooMuchWork),
    attributed: newest(gathering?.seen ?? NONE),
    remembered: true,
    ...moved,
  };
}

/** What is frozen stays as it was said, as it was not said where it comes late. */
function movedOf(
  leaving: TimelineEvent,
  logTimeMs: number,
  { gathersPaths, definitions }: StepRules,
): Pick<StepOutcome, 'moved'> {
  const isSaid = gathersPaths && leaving.kind === 'conversion' && leaving.ts > logTimeMs - definitions.latenessMs;
  return isSaid ? { moved: leaving } : {};
}

/** The repetition that counts now that `gone`, which lay before `at`, no longer lies before it. */
function released(
  timeline: Timeline,
  at: number,
  { once, ts, type }: TimelineEvent,
  { onceMs }: Definitions,
): { readonly index: number | undefined; readonly scanned: number } {
  if (once === '') return { index: undefined, scanned: 0 };
  const windowMs = onceMs.get(type) as number;
  for (let i = at; i < timeline.length; i++) {
    const later = timeline[i] as TimelineEvent;
    if (later.ts > ts + windowMs) break;
    if (later.once !== once) continue;
    for (let before = i - 1; before >= 0; before--) {
      const earlier = timeline[before] as TimelineEvent;
      if (earlier.ts < later.ts - windowMs) break;
      if (earlier.once === once) return { index: undefined, scanned: i - before };
    }
    return { index: i, scanned: i - at };
  }
  return { index: undefined, scanned: timeline.length - at };
}
