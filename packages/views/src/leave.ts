/** The other way of `enter`: an event leaves a timeline, because it counts for another key now (packages/model/src/identity). */
import type { Definitions } from '@tributary/model/definitions';
import type { Replacement } from '@tributary/model/identity/adoption';
import type { RowsByView } from './deltas.ts';
import { addDifference, type DifferenceOutcome } from './difference.ts';
import { CONVERTING_PATH, type ConvertingPath } from './journeys/lenses.ts';
import { arrivingEvent } from './member.ts';
import { BEHIND_THE_CUT, enter, newest, PAST_RETENTION, refused, type StepOutcome, type StepRules } from './step.ts';
import { insertionIndex, type Timeline, type TimelineEvent } from './timeline.ts';
import { isRetained, prune, replace, type UserState } from './user-state.ts';
import { SCANNED_A_UNIT, takeWork, type Work } from './work.ts';

const NONE: readonly ConvertingPath[] = [];

/** What counts for the user under some ids is another event now: adds to `deltas` what that changes. An outcome for each event that left or entered. */
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
  for (const { was, is } of replaced) {
    if (was !== undefined) outcomes.push(leave(user, memberOf(was.line, definitions), logTimeMs, rules, deltas, work));
    if (is === undefined) continue;
    const incoming = memberOf(is.line, definitions);
    const refusal = refused(incoming, false, user.cutTs, logTimeMs, retention);
    outcomes.push(refusal ?? enter(user, incoming, logTimeMs, rules, deltas, work));
  }
  prune(user, logTimeMs, retention, rules.maxEvents);
  return outcomes;
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
  // Cut, or it could not be applied when it came: what it had changed is not known.
  if (leaving.ts <= user.cutTs || events[at]?.id !== leaving.id) return BEHIND_THE_CUT;
  // What it said of a page the timeline does not hold.
  if (leaving.web !== undefined) replace(user, at, { ...(events[at] as TimelineEvent), web: leaving.web });
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
  };
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
