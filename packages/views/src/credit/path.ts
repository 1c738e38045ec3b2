/** The path of a conversion: its eligible touches, in order. */
import type { Definitions } from '@tributary/model/definitions';
import { lowerBound, type Timeline, type TimelineEvent } from '../timeline.ts';

/**
 * Touches of `timeline` that sort before the conversion at `at` and whose type's window still covers it:
 * `c.ts − window(t.type) ≤ t.ts`. With `resetOnConversion`, only those after the user's previous conversion.
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
  return path;
}

function pathStart(timeline: Timeline, at: number, definitions: Definitions): number {
  const earliest = (timeline[at] as TimelineEvent).ts - definitions.lookbackMs;
  const start = lowerBound(timeline, earliest);
  if (!definitions.attribution.resetOnConversion) return start;
  for (let i = at - 1; i >= start; i--) if ((timeline[i] as TimelineEvent).kind === 'conversion') return i + 1;
  return start;
}
