/**
 * The speed layer's arithmetic: the effect of an event is `F(timeline ∪ {e}) − F(timeline)`.
 *
 * Rows hang on anchors, and an anchor's rows depend only on events from `reach` before to `revisable` after it. So
 * inserting `e` can change the rows of `e` itself and of anchors with `e.ts − revisable ≤ anchor ≤ e.ts + reach`; the
 * difference is taken over those alone. An event at the end of its timeline has no later anchors: for views that
 * are not revisable its own rows are the whole difference (the fast path).
 *
 * The work of one event is bounded: beyond `maxVisits` (a bot whose thousand conversions each look back on a thousand
 * touches) the rows of other anchors are left to the next generation, and the outcome says so.
 *
 * Rows at or before the frozen line (`anchor ≤ logTime − lateness − revisable`) are left alone: the batch owns them.
 */
import type { Definitions } from '@tributary/model/definitions';
import { addRow, type RowsByView, rowsOf } from './deltas.ts';
import { lowerBound, type Timeline, type TimelineEvent } from './timeline.ts';
import type { View } from './view.ts';

export interface DifferenceOutcome {
  /** Whether some row that `e` may change is frozen: the change waits for the next generation (law 8). */
  readonly touchesFrozen: boolean;
  /** Whether rows were left alone because revising them was too much work. */
  readonly tooMuchWork: boolean;
}

/** Events visited while one event's effect is computed; about 100 ns each. */
const MAX_VISITS = 200_000;

/**
 * Adds to `into` the effect of the event at `after[at]`, which `after` has and `before` lacks: `before` is `after`
 * without that element.
 */
export function addDifference(
  views: readonly View[],
  after: Timeline,
  at: number,
  logTimeMs: number,
  definitions: Definitions,
  into: RowsByView,
  maxVisits = MAX_VISITS,
): DifferenceOutcome {
  const event = after[at] as TimelineEvent;
  let touchesFrozen = false;
  let tooMuchWork = false;
  let before: Timeline | undefined;
  for (const view of views) {
    const revisableMs = view.revisableMs(definitions);
    const frozenUpTo = logTimeMs - definitions.latenessMs - revisableMs;
    const rows = rowsOf(into, view.name);
    const add = (key: string, measures: readonly number[]) => addRow(rows, key, measures);
    const subtract = (key: string, measures: readonly number[]) => addRow(rows, key, measures, -1);

    if (event.ts > frozenUpTo) view.fold(after, at, definitions, add);
    else touchesFrozen = true;

    if (event.ts - revisableMs <= frozenUpTo) touchesFrozen = true;

    if (!view.influences(event.kind, definitions)) continue;
    const reachMs = view.reachMs(definitions);
    const from = lowerBound(after, Math.max(event.ts - revisableMs, frozenUpTo + 1));
    const to = lowerBound(after, event.ts + reachMs + 1);
    if (from === to || (from === at && to === at + 1)) continue;
    const lookedAt = to - lowerBound(after, event.ts - reachMs);
    if ((to - from) * lookedAt > maxVisits && anchorsIn(after, from, to) * lookedAt > maxVisits) {
      tooMuchWork = true;
      continue;
    }
    before ??= without(after, at);
    for (let i = from; i < to; i++) {
      if (i === at) continue;
      view.fold(before, i < at ? i : i - 1, definitions, subtract);
      view.fold(after, i, definitions, add);
    }
  }
  return { touchesFrozen, tooMuchWork };
}

/** Conversions are what rows that look back hang on; mere signals cost nothing. */
function anchorsIn(timeline: Timeline, from: number, to: number): number {
  let anchors = 0;
  for (let i = from; i < to; i++) if ((timeline[i] as TimelineEvent).kind === 'conversion') anchors++;
  return anchors;
}

function without(timeline: Timeline, at: number): Timeline {
  const rest = timeline.slice();
  rest.splice(at, 1);
  return rest;
}
