/**
 * The speed layer's arithmetic: the effect of an event is `F(timeline ∪ {e}) − F(timeline)`.
 *
 * Rows hang on anchors, and an anchor's rows depend only on events from `reach` before to `revisable` after it. So
 * inserting `e` can change the rows of `e` itself and of anchors with `e.ts − revisable ≤ anchor ≤ e.ts + reach`; the
 * difference is taken over those alone. An event at the end of its timeline has no later anchors: for views that
 * are not revisable its own rows are the whole difference (the fast path).
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
}

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
): DifferenceOutcome {
  const event = after[at] as TimelineEvent;
  let touchesFrozen = false;
  let before: Timeline | undefined;
  for (const view of views) {
    const revisableMs = view.revisableMs(definitions);
    const frozenUpTo = logTimeMs - definitions.latenessMs - revisableMs;
    const rows = rowsOf(into, view.name);
    const add = (key: string, measures: readonly number[]) => addRow(rows, key, measures);
    const subtract = (key: string, measures: readonly number[]) => addRow(rows, key, measures, -1);

    if (event.ts > frozenUpTo) view.fold(after, at, definitions, add);
    else touchesFrozen = true;

    const reachMs = view.reachMs(definitions);
    if (reachMs === 0 && revisableMs === 0) continue;
    const from = lowerBound(after, Math.max(event.ts - revisableMs, frozenUpTo + 1));
    for (let i = from; i < after.length; i++) {
      if (i === at) continue;
      if ((after[i] as TimelineEvent).ts > event.ts + reachMs) break;
      before ??= without(after, at);
      view.fold(before, i < at ? i : i - 1, definitions, subtract);
      view.fold(after, i, definitions, add);
    }
    if (event.ts - revisableMs <= frozenUpTo) touchesFrozen = true;
  }
  return { touchesFrozen };
}

function without(timeline: Timeline, at: number): Timeline {
  const rest = timeline.slice();
  rest.splice(at, 1);
  return rest;
}
