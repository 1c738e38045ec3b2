/** The output log while somebody listens, and what of its lines is sent. */
import type { OutputKind } from '@tributary/contract/groups/stream';
import type { EventLog, LogEntry } from '@tributary/log/port';
import { TributaryError } from '@tributary/model/errors';
import { idOfPlaces, type Place } from './event-id.ts';
import type { Follower, ReadEntry } from './followers.ts';
import type { IsForgotten } from './forgotten.ts';
import { eventText } from './hub.ts';
import { readOutputLine } from './output-line.ts';

export type OutputLog = Pick<EventLog, 'identity' | 'read' | 'ends' | 'starts' | 'close'>;

export interface Session {
  log: OutputLog;
  /** As ids name it. */
  readonly name: string;
  /** Where those who are up to date stand. */
  readonly live: Place[];
  /** The last listener has gone, or another log stands in its place. */
  isOver: boolean;
}

export const READ = { maxEntries: 64, maxBytes: 512 * 1024, waitMs: 1_000 } as const;
/** Bytes that one may leave unread before it goes on at its own pace. */
export const ENOUGH_WAITING = 64 * 1024;

/** Who listens drops by it what they hold of an erased user, so it is sent. */
const ERASED: OutputKind = 'user.erased';

/** Without the lines of those of whom nothing is sent any more. Rejects where that is not known. */
export async function readable(entries: readonly LogEntry[], forgotten: () => Promise<IsForgotten>): Promise<ReadEntry[]> {
  if (entries.length === 0) return [];
  const isForgotten = await forgotten();
  return Promise.all(
    entries.map(async ({ kind, body, partition, position, appendedMs }) => {
      const texts = kind === 'events' ? body.split('\n') : [];
      const asked = texts.map(async (text) => {
        const line = readOutputLine(text, partition);
        if (line === null || line.type === ERASED) return line;
        return (await isForgotten(line.userKey, appendedMs)) ? null : line;
      });
      return { partition, position, lines: await Promise.all(asked) };
    }),
  );
}

export function sayGap(to: readonly Follower[], { name, live }: Session, lost: readonly number[]): void {
  if (lost.length === 0) return;
  const why = 'the output log has no lines of that time any more: ask for the present state, then go on';
  const json = JSON.stringify({ partitions: lost, why });
  for (const { member, own } of to) member.send(eventText('gap', json, idOfPlaces(name, own ?? live)));
}

export function isExpired(error: unknown): boolean {
  return error instanceof TributaryError && error.code === 'position_expired';
}
