/**
 * The speed layer's arithmetic: the effect of an event is `F(timeline ∪ {e}) − F(timeline)`.
 *
 * Rows hang on anchors, and an anchor's rows depend only on events near it. So inserting `e` can change the rows of `e` itself and
 * of the anchors that the view says it affects; the difference is taken over those alone. An event at the end of its timeline
 * has no later anchors: for views that are not revisable its own rows are the whole difference (the fast path).
 *
 * Work is bounded (work.ts): what is too much is left to the next generation, and the outcome says so.
 *
 * A timeline that was cut (user-state.ts) lacks what lies at or before the cut: an anchor that may look that far back, or lie
 * there, is computed from what is left, and the outcome says so.
 *
 * Rows at or before the frozen line (`anchor ≤ logTime − lateness − revisable`) are left alone: the batch owns them.
 */
import type { Definitions } from '@tributary/model/definitions';
import { addRow, type Rows, type RowsByView, rowsOf } from './deltas.ts';
import { type EmitParts, PartedRows, partedRowsOf } from './parted-rows.ts';
import { PASSAGES } from './segment-days/passages.ts';
import type { Joining } from './sessions/joining.ts';
import { isOfSessions, PASSED_A_UNIT, SESSION, VISITS_REACH_MS } from './sessions/session.ts';
import { lowerBound, type Timeline, type TimelineEvent } from './timeline.ts';
import { NEVER_CUT, type UserState } from './user-state.ts';
import { COUNTED, type Emit, type Lens, type View, WEB_EVENT } from './view.ts';
import {
  CHARACTERS_A_UNIT,
  OF_ANCHOR,
  OF_ROW,
  SCANNED_A_UNIT,
  takeOwnWork,
  takeWork,
  USUAL_ROW_KEY,
  USUAL_ROWS,
  type Work,
  workOfEvent,
  workOfUser,
} from './work.ts';

export interface DifferenceOutcome {
  /** Whether some row that `e` may change is frozen: the change waits for the next generation (law 8). */
  readonly touchesFrozen: boolean;
  /** Whether rows were left alone because revising them was too much work. */
  readonly tooMuchWork: boolean;
  /** Whether rows may be wrong because they depend on what was cut off the timeline. */
  readonly looksBehindCut: boolean;
}

/** Gathers what the anchors that were computed now look at, through one lens. */
export interface Gathering {
  readonly lens: Lens;
  readonly seen: unknown[];
}

/** Views that look through one lens. */
export interface ViewsOfLens {
  readonly lens: Lens;
  readonly views: readonly View[];
  /** Whether one of the next groups looks from what this one sees. */
  readonly isGoneBeyond: boolean;
  /** Whether one of them can tell that its rows stay. */
  readonly areCompared: boolean;
}

export function byLens(views: readonly View[]): ViewsOfLens[] {
  const groups = [...Map.groupBy(views, (view) => view.lens)];
  return groups.map(([lens, ofLens], i) => ({
    lens,
    views: ofLens,
    isGoneBeyond: groups.slice(i).some(([{ beyond }]) => beyond?.lens === lens),
    areCompared: ofLens.some(({ hasSameRows }) => hasSameRows !== undefined),
  }));
}

/**
 * Adds to `into` the effect of the event at `after[at]`, arrived at `logTimeMs`, which `after` has and `before` lacks: `before` is
 * `after` without that element. `sign`: −1 takes the effect away; what is gathered is what anchors see then, without the event.
 * `joining`: what the event does to sessions, where that is known.
 */
