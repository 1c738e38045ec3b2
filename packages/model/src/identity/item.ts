/** An event, as far as adoption looks at it. */
export interface Item {
  /** The key that it was received with, and its id among that key's events. */
  readonly origin: string;
  readonly id: string;
  readonly ts: number;
  /** Sent with the id of a user, or lent (`Movable`). */
  readonly isKnown: boolean;
  /** The keys that lent it, the origin first; empty where it was received. */
  readonly path: readonly string[];
  /** The event's line as its origin got it, which a reader goes on with. */
  readonly line: string;
}
