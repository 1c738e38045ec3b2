/**
 * What the readers of the wire formats produce: an event before its check; and the one way from there to its line.
 * Events come in by two doors, the collector and a topic that other producers write to: both read by the same functions.
 */
import { type Event, encodeEvent } from '../event.ts';
import { type Invalid, invalid } from '../refusal.ts';
import type { JsonObject } from './json.ts';
import { tooDeep, validateEvent } from './validate-event.ts';

/** The fields of an event, their values as sent; undefined is absent. */
export type Draft = { readonly [K in keyof Event]?: unknown };

/** What the receiver knows of an event, whatever its sender says. */
export interface Receipt {
  /** Epoch ms: when it arrived. */
  readonly receivedAt: number;
  /** The public half of the key that it came in with; undefined where there is none. */
  readonly keyId?: string | undefined;
  /** An id for an event that came without one. */
  readonly newId: () => string;
}

/** Reads one event of a wire format. The item's keys, depth and texts have been checked (`validateProperties`). */
export type ReadEvent = (item: JsonObject, receipt: Receipt) => Draft | Invalid;

/** The largest line, in UTF-8 bytes. */
const LINE_LIMIT_BYTES = 32 * 1024;

export interface Encoded {
  readonly ok: true;
  readonly event: Event;
  /** Canonical, without a newline. */
  readonly line: string;
  /** UTF-8 bytes of the line. */
  readonly bytes: number;
}

/** The line of a valid event; else why it is none: a code of `validateEvent`, or `event_too_large`. Never throws. */
export function encodeDraft(draft: Draft | Invalid): Encoded | Invalid {
  if (isInvalid(draft)) return draft;
  const validated = validateEvent(draft);
  if (!validated.ok) return validated;
  const { event } = validated;
  const line = encodeEvent(event);
  const deep = tooDeep(event, line);
  if (deep !== undefined) return deep;
  const bytes = Buffer.byteLength(line);
  return bytes > LINE_LIMIT_BYTES
    ? invalid('event_too_large', {
        field: 'an event',
        must: `have at most ${LINE_LIMIT_BYTES} bytes of JSON`,
        got: String(bytes),
      })
    : { ok: true, event, line, bytes };
}

function isInvalid(result: Draft | Invalid): result is Invalid {
  return 'ok' in result;
}
