/** Conversions of users who converted before: where only sums are kept, they show that a few users convert often. */
import type { Definitions } from '@tributary/model/definitions';
import type { Timeline, TimelineEvent } from '../timeline.ts';

/** Whether the user converted by the same type within the lookback before the conversion at `at`. What takes value back (refunds) neither repeats nor is repeated. */
export function isRepeat(timeline: Timeline, at: number, { lookbackMs }: Definitions): boolean {
  const conversion = timeline[at] as TimelineEvent;
  if (!isOrder(conversion)) return false;
  for (let i = at - 1; i >= 0; i--) {
    const earlier = timeline[i] as TimelineEvent;
    if (earlier.ts < conversion.ts - lookbackMs) return false;
    if (isOrder(earlier) && earlier.type === conversion.type) return true;
  }
  return false;
}

/** The next conversion that repeats the one at `at`; undefined: none does, or that is not a conversion. */
export function repeatedBy(timeline: Timeline, at: number, { lookbackMs }: Definitions): number | undefined {
  const conversion = timeline[at] as TimelineEvent;
  if (!isOrder(conversion)) return undefined;
  for (let i = at + 1; i < timeline.length; i++) {
    const later = timeline[i] as TimelineEvent;
    if (later.ts > conversion.ts + lookbackMs) return undefined;
    if (isOrder(later) && later.type === conversion.type) return i;
  }
  return undefined;
}

function isOrder({ kind, valueMinor }: TimelineEvent): boolean {
  return kind === 'conversion' && valueMinor >= 0;
}
