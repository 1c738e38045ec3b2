/** What the two logs hold of a user: events that are not archived yet, and outputs. */
import { placesOf } from '@tributary/log/line-places';
import type { EventLog, LogEntry, Position } from '@tributary/log/port';
import { TributaryError } from '@tributary/model/errors';
import { type Found, foundText, unread } from './line.ts';
import { whoseText } from './whose.ts';

export interface LogRange {
  readonly place: 'log' | 'outputs';
  readonly partition: number;
  /** null: from the oldest entry that is kept. */
  readonly after: Position | null;
  /** Where the log ended before anything else was read: what comes later belongs to the next export. */
  readonly end: Position | null;
}

const READ = { maxEntries: 64, maxBytes: 4 * 1024 * 1024, waitMs: 1_000 } as const;
/** An entry that is there comes at once; one that has not come after these turns does not come. */
const MOST_EMPTY_READS = 10;

export async function* fromLog(
  log: Pick<EventLog, 'read' | 'starts'>,
  { place, partition, after, end }: LogRange,
  userKey: string,
  signal: AbortSignal,
): AsyncGenerator<Found> {
  let at = after;
  let empty = 0;
  while (end !== null && (at === null || at < end)) {
    signal.throwIfAborted();
    let entries: readonly LogEntry[];
    try {
      entries = await log.read(new Map([[partition, at]]), { ...READ, signal });
    } catch (error) {
      if (!(error instanceof TributaryError) || error.code !== 'position_expired') throw error;
      // Archived and dropped since: the archive is read afterwards.
      at = (await log.starts())[partition] ?? null;
      continue;
    }
    signal.throwIfAborted();
    if (entries.length === 0 && ++empty >= MOST_EMPTY_READS) {
      yield unread(place, { partition, after: at, upTo: end }, 'the log gave no entry', true);
      return;
    }
    for (const entry of entries) {
      const { kind, body } = entry;
      const lines = kind === 'events' ? body.split('\n') : [body];
      const placeOf = placesOf(entry);
      for (const [number, line] of lines.entries()) {
        const { position, line: index } = placeOf(number);
        const whose = whoseText(line, userKey);
        const what = place === 'outputs' ? 'output' : line.startsWith('{"ts":') ? 'event' : 'raw';
        if (whose !== null) yield foundText(place, { partition, position, index }, whose, what, line);
      }
      at = entry.position;
    }
  }
}
