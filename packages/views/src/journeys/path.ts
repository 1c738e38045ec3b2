/** Paths: the eligible touches of a conversion, or of a journey that ended without one. */
import type { Definitions } from '@tributary/model/definitions';
import { lowerBound, type Timeline, type TimelineEvent } from '../timeline.ts';
import { MAX_PATH_TOUCHES } from './most-touches.ts';

/**
 * The touches whose type's window still covers the conversion at `at`, among the newest `MAX_PATH_TOUCHES` of `timeline` that sort
 * before it: `c.ts − window(t.type) ≤ t.ts`. With `resetOnConversion`, only those after the user's previous conversion; with
 * `clicksOutrankViews`, no view-through touches beside clicks.
 */
export function pathOf(timeline: Timeline, at: number, definitions: Definitions): TimelineEvent[] {
  const conversion = timeline[at] as TimelineEvent;
  const path: TimelineEvent[] = [];
  for (let i = pathStart(timeline, at, definitions); i < at; i++) {
    const event = timeline[i] as TimelineEvent;
    if (event.kind !== 'touch') continue;
    const windowMs = definitions.touchWindowMs.get(event.type) as number;
    if (conversion.ts - windowMs <= event.ts) path.push(event);
  }
  return outranked(path, definitions);
}

/**
 * The touches of the null path that ends at `at`; null when that is not a touch, or the journey goes on within the lookback. These are
 * the touches after the user's last conversion whose window still covers the last touch, of the newest `MAX_PATH_TOUCHES`.
 */
export function nullPathOf(timeline: Timeline, at: number, definitions: Definitions): TimelineEvent[] | null {
  const last = timeline[at] as TimelineEvent;
  if (last.kind !== 'touch' || goesOn(timeline, at, definitions.lookbackMs)) return null;
  const path: TimelineEvent[] = [];
  let touches = 0;
  for (let i = at; i >= 0 && touches < MAX_PATH_TOUCHES; i--) {
    const event = timeline[i] as TimelineEvent;
    if (event.kind === 'conversion' || event.ts < last.ts - definitions.lookbackMs) break;
    if (event.kind !== 'touch') continue;
    touches++;
    if (last.ts - (definitions.touchWindowMs.get(event.type) as number) <= event.ts) path.push(event);
  }
  return outranked(path.reverse(), definitions);
}

/** Whether a touch or a conversion follows the touch at `at` within the lookback: then no journey ends there. */
export function goesOn(timeline: Timeline, at: number, lookbackMs: number): boolean {
  const until = (timeline[at] as TimelineEvent).ts + lookbackMs;
  for (let i = at + 1; i < timeline.length; i++) {
    const { ts, kind } = timeline[i] as TimelineEvent;
    if (ts > until) return false;
    if (kind !== 'signal') return true;
  }
  return false;
}

function outranked(path: TimelineEvent[], { attribution, viewThroughTypes }: Definitions): TimelineEvent[] {
  if (!attribution.clicksOutrankViews || !path.some(({ type }) => !viewThroughTypes.has(type))) return path;
  return path.filter(({ type }) => !viewThroughTypes.has(type));
}

function pathStart(timeline: Timeline, at: number, definitions: Definitions): number {
  const earliest = (timeline[at] as TimelineEvent).ts - definitions.lookbackMs;
  const start = newestTouches(timeline, at, lowerBound(timeline, earliest));
  if (!definitions.attribution.resetOnConversion) return start;
  for (let i = at - 1; i >= start; i--) if ((timeline[i] as TimelineEvent).kind === 'conversion') return i + 1;
  return start;
}

/** Where the newest `MAX_PATH_TOUCHES` touches of those from `start` to before `at` begin. */
function newestTouches(timeline: Timeline, at: number, start: number): number {
  if (at - start <= MAX_PATH_TOUCHES) return start;
  let touches = 0;
  for (let i = at - 1; i >= start; i--)
    if ((timeline[i] as TimelineEvent).kind === 'touch' && ++touches === MAX_PATH_TOUCHES) return i;
  return start;
}
