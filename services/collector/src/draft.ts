/** What the readers of the wire formats produce: an event before its check. */
import type { Event } from '@tributary/model/event';
import type { Invalid } from '@tributary/model/validate-event';
import type { JsonObject } from './json.ts';

/** The fields of an event, their values as sent; undefined is absent. */
export type Draft = { readonly [K in keyof Event]?: unknown };

/** What holds for every item of one request. */
export interface Envelope {
  /** Epoch ms: when the collector had the body. */
  readonly receivedAt: number;
  /** The client's clock when it sent the batch, as sent. */
  readonly sentAt: unknown;
  /** Context of the whole batch: an item's own context goes before it, field by field. */
  readonly context: JsonObject | undefined;
  /** Imported history: timestamps are authoritative. */
  readonly historical: boolean;
  readonly newId: () => string;
}

/** Reads one item of a wire format. */
export type ReadItem = (item: JsonObject, envelope: Envelope) => Draft | Invalid;

export function isInvalid(result: Draft | Invalid): result is Invalid {
  return 'ok' in result;
}
