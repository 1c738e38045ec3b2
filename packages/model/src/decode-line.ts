/**
 * From a line of the log to an event. Every reader of the log (speed worker, archiver) decides by this one function what
 * is an event and what is parked: else the two layers would count differently.
 */
import type { Event } from './event.ts';
import { partitionOf, userKeyOf } from './user-key.ts';
import { EVENT_BOUNDS, type Invalid, invalid, validateEvent } from './validate-event.ts';

/** `home`: of a whole event that lies in another partition than its user's. Both layers pass it over; the speed worker appends it there. */
export type DecodedLine =
  | { readonly ok: true; readonly event: Event; readonly userKey: string }
  | (Invalid & { readonly home?: number });

/** Decodes a line found in `partition` of `partitions`, which the log took at `appendedMs` by its own clock. Never throws. */
export function decodeLine(line: string, partition: number, partitions: number, appendedMs: number): DecodedLine {
  if (!line.startsWith('{"ts":'))
    return invalid('undecodable_record', reasonIn(line) ?? 'the record is not a canonical line: it does not start with {"ts":');
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    return invalid('undecodable_record', `the record is not JSON: ${(cause as Error).message}`);
  }
  const validated = validateEvent(value, !line.includes('\\') && !line.includes('\u007f'));
  if (!validated.ok) return validated;
  const { receivedAt } = validated.event;
  if (receivedAt > appendedMs + EVENT_BOUNDS.futureMs)
    return invalid(
      'received_in_future',
      `receivedAt ${receivedAt} is more than 24 h ahead of the log's own clock, which stood at ${appendedMs}`,
    );
  const { properties } = validated.event;
  if (properties !== undefined && mayBeDeep(line) && isDeeperThan(properties, EVENT_BOUNDS.propertyDepth))
    return invalid('too_deep', `properties nests deeper than ${EVENT_BOUNDS.propertyDepth} levels`);
  const userKey = userKeyOf(validated.event);
  const home = partitionOf(userKey, partitions);
  if (home !== partition) {
    const message = `the user belongs to partition ${home}, the record was found in partition ${partition}: key it by its user and let murmur2 choose`;
    return { ...invalid('undecodable_record', message), home };
  }
  return { ok: true, event: validated.event, userKey };
}

/** Whether the line opens more levels than are allowed, side by side or within each other: cheaper than looking into every property. */
function mayBeDeep(line: string): boolean {
  let opened = 0;
  for (const bracket of ['{', '['])
    for (let at = line.indexOf(bracket, 1); at >= 0; at = line.indexOf(bracket, at + 1))
      if (++opened > EVENT_BOUNDS.propertyDepth) return true;
  return false;
}

/** JSON.parse reads any depth; writing it again overflows the stack. */
function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeperThan(inner, levels - 1));
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
