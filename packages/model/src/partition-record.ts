/** What the log carries besides events: barriers and heartbeats. */

export interface Barrier {
  readonly generation: number;
  /** The definitions that hold from here on, as canonical JSON: they travel in the log, so both layers switch at the same cut. */
  readonly definitions: string;
}

export interface Heartbeat {
  /** The collector's clock, epoch ms: moves the log time of an idle partition. */
  readonly receivedAt: number;
}
