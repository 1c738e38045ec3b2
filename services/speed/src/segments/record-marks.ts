/** What the events of a stored record are to segments. */
import type { Event } from '@tributary/model/event';
import { addMark, type Mark, mostMarks } from '@tributary/signals/members/marks';
import type { WatchedSegments } from '@tributary/signals/members/watched';
import { newestSignals } from '@tributary/store/records/signals';
import { countingRecord } from '@tributary/views/identity/keyed-record';
import { markedCut } from '@tributary/views/record';
import { NEVER_CUT } from '@tributary/views/user-state';

export interface RecordMarks {
  readonly marks: Mark[][];
  /** Up to when events are missing, epoch ms; null: none is known to be. */
  readonly lostMs: number | null;
}

/** `joinedMs`: how far back links of keys reach; null: keys are not joined. As readers of records see them: the newest events, each id once. */
export function marksOfRecord(
  segments: WatchedSegments,
  userKey: string,
  record: string | null,
  { joinedMs, fromMs }: { readonly joinedMs: number | null; readonly fromMs: number },
): RecordMarks {
  const marks: Mark[][] = segments.list.map(() => []);
  const most = mostMarks(segments.list.length);
  if (record === null) return { marks, lostMs: null };
  const stored = Buffer.from(record);
  const bytes = joinedMs === null ? stored : countingRecord(userKey, stored, joinedMs);
  const { slices, hasMarks } = newestSignals(bytes, {
    limit: most + 1,
    fromMs: Math.max(0, fromMs),
    ...(segments.types !== null && { names: segments.types }),
  });
  let lostMs = hasMarks ? markedCut(record) : NEVER_CUT;
  if (slices.length > most) lostMs = Math.max(lostMs, slices[most]?.ts ?? lostMs);
  for (let at = Math.min(slices.length, most) - 1; at >= 0; at--) {
    const { start, end } = slices[at] as (typeof slices)[number];
    const event = JSON.parse(bytes.toString('utf8', start, end)) as Event;
    for (const [i, mark] of segments.marksOf(event)) addMark(marks[i] as Mark[], mark);
  }
  return { marks, lostMs: lostMs === NEVER_CUT ? null : lostMs };
}
