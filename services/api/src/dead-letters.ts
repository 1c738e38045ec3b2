/**
 * A dead letter read again, by the very functions that both layers read by. The line is a function of the letter alone, with the id that
 * the event has, or one that is made of where it lay: what is replayed twice, or again after a crash, counts once.
 */
import { readMessage } from '@tributary/log/kafka/foreign-event';
import { type KeptMessage, messageIn } from '@tributary/log/kafka/undecodable-line';
import { TributaryError } from '@tributary/model/errors';
import { type Event, encodeEvent } from '@tributary/model/event';
import { decodeLine } from '@tributary/model/reading/decode-line';
import type { Encoded } from '@tributary/model/reading/draft';
import { type Invalid, refusedBefore } from '@tributary/model/refusal';
import { partitionOf, userKeyOf } from '@tributary/model/user-key';
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
  const kept = messageIn(raw);
  const read = readAsMessage(letter, kept);
  if (read.ok) return isEvent(read.line, read.event);
  return kept === null ? asFound : refusedBefore('undecodable_record', `${read.code}: ${read.message}`);
}

function demandReplayable({ id, at, code, raw }: StoredDeadLetter): void {
  const why = !at.includes('.')
    ? 'a barrier or a heartbeat, no event: drop it'
    : code === 'not_applied'
      ? 'an event that the batch layer counts already: the next generation has it, then drop it'
      : isCut(raw)
        ? 'longer than what is kept here: the archive has all of it; send the event again from its source'
        : messageIn(raw)?.headers === null
          ? 'of a version that did not keep the headers, which say what the message is; send the event again from its source'
          : null;
  if (why !== null) throw new TributaryError('not_replayable', `the dead letter ${id} is ${why}`);
}

/** As the log reads what another producer wrote. Received when it was written, or where that clock was behind, when it was parked. */
function readAsMessage(letter: StoredDeadLetter, kept: KeptMessage | null): Encoded | Invalid {
  const { raw, partition, parkedAt } = letter;
  const id = kept?.at ?? `dead-letter-${partition}-${letter.at}`;
  const { key, value } = kept ?? { key: null, value: Buffer.from(raw) };
  const readAt = (receivedAt: number) =>
    readMessage({ key, value, headers: kept?.headers ?? new Map() }, { receivedAt, newId: () => id });
  const read = readAt(Math.min(kept?.timestampMs ?? parkedAt, parkedAt));
  return !read.ok && read.code === 'ts_in_future' ? readAt(parkedAt) : read;
}
