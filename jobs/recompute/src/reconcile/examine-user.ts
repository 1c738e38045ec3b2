/**
 * Why real time saw something else of one user than the batch computes: pure. The user's arrivals are taken in once more, as real time took them in
 * (`step`), and their rows are computed from all of their events, as a view is defined (`F`). Between the two lie steps, each of which
 * puts one cause right:
 *
 *   R0  as real time did it                         R1 − R0  duplicate: it took a copy with another instant for a new event
 *   R1  the same without copies                     L − R1   late: rows were frozen, or the timeline did not reach back
 *   L   all rows of the events that it still kept   T − L    beyond retention: what it could not keep any more
 *   T   all rows of all events
 *
 * So the classes of a user add up to T − R0, to the integer, whatever is wrong: that is arithmetic. What they do not explain is the remainder,
 * and that it is nothing is a law.
 */
import type { Event } from '@tributary/model/event';
import { addRow, addRowsByView, type RowsByView, rowsOf } from '@tributary/views/deltas';
import { CONVERTING_PATH } from '@tributary/views/journeys/lenses';
import { arrivingEvent } from '@tributary/views/member';
import { countedOnce } from '@tributary/views/once';
import { type StepRules, step } from '@tributary/views/step';
import { before, campaignOf, type Timeline, type TimelineEvent } from '@tributary/views/timeline';
import { emptyUser } from '@tributary/views/user-state';
import { CAUSES, type Cause, type ChangedConversion, type ChangedTouch } from '../specs/causes.ts';

/** An archived event of the user, in log order. */
export interface Arrived {
  readonly event: Event;
  /** Log time of the partition with it, epoch ms. */
  readonly logTimeMs: number;
  /** It came after the cut of the generation that readers had: real time counted it. */
  readonly isFresh: boolean;
  /** An earlier arrival has its id, here or among what was not read again. */
  readonly isCopy: boolean;
}

export interface ExaminedUser {
  readonly rows: ReadonlyMap<Cause, RowsByView>;
  /** Fresh events by cause, those that change no row included. */
  readonly events: Readonly<Record<Cause, number>>;
  readonly conversions: readonly ChangedConversion[];
  /** Real time could not compute all that it should have of this user: what is left of the difference is overflow. */
  readonly overflowed: boolean;
}

/** How far from a fresh event rows may change, ms. */
export function marginOf({ groups, definitions }: Pick<StepRules, 'groups' | 'definitions'>): number {
  const reaches = groups.map(({ lens }) => lens.reachMs(definitions) + lens.revisableMs(definitions));
  return Math.max(0, ...reaches) + definitions.longestOnceMs;
}

/** `rules`: those that readers had, with no bound on a timeline: what real time cut off is overflow. `arrived`: all within two margins of what is fresh, in order. */
export function examineUser(arrived: readonly Arrived[], rules: StepRules): ExaminedUser {
  const asSeen = replay(arrived, rules);
  const withoutCopies = replay(
    arrived.filter(({ isCopy }) => !isCopy),
    rules,
  );
  const held = arrived.filter(({ isFresh, isCopy }) => !isFresh && !isCopy).map(({ event }) => event);
  const fresh = arrived.filter(({ isFresh, isCopy }) => isFresh && !isCopy).map(({ event }) => event);
  const kept = fresh.filter((event) => !withoutCopies.beyond.has(event));
  const window = windowOf(fresh, marginOf(rules));
  const [base, withKept, whole] = [held, [...held, ...kept], [...held, ...fresh]].map((events) => timelineOf(events, rules));
  const [ofBase, ofKept, ofWhole] = [base, withKept, whole].map((timeline) => rowsWithin(timeline as Timeline, window, rules));
  const late = difference(difference(ofKept as RowsByView, ofBase as RowsByView), withoutCopies.rows);
  const rows = new Map<Cause, RowsByView>([
    ['late', late],
    ['beyondRetention', difference(ofWhole as RowsByView, ofKept as RowsByView)],
    ['duplicate', difference(withoutCopies.rows, asSeen.rows)],
  ]);
  const causes = causesOf(arrived, asSeen, withoutCopies);
  const counts = Object.fromEntries(CAUSES.map((cause) => [cause, 0])) as Record<Cause, number>;
  for (const cause of causes.values()) counts[cause]++;
  return {
    rows,
    events: counts,
    conversions: changedConversions(whole as Timeline, causesById(causes), rules),
    overflowed: asSeen.overflowed || withoutCopies.overflowed,
  };
}

