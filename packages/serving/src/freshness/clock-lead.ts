/** What follows where the log leads this clock: its host's clock was ahead, or the clock here is behind. Pure. */

import { span } from '@tributary/model/span';
import { MINUTE_MS } from '@tributary/model/time';
import type { PartitionState } from '@tributary/store/speed-store';
import type { Gap, Note } from '../gaps.ts';

/** More than clocks that are kept in step differ by. */
const LEADS_MS = 2 * MINUTE_MS;

export interface ClockLead {
  /** What answers may lack because of it. */
  readonly holes: readonly Gap[];
  /** What should be known all the same. */
  readonly notes: readonly Note[];
}

/**
 * `newestMs`: the date of each partition's newest entry; null: not known. `latenessMs`: that the partition follows. `waitsSinceMs`: when the oldest entry that is not applied was appended, by its date;
 * null: none waits. A date ahead of the log's own clock says nothing about how long an entry has waited, and a log time that is
 * further ahead than the lateness makes events of now late ones.
 */
export function clockLead(
  states: readonly (PartitionState | null)[],
  newestMs: readonly (number | null)[],
  nowMs: number,
  latenessMs: (state: PartitionState) => number,
  waitsSinceMs: (partition: number) => number | null,
): ClockLead {
  const holes: Gap[] = [];
  const lacks = (partition: number, why: string) =>
    holes.push({ reason: 'clock_ahead', partition, text: `partition ${partition}: ${why}` });
  const notes: Note[] = [];
  for (const [partition, state] of states.entries()) {
    const leadMs = (state?.logTimeMs ?? 0) - nowMs;
    if (state === null || leadMs < LEADS_MS || leadMs < latenessMs(state)) continue;
    lacks(
      partition,
      `log time is ${dated(state.logTimeMs, nowMs)}: until then events of now are late, count from the next generation on, and may not be kept as signals`,
    );
  }
  for (const [partition, newest] of newestMs.entries()) {
    const sinceMs = waitsSinceMs(partition) ?? nowMs;
    if (sinceMs - nowMs >= LEADS_MS)
      lacks(
        partition,
        `the oldest entry that is not applied is dated ${dated(sinceMs, nowMs)}: how long it has waited is not known`,
      );
    const dateMs = newest ?? nowMs;
    if (dateMs - nowMs >= LEADS_MS)
      notes.push({
        partition,
        text: `partition ${partition}: the newest entry of the log is dated ${dated(dateMs, nowMs)}: a clock was ahead, or this one is behind`,
      });
  }
  return { holes, notes };
}

function dated(atMs: number, nowMs: number): string {
  return `${new Date(atMs).toISOString()}, ${span(atMs - nowMs)} ahead of this clock`;
}
