/**
 * Journeys: a user's touches and conversions, split after every conversion and at every gap longer than the lookback. A
 * journey without a conversion is a null path; the last one is open while its last touch can still earn credit.
 */
import type { Definitions } from '@tributary/model/definitions';
import type { TimelineEvent } from '@tributary/views/timeline';

export interface Journey {
  readonly status: 'converted' | 'null' | 'open';
  readonly touches: readonly TimelineEvent[];
  readonly conversion: TimelineEvent | null;
}

/** `nowMs`: the log time of the user's partition. Oldest first. */
export function journeysOf(timeline: readonly TimelineEvent[], definitions: Definitions, nowMs: number): Journey[] {
  const journeys: Journey[] = [];
  let touches: TimelineEvent[] = [];
  let lastTs = Number.NEGATIVE_INFINITY;
  const close = (status: Journey['status'], conversion: TimelineEvent | null) => {
    if (touches.length > 0 || conversion !== null) journeys.push({ status, touches, conversion });
    touches = [];
  };
  for (const event of timeline) {
    if (event.kind === 'signal') continue;
    if (event.ts - lastTs > definitions.lookbackMs) close('null', null);
    lastTs = event.ts;
    if (event.kind === 'conversion') close('converted', event);
    else touches.push(event);
  }
  close(nowMs - lastTs > definitions.lookbackMs ? 'null' : 'open', null);
  return journeys;
}
