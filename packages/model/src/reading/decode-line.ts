/**
 * From a line of the log to an event. Every reader of the log (speed worker, archiver) decides by this one function what
 * is an event and what is parked: else the two layers would count differently.
 */
import { isErasureType } from '../erasure.ts';
import type { Event } from '../event.ts';
import { isMessageType } from '../identity/message-line.ts';
import { describe, type Invalid, invalid, refusedBefore } from '../refusal.ts';
import { partitionOf, userKeyOf } from '../user-key.ts';
import { EVENT_BOUNDS, tooDeep, validateEvent } from './validate-event.ts';
import { validateErasure, validateMessage } from './validate-message.ts';

/** `home`: of a whole event that lies in another partition than its user's. Both layers pass it over; the speed worker appends it there. */
export type DecodedLine =
  | { readonly ok: true; readonly event: Event; readonly userKey: string }
  | (Invalid & { readonly home?: number });

const A_LINE = { field: 'the record', must: 'be a canonical line, which starts with {"ts":' };

/** Decodes a line found in `partition` of `partitions`, which the log took at `appendedMs` by its own clock. Never throws. */
export function decodeLine(line: string, partition: number, partitions: number, appendedMs: number): DecodedLine {
  if (!line.startsWith('{"ts":')) {
    const reason = reasonIn(line);
    return reason === undefined
      ? invalid('undecodable_record', { ...A_LINE, got: describe(line) })
      : refusedBefore('undecodable_record', reason);
  }
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    const got = `what its parser refuses: ${(cause as Error).message}`;
    return invalid('undecodable_record', { field: 'the record', must: 'be JSON', got });
  }
  const validated = validateEvent(value, !line.includes('\\') && !line.includes('\u007f'));
  if (!validated.ok) return validated;
  const { receivedAt } = validated.event;
  if (receivedAt > appendedMs + EVENT_BOUNDS.futureMs)
    return invalid('received_in_future', {
      field: 'receivedAt',
      must: 'be at most 24 h ahead of the clock of the log',
      got: `${receivedAt}, appended at ${appendedMs}`,
    });
  const deep = tooDeep(validated.event, line);
  if (deep !== undefined) return deep;
  const wrong = isMessageType(validated.event.type) ? validateMessage(validated.event, partitions) : undefined;
  if (wrong !== undefined) return wrong;
  const noErasure = isErasureType(validated.event.type) ? validateErasure(validated.event) : undefined;
  if (noErasure !== undefined) return noErasure;
  const userKey = userKeyOf(validated.event);
  const home = partitionOf(userKey, partitions);
  if (home !== partition) {
    const misplaced = invalid('undecodable_record', {
      field: 'the record',
      must: `lie in partition ${home}, to which its user belongs`,
      got: `partition ${partition}`,
      fix: 'Key it by its user and let murmur2 choose',
    });
    return { ...misplaced, home };
  }
  return { ok: true, event: validated.event, userKey };
}

/** What the log itself says of a message that it could not read. */
function reasonIn(line: string): string | undefined {
  if (!line.startsWith('{"undecodable":')) return undefined;
  try {
    const { undecodable, message } = JSON.parse(line) as { undecodable?: unknown; message?: unknown };
    return typeof message === 'string' ? `${String(undecodable)}: ${message}` : undefined;
  } catch {
    return undefined;
  }
}
