/** Definitions with every default filled in, as plain JSON: what versions are made of, and what `explain` shows. */

/** Which events count. */
export interface Selector {
  /** null: all. */
  readonly types: readonly string[] | null;
  /** CEL; null: no further condition. */
  readonly where: string | null;
}

/** Half-open: an event at exactly asOf − ms counts, one at asOf does not. */
export type Window = TimeWindow | { readonly kind: 'session'; readonly session: string };

/** Tumbling: since the last whole multiple of `ms` from 1970 on. Sawtooth: from the last whole multiple of `hopMs` at or before asOf − ms on. */
export type TimeWindow =
  | { readonly kind: 'sliding' | 'tumbling'; readonly ms: number }
  | { readonly kind: 'sawtooth'; readonly ms: number; readonly hopMs: number };

export type Measure =
  | 'count'
  | 'sum'
  | 'min'
  | 'max'
  | 'mean'
  | 'variance'
  | 'first'
  | 'last'
  | 'distinct'
  | 'mostFrequent'
  | 'top'
  | 'timeSince'
  | 'decayedCount'
  | 'decayedSum';

export interface EventsDefinition {
  readonly kind: 'events';
  readonly of: Selector;
  readonly fields: readonly string[];
  readonly count: number;
  readonly ageMs: number;
}

/** Events, each with the first event of `with` around it that has equal values. */
export interface JoinDefinition {
  readonly kind: 'join';
  readonly of: Selector;
  readonly fields: readonly string[];
  readonly with: { readonly of: Selector; readonly fields: readonly string[] };
  /** Fields whose values are equal: of the one, and of the other. */
  readonly on: readonly (readonly [field: string, fieldOfMatch: string])[];
  /** A match is from so long before the event to so long after it, both ends included. */
  readonly beforeMs: number;
  readonly afterMs: number;
  /** null: events with a match and without one. */
  readonly only: 'matched' | 'unmatched' | null;
  readonly count: number;
  readonly ageMs: number;
}

/** The name of a field of a match in an entry: `value` is `matchValue`. */
export function shownOfMatch(field: string): string {
  return `match${field.charAt(0).toUpperCase()}${field.slice(1)}`;
}

export interface AggregateDefinition {
  readonly kind: 'aggregate';
  readonly measure: Measure;
  readonly of: Selector;
  /** null: the measure is of events, not of their values. */
  readonly field: string | null;
  readonly window: Window;
  readonly k?: number;
  readonly halfLifeMs?: number;
}

export interface RatioDefinition {
  readonly kind: 'ratio';
  readonly of: RatioPart;
  readonly to: RatioPart;
  readonly window: Window;
}

export interface RatioPart {
  readonly measure: 'count' | 'sum';
  readonly of: Selector;
  readonly field: string | null;
}

export interface SessionDefinition {
  readonly kind: 'session';
  readonly of: Selector;
  readonly gapMs: number;
  readonly count: number;
  readonly ageMs: number;
}

export interface SegmentDefinition {
  readonly kind: 'segment';
  readonly enter: string;
  readonly refresh: string | null;
  readonly exit: string | null;
  readonly absence: { readonly not: string; readonly forMs: number } | null;
  readonly ttlMs: number;
  readonly episodes: number;
  /** No event from before asOf − this counts. */
  readonly retainedMs: number;
}

/** Sessions whose ends are sent out. */
export interface SessionEndsDefinition extends Pick<SessionDefinition, 'kind' | 'gapMs'> {
  readonly absence: null;
  /** No event from before an instant − this counts. */
  readonly retainedMs: number;
}

export type ResolvedDefinition =
  | EventsDefinition
  | JoinDefinition
  | AggregateDefinition
  | RatioDefinition
  | SessionDefinition
  | SegmentDefinition;
