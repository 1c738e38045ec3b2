/** Which anchors an event may change beside its own: what difference.ts computes again. */
import type { Definitions } from '@tributary/model/definitions';
import type { Timeline, TimelineEvent } from '../timeline.ts';
import { MAX_PATH_TOUCHES } from './most-touches.ts';
import { goesOn } from './path.ts';
import { ordersAfter } from './repeat.ts';

const NONE: readonly number[] = [];

/**
 * The conversions whose path the event at `at` may change: those after a touch while its window lasts; of a user with more touches
 * than a path looks back over, those within the lookback, for the touch may push an older one off their paths. Where conversions
 * reset paths, that is the next one alone, and a conversion changes the path of the next one as well.
 */
export function conversionsAfter(timeline: Timeline, at: number, definitions: Definitions): readonly number[] {
  const { ts, kind, type } = timeline[at] as TimelineEvent;
  const reset = definitions.attribution.resetOnConversion;
  if (kind === 'signal' || (kind === 'conversion' && !reset)) return NONE;
  const isWindow = kind === 'touch' && timeline.length <= MAX_PATH_TOUCHES;
  const until = ts + (isWindow ? (definitions.touchWindowMs.get(type) as number) : definitions.lookbackMs);
  const found: number[] = [];
  for (let i = at + 1; i < timeline.length; i++) {
    const later = timeline[i] as TimelineEvent;
    if (later.ts > until) break;
    if (later.kind !== 'conversion') continue;
    found.push(i);
    if (reset) break;
  }
  return found;
}

/** The conversions of which the event at `at` may change the path, or which order they are over a channel of it. */
export function repeatsAfter(timeline: Timeline, at: number, definitions: Definitions): readonly number[] {
  const paths = conversionsAfter(timeline, at, definitions);
  const orders = ordersAfter(timeline, at, definitions);
  if (orders.length === 0) return paths;
  return [...new Set([...paths, ...orders])].sort((a, b) => a - b);
}

/**
 * The touches that may begin, cease or go on to end a null path: the last touch before the event at `at`, whose journey may go on
 * now, and the last touch of the journey after it, whose path may hold the event or be cut by it.
 */
export function nullPathsAround(timeline: Timeline, at: number, definitions: Definitions): readonly number[] {
  if ((timeline[at] as TimelineEvent).kind === 'signal') return NONE;
  const found: number[] = [];
  const previous = memberBefore(timeline, at);
  if (previous !== undefined && (timeline[previous] as TimelineEvent).kind === 'touch') found.push(previous);
  const end = nullEndAfter(timeline, at, definitions.lookbackMs);
  if (end !== undefined) found.push(end);
  return found;
}

function memberBefore(timeline: Timeline, at: number): number | undefined {
  for (let i = at - 1; i >= 0; i--) if ((timeline[i] as TimelineEvent).kind !== 'signal') return i;
  return undefined;
}

/** The first touch after `at`, within reach of it, at which a journey ends without a conversion. */
function nullEndAfter(timeline: Timeline, at: number, lookbackMs: number): number | undefined {
  const until = (timeline[at] as TimelineEvent).ts + lookbackMs;
  for (let i = at + 1; i < timeline.length; i++) {
    const { ts, kind } = timeline[i] as TimelineEvent;
    if (ts > until || kind === 'conversion') return undefined;
    if (kind === 'touch' && !goesOn(timeline, i, lookbackMs)) return i;
  }
  return undefined;
}