// biome-ignore lint/complexity/useMaxParams: called for each event: an object would be allocated each time
export function addDifference(
  groups: readonly ViewsOfLens[],
  { events: after, cutTs }: Pick<UserState, 'events' | 'cutTs'>,
  at: number,
  logTimeMs: number,
  definitions: Definitions,
  into: RowsByView,
  ofUser: Work = workOfUser(),
  gathering?: Gathering,
  sign: 1 | -1 = 1,
  joining?: Joining,
): DifferenceOutcome {
  const event = after[at] as TimelineEvent;
  const work = workOfEvent(ofUser);
  let touchesFrozen = false;
  let tooMuchWork = false;
  let looksBehindCut = false;
  let before: Timeline | undefined;
  let nearer: Lens | undefined;
  let seenByNearer: unknown;
  for (const group of groups) {
    const { lens, views, isGoneBeyond } = group;
    // No row of a page, and none of a count, follows any other event, and no session sees others than its own: whether one is frozen, other lenses say.
    if (lens === WEB_EVENT && event.web === undefined) continue;
    if (lens === COUNTED && event.counted === undefined) continue;
    if (lens === SESSION && !isOfSessions(event)) continue;
    // The same of members of segments.
    if (lens === PASSAGES && event.marks === undefined) continue;
    const isOfSignals = lens === SESSION || lens === PASSAGES;
    const known = lens === SESSION ? joining : undefined;
    const revisableMs = lens.revisableMs(definitions);
    const frozenUpTo = logTimeMs - definitions.latenessMs - revisableMs;

    const gathered = gathering?.lens === lens ? gathering.seen : undefined;
    if (event.ts > frozenUpTo) {
      const { beyond } = lens;
      const isKnown = beyond !== undefined && beyond.lens === nearer;
      let seen: unknown = null;
      if (isKnown) seen = beyond.look(seenByNearer, after, at, definitions);
      // What joins a session opens none.
      else if (known?.joined === undefined) seen = lens.look(after, at, definitions);
      if (isGoneBeyond) [nearer, seenByNearer] = [lens, seen];
      if (seen !== null && !takeOwnWork(work, lens.sizeOf(seen) * views.length)) tooMuchWork = true;
      else addRows(views, seen, definitions, into, sign, sign === 1 ? gathered : undefined);
      takeWork(work, workOfRows());
    } else touchesFrozen = true;

    if (event.ts - revisableMs <= frozenUpTo) touchesFrozen = true;

    // To find the sessions around is work by itself: a visitor without a pause has thousands of events there.
    if (work.left <= 0 && isOfSignals) {
      tooMuchWork = true;
      continue;
    }
    if (known !== undefined) {
      const { passed, joined } = known;
      takeWork(work, passed / PASSED_A_UNIT);
      if (joined === undefined) continue;
      const { before: seenBefore, now, reached } = joined;
      if (work.left <= 0 || !revise(group, seenBefore, now, reached, definitions, into, work, 1)) tooMuchWork = true;
      continue;
    }
    const affected = lens.affected(after, at, definitions, work);
    const anchors = affected.length === 0 ? affected : affected.filter((i) => (after[i] as TimelineEvent).ts > frozenUpTo);
    if (cutTs !== NEVER_CUT && (isOfSignals || event.kind !== 'signal')) {
      // What is gone may be seen by an anchor that is computed now, or be an anchor that the event revises.
      const first = after[anchors[0] ?? at] as TimelineEvent;
      const computes = anchors.length > 0 || event.ts > frozenUpTo;
      const earliest = event.ts > frozenUpTo ? Math.min(event.ts, first.ts) : first.ts;
      if (computes && earliest - Math.max(lens.reachMs(definitions), revisableMs) <= cutTs) looksBehindCut = true;
    }
    if (anchors.length === 0) continue;
    // A conversion that repeats one further back knows that already: only visits are passed over.
    const passedMs = lens === SESSION ? VISITS_REACH_MS : lens.reachMs(definitions);
    for (const i of anchors) {
      if (work.left <= 0) {
        tooMuchWork = true;
        break;
      }
      before ??= without(after, at);
      const seenBefore = lens.look(before, i < at ? i : i - 1, definitions);
      const seenNow = lens.look(after, i, definitions);
      const reached = i - lowerBound(after, (after[i] as TimelineEvent).ts - passedMs);
      if (!revise(group, seenBefore, seenNow, reached, definitions, into, work, sign, gathered)) tooMuchWork = true;
    }
  }
  return { touchesFrozen, tooMuchWork, looksBehindCut };
}

/**
 * Takes the rows of what an anchor saw away, and adds those of what it sees; false: it is too much work. `reached`: how many events lie before the anchor
 * within the reach of its lens, which are passed over twice.
 */