interface Replayed {
  /** What real time added since the cut. */
  readonly rows: RowsByView;
  readonly late: ReadonlySet<Event>;
  readonly beyond: ReadonlySet<Event>;
  readonly counted: ReadonlySet<Event>;
  readonly overflowed: boolean;
}

function replay(arrived: readonly Arrived[], rules: StepRules): Replayed {
  const user = emptyUser();
  const rows: RowsByView = new Map();
  const [late, beyond, counted] = [new Set<Event>(), new Set<Event>(), new Set<Event>()];
  let overflowed = false;
  for (const { event, logTimeMs, isFresh } of arrived) {
    const outcome = step(user, event, logTimeMs, rules, isFresh ? rows : new Map());
    if (!isFresh) continue;
    overflowed ||= outcome.overflowed;
    if (!outcome.remembered) beyond.add(event);
    else if (outcome.fate === 'late') late.add(event);
    else if (outcome.fate === 'counted') counted.add(event);
  }
  return { rows, late, beyond, counted, overflowed };
}

/** Fresh events that were not simply counted. A copy matters where real time took it for new. */
function causesOf(arrived: readonly Arrived[], asSeen: Replayed, withoutCopies: Replayed): Map<Event, Cause> {
  const causes = new Map<Event, Cause>();
  for (const { event, isCopy } of arrived) {
    if (isCopy && (asSeen.counted.has(event) || asSeen.late.has(event))) causes.set(event, 'duplicate');
    else if (!isCopy && withoutCopies.beyond.has(event)) causes.set(event, 'beyondRetention');
    else if (!isCopy && withoutCopies.late.has(event)) causes.set(event, 'late');
  }
  return causes;
}

/** Where an id came twice, the cause of the first counts. */
function causesById(causes: ReadonlyMap<Event, Cause>): Map<string, Cause> {
  const byId = new Map<string, Cause>();
  for (const [{ id }, cause] of causes) if (cause !== 'duplicate' || !byId.has(id)) byId.set(id, cause);
  return byId;
}

function windowOf(fresh: readonly Event[], marginMs: number): { readonly fromMs: number; readonly toMs: number } {
  let [fromMs, toMs] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { ts } of fresh) [fromMs, toMs] = [Math.min(fromMs, ts), Math.max(toMs, ts)];
  return { fromMs: fromMs - marginMs, toMs: toMs + marginMs };
}

function timelineOf(events: readonly Event[], { definitions }: StepRules): Timeline {
  const timeline = events.map((event) => arrivingEvent(event, definitions));
  return countedOnce(
    timeline.sort((a, b) => (before(a, b) ? -1 : 1)),
    definitions,
  );
}

/** Rows of the anchors in a window, as views define them: no difference is taken, nothing is frozen. */
function rowsWithin(
  timeline: Timeline,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
  { groups, definitions }: StepRules,
): RowsByView {
  const rows: RowsByView = new Map();
  for (const [at, { ts }] of timeline.entries()) {
    if (ts < fromMs || ts > toMs) continue;
    for (const { lens, views } of groups) {
      const seen = lens.look(timeline, at, definitions);
      if (seen === null) continue;
      for (const view of views) {
        const ofView = rowsOf(rows, view.name);
        view.rows(seen, definitions, (key, measures) => addRow(ofView, key, measures));
      }
    }
  }
  return rows;
}

function difference(after: RowsByView, earlier: RowsByView): RowsByView {
  const rows: RowsByView = new Map();
  addRowsByView(rows, after);
  addRowsByView(rows, earlier, -1);
  return rows;
}

function changedConversions(
  timeline: Timeline,
  causes: ReadonlyMap<string, Cause>,
  { definitions }: StepRules,
): ChangedConversion[] {
  if (causes.size === 0) return [];
  const changed: ChangedConversion[] = [];
  for (const [at, event] of timeline.entries()) {
    const seen = CONVERTING_PATH.look(timeline, at, definitions);
    if (seen === null) continue;
    const { id, type, ts, valueMinor, currency } = event;
    const touches = seen.path.map((touch) => touchOf(touch, causes));
    const cause = causes.get(id);
    if (cause === undefined && touches.every((touch) => touch.cause === undefined)) continue;
    changed.push({ id, type, ts, valueMinor, currency, cause, touches });
  }
  return changed;
}

function touchOf({ id, ts, channel, place }: TimelineEvent, causes: ReadonlyMap<string, Cause>): ChangedTouch {
  return { id, ts, channel, campaign: campaignOf({ channel, place }), cause: causes.get(id) };
}
