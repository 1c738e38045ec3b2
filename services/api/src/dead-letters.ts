/**
 * A dead letter read again, by the very functions that both layers read by. The line is a function of the letter alone, with the id that
 * the event has, or one that is made of where it lay: what is replayed twice, or again after a crash, counts once.
 */
import { cloudEventReader } from '@tributary/model/cloud-event';
import { decodeLine } from '@tributary/model/decode-line';
import { encodeDraft } from '@tributary/model/draft';
import { TributaryError } from '@tributary/model/errors';
import { EVENT_FIELDS, type Event, encodeEvent } from '@tributary/model/event';
import { isObject } from '@tributary/model/json';
import { nativeReader } from '@tributary/model/native-event';
import { partitionOf, userKeyOf } from '@tributary/model/user-key';
import { type Invalid, invalid, validateProperties } from '@tributary/model/validate-event';
import { sha256Hex } from '@tributary/runtime/definitions';
import { isCut, type StoredDeadLetter } from '@tributary/store/dead-letters';

export interface Replayed {
  readonly ok: true;
  readonly event: Event;
  readonly line: string;
  /** The partition of the event's user. */
  readonly home: number;
}

/** The event, or why it still cannot be read. `nowMs`: when it would be appended. Throws `not_replayable`. */
export function readAgain(letter: StoredDeadLetter, partitions: number, nowMs: number): Replayed | Invalid {
  demandReplayable(letter);
  const { raw, partition, parkedAt } = letter;
  const isEvent = (line: string, event: Event): Replayed | Invalid => {
    const home = partitionOf(userKeyOf(event), partitions);
    const decoded = decodeLine(line, home, partitions, nowMs);
    return decoded.ok ? { ok: true, event: decoded.event, line, home } : decoded;
  };
  const asFound = decodeLine(raw, partition, partitions, nowMs);
  if (asFound.ok) return isEvent(raw, asFound.event);
  if (asFound.home !== undefined) return isEvent(raw, JSON.parse(raw) as Event);
  if (asFound.code === 'received_in_future') {
    // The clock of its collector was ahead: it was there when it was parked.
    const event = { ...(JSON.parse(raw) as Event), receivedAt: parkedAt };
    return isEvent(encodeEvent(event), event);
  }
  if (raw.startsWith('{"ts":')) return asFound;
  const wrapped = wrappedValue(raw);
  if (wrapped?.value === null) return asFound;
  const read = asMessage(wrapped?.value ?? raw, wrapped?.at ?? `dead-letter-${partition}-${letter.at}`, parkedAt);
  if (read.ok) return isEvent(read.line, read.event);
  return wrapped === null ? asFound : invalid('undecodable_record', `${read.code}: ${read.message}`);
}

function demandReplayable({ id, at, code, raw }: StoredDeadLetter): void {
  const why = !at.includes('.')
    ? 'a barrier or a heartbeat, no event: drop it'
    : code === 'not_applied'
      ? 'an event that the batch layer counts already: the next generation has it, then drop it'
      : isCut(raw)
        ? 'longer than what is kept here: the archive has all of it; send the event again from its source'
        : null;
  if (why !== null) throw new TributaryError('not_replayable', `the dead letter ${id} is ${why}`);
}

/** What the log wrote in place of a message of another producer; `value` is null where its bytes were not text. */
function wrappedValue(raw: string): { readonly value: string | null; readonly at: string } | null {
  if (!raw.startsWith('{"undecodable":')) return null;
  const { value, at } = JSON.parse(raw) as { readonly value?: unknown; readonly at?: unknown };
  return { value: typeof value === 'string' ? value : null, at: String(at) };
}

const readNative = nativeReader({ accepted: new Set(EVENT_FIELDS), source: 'kafka' });
const readCloudEvent = cloudEventReader(sha256Hex);

/** As the log reads what another producer wrote (packages/log/src/kafka/foreign-event.ts), but for headers and key, which are not kept. */
function asMessage(text: string, id: string, receivedAt: number) {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    return invalid('invalid_json', `the value is not JSON: ${(cause as Error).message}`);
  }
  const bad = validateProperties(json, 'event', -1);
  if (bad !== undefined) return bad;
  if (!isObject(json)) return invalid('invalid_json', 'the value must be a JSON object');
  const read = json['specversion'] === undefined ? readNative : readCloudEvent;
  return encodeDraft(read(json, { receivedAt, newId: () => id }));
}
