/** What the readers of this door are given. */
import type { Draft, Receipt } from '@tributary/model/reading/draft';
import type { JsonObject } from '@tributary/model/reading/json';
import type { Invalid } from '@tributary/model/refusal';

/** What holds for every item of one request. */
export interface Envelope extends Receipt {
  /** The client's clock when it sent the batch, as sent. */
  readonly sentAt: unknown;
  /** Context of the whole batch: an item's own context goes before it, field by field. */
  readonly context: JsonObject | undefined;
  /** Imported history: timestamps are authoritative. */
  readonly historical: boolean;
  /** The key may send money. */
  readonly money: boolean;
  /** Counts an event whose amounts stay properties, as the key may send no money. */
  readonly leaveAmount?: () => void;
}

/** Reads one item of a wire format. */
export type ReadItem = (item: JsonObject, envelope: Envelope) => Draft | Invalid;