// biome-ignore lint/complexity/useMaxParams: called for each anchor of each event: an object would be allocated each time
function revise(
  { lens, views, areCompared }: ViewsOfLens,
  before: unknown,
  now: unknown,
  reached: number,
  definitions: Definitions,
  into: RowsByView,
  work: Work,
  sign: 1 | -1,
  gathered?: unknown[],
): boolean {
  const shown = workOfAnchor(lens, before) + workOfAnchor(lens, now);
  if (!takeWork(work, shown * views.length + (2 * reached) / SCANNED_A_UNIT)) return false;
  const moved = areCompared && before !== null && now !== null ? differing(views, before, now) : views;
  addRows(moved, before, definitions, into, sign === 1 ? -1 : 1, sign === -1 ? gathered : undefined);
  addRows(moved, now, definitions, into, sign, sign === 1 ? gathered : undefined);
  // Known afterwards only: no further anchor is begun where it was too much.
  takeWork(work, workOfRows());
  return true;
}

/** The work of showing to one view what an anchor sees; null: it is not an anchor. */
function workOfAnchor(lens: Lens, seen: unknown): number {
  return seen === null ? 0 : lens.sizeOf(seen) + OF_ANCHOR;
}

/** Those whose rows what an anchor saw and what it sees may differ in. */
function differing(views: readonly View[], before: unknown, now: unknown): readonly View[] {
  return views.filter((view) => view.hasSameRows?.(before, now) !== true);
}

/** Adds the rows of what an anchor sees, or takes them away; null: it is not an anchor. */
// biome-ignore lint/complexity/useMaxParams: called for each anchor of each event: an object would be allocated each time
function addRows(
  views: readonly View[],
  seen: unknown,
  definitions: Definitions,
  into: RowsByView,
  sign: 1 | -1,
  gathered?: unknown[],
): void {
  if (seen === null) return;
  gathered?.push(seen);
  for (const view of views) {
    signEmitted = sign;
    const { parted } = view;
    rowsEmitted =
      parted === undefined ? rowsOf(into, view.name) : partedRowsOf(into, view.name, view.measures.length, parted.tails);
    if (parted === undefined || !(rowsEmitted instanceof PartedRows)) view.rows(seen, definitions, emit);
    else parted.rows(seen, emitParts);
  }
}

/** The work of rows that came or went, beyond the usual ones, and of long names, since it was last asked for. */
function workOfRows(): number {
  const units = Math.max(0, comeOrGone - USUAL_ROWS) * OF_ROW + longText / CHARACTERS_A_UNIT;
  comeOrGone = 0;
  longText = 0;
  return units;
}

/**
 * Where the view that emits now adds its rows. One emitter for all: each event has an anchor in each of a dozen views, and a function for each
 * of them would be a sixth of all that a step allocates. A view emits while it is asked, and never later.
 */
let rowsEmitted: Rows = new Map();
let signEmitted: 1 | -1 = 1;
/** Rows that came or went. */
let comeOrGone = 0;
/** Characters of names of rows beyond the usual ones. */
let longText = 0;
const emit: Emit = (key, measures) => {
  if (key.length > USUAL_ROW_KEY) longText += key.length - USUAL_ROW_KEY;
  const { size } = rowsEmitted;
  addRow(rowsEmitted, key, measures, signEmitted);
  if (rowsEmitted.size !== size) comeOrGone++;
};
const emitParts: EmitParts = (head, name, tail, measures) => {
  const rows = rowsEmitted as PartedRows;
  const untilTail = head.length + 1 + name.length;
  // The tails lie anywhere in memory: they are looked at where their length may matter.
  if (untilTail + rows.longestTail > USUAL_ROW_KEY)
    longText += Math.max(0, untilTail + (rows.tails[tail] as string).length - USUAL_ROW_KEY);
  if (rows.addParts(head, name, tail, measures, signEmitted)) comeOrGone++;
};

function without(timeline: Timeline, at: number): Timeline {
  // Nearly all events are the last ones of their timelines.
  if (at === timeline.length - 1) return timeline.slice(0, at);
  const rest = timeline.slice();
  rest.splice(at, 1);
  return rest;
}
