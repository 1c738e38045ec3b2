/** Why real time may not count an event as the batch does, and what has to do with it. */
export const CAUSES = ['late', 'beyondRetention', 'duplicate'] as const;
export type Cause = (typeof CAUSES)[number];

/** A conversion whose path or place has to do with what came too late, or twice. */
export interface ChangedConversion {
  readonly id: string;
  readonly type: string;
  readonly ts: number;
  readonly valueMinor: number;
  readonly currency: string;
  /** undefined: it was there, and touches came to its path. */
  readonly cause: Cause | undefined;
  /** Its path as the batch has it, in order. */
  readonly touches: readonly ChangedTouch[];
}

export interface ChangedTouch {
  readonly id: string;
  readonly ts: number;
  readonly channel: string;
  readonly campaign: string;
  readonly cause: Cause | undefined;
}
