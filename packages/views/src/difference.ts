/**
 * The speed layer's arithmetic: the effect of an event is `F(timeline ∪ {e}) − F(timeline)`.
 *
 * Rows hang on anchors, and an anchor's rows depend only on events near it. So inserting `e` can change the rows of `e` itself and
 * of the anchors that the view says it affects; the difference is taken over those alone. An event at the end of its timeline
 * has no later anchors: for views that are not revisable its own rows are the whole difference (the fast path).
 *
 * The work of one event is bounded: beyond `maxVisits` (a bot whose thousand conversions each look back on a thousand
 * touches) the rows of other anchors are left to the next generation, and the outcome says so.
 *
 * Rows at or before the frozen line (`anchor ≤ logTime − lateness − revisable`) are left alone: the batch owns them.
 */
import type { Definitions } from '@tributary/model/definitions';
import { addRow, type RowsByView, rowsOf } from './deltas.ts';
import { lowerBound, type Timeline, type TimelineEvent } from './timeline.ts';
import type { Lens, View } from './view.ts';

export interface DifferenceOutcome {
  /** Whether some row that `e` may change is frozen: the change waits for the next generation (law 8). */
  readonly touchesFrozen: boolean;
  /** Whether rows were left alone because revising them was too much work. */
  readonly tooMuchWork: boolean;
}

/** Events visited while one event's effect is computed; about 500 ns each with all views, so a tenth of a second at the most. */
const MAX_VISITS = 200_000;

/** Gathers what the anchors that were computed now look at, through one lens. */
export interface Gathering {
  readonly lens: Lens;
  readonly seen: unknown[];
}

/** Views that look through one lens. */
export interface ViewsOfLens {
  readonly lens: Lens;
  readonly views: readonly View[];
}

export function byLens(views: readonly View[]): ViewsOfLens[] {
  return [...Map.groupBy(views, (view) => view.lens)].map(([lens, ofLens]) => ({ lens, views: ofLens }));
}

/**
 * Adds to `into` the effect of the event at `after[at]`, which `after` has and `before` lacks: `before` is `after`
 * without that element.
 */
export function addDifference(
  groups: readonly ViewsOfLens[],
  after: Timeline,
  at: number,
  logTimeMs: number,
  definitions: Definitions,
  into: RowsByView,
  maxVisits = MAX_VISITS,
  gathering?: Gathering,
): DifferenceOutcome {
  const event = after[at] as TimelineEvent;
  let touchesFrozen = false;
  let tooMuchWork = false;
  let before: Timeline | undefined;
  for (const { lens, views } of groups) {
    const revisableMs = lens.revisableMs(definitions);
    const frozenUpTo = logTimeMs - definitions.latenessMs - revisableMs;

    const gathered = gathering?.lens === lens ? gathering.seen : undefined;
    if (event.ts > frozenUpTo) addAnchor(lens, views, after, at, definitions, into, 1, gathered);
    else touchesFrozen = true;

    if (event.ts - revisableMs <= frozenUpTo) touchesFrozen = true;

    const anchors = lens.affected(after, at, definitions).filter((i) => (after[i] as TimelineEvent).ts > frozenUpTo);
    if (anchors.length === 0) continue;
    if (anchors.length * lookedAt(lens, after, event.ts, definitions) > maxVisits) {
      tooMuchWork = true;
      continue;
    }
    before ??= without(after, at);
    for (const i of anchors) {
      addAnchor(lens, views, before, i < at ? i : i - 1, definitions, into, -1);
      addAnchor(lens, views, after, i, definitions, into, 1, gathered);
    }
  }
  return { touchesFrozen, tooMuchWork };
}

/** Adds the rows that hang on `timeline[at]`, or takes them away. */
function addAnchor(
  lens: Lens,
  views: readonly View[],
  timeline: Timeline,
  at: number,
  definitions: Definitions,
  into: RowsByView,
  sign: 1 | -1,
  gathered?: unknown[],
): void {
  const seen = lens.look(timeline, at, definitions);
  if (seen === null) return;
  gathered?.push(seen);
  for (const view of views) {
    const rows = rowsOf(into, view.name);
    view.rows(seen, definitions, (key, measures) => addRow(rows, key, measures, sign));
  }
}

/** Events that one anchor near `ts` may look at, at the most. */
function lookedAt(lens: Lens, timeline: Timeline, ts: number, definitions: Definitions): number {
  const reachMs = lens.reachMs(definitions);
  return lowerBound(timeline, ts + reachMs + 1) - lowerBound(timeline, ts - reachMs - lens.revisableMs(definitions));
}

function without(timeline: Timeline, at: number): Timeline {
  const rest = timeline.slice();
  rest.splice(at, 1);
  return rest;
}
