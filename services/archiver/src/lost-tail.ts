/** A log that lost its tail begins behind what is archived of it: readers that had not come so far find the rest in the archive. */
import type { EventLog, Position } from '@tributary/log/port';

export type LostTailMark = (partition: number, archived: Position, end: Position | null) => Promise<void>;

/** The log no longer has an entry that is archived. `end`: of the log, where it was asked. */
export type OnLostTail = (partition: number, archived: Position, end: Position | null) => void;

export function createLostTailMark(log: Pick<EventLog, 'markLostTail'>, onLostTail: OnLostTail | undefined): LostTailMark {
  return async (partition, archived, end) => {
    if (await log.markLostTail?.(partition, archived)) onLostTail?.(partition, archived, end);
  };
}
