/**
 * Segments: who is in one, and since when. An episode is the half-open time from the event that enters to the event that exits, or to `ttl`
 * after the last event that entered or prolonged it: the instant of its end is out. On one instant exit comes before enter, whatever the ids.
 *
 * Nothing older than the retention counts, so that a record is all that is needed: who entered longer ago than that, and was only prolonged
 * since, is out. When the first episode that is seen began may not be known, as it may be the rest of an earlier one.
 */
import type { Event } from '@tributary/model/event';
import type { Predicate } from '../expressions/function.ts';
import type { SegmentDefinition } from '../resolved.ts';
import { within } from '../timeline.ts';
import type { Evaluate, SegmentValue } from '../value.ts';

export interface Conditions {
  readonly enter: Predicate;
  readonly refresh: Predicate | null;
  readonly exit: Predicate | null;
  readonly not: Predicate | null;
}

/** What happened at one instant. */
export interface Instant {
  readonly ts: number;
  exits: boolean;
  enters: boolean;
  refreshes: boolean;
}

/** `types`: of events that a condition may hold for; null: any. */
export function evaluateSegment(
  definition: SegmentDefinition,
  conditions: Conditions,
  types: ReadonlySet<string> | null,
): Evaluate {
  const { absence, retainedMs, episodes: most } = definition;
  return (timeline, asOfMs) => {
    const fromMs = asOfMs - retainedMs;
    const instants = instantsOf(within(timeline.of(null), fromMs, asOfMs), conditions, types, timeline.pause);
    // Until then an episode may go on that began before what is seen.
    const hiddenToMs = fromMs - 1 + definition.ttlMs;
    const found =
      absence === null ? presence(instants, definition, fromMs, hiddenToMs) : absences(instants, absence.forMs, definition.ttlMs);
    const untilMs = Math.min(untilMoves(asOfMs, found), untilUnknown(definition, instants, asOfMs));
    return { value: valueAt(asOfMs, found, most), fromMs, untilMs, fromMoves: true };
  };
}

function instantsOf(
  events: readonly Event[],
  { enter, refresh, exit, not }: Conditions,
  types: ReadonlySet<string> | null,
  pause: () => void,
): Instant[] {
  const instants: Instant[] = [];
  for (const event of events) {
    if (types !== null && !types.has(event.type)) continue;
    pause();
    const exits = exit?.(event) === true || not?.(event) === true;
    const enters = enter(event);
    const refreshes = refresh?.(event) === true;
    if (!exits && !enters && !refreshes) continue;
    const last = instants.at(-1);
    if (last?.ts !== event.ts) instants.push({ ts: event.ts, exits, enters, refreshes });
    else {
      last.exits ||= exits;
      last.enters ||= enters;
      last.refreshes ||= refreshes;
    }
  }
  return instants;
}

/**
 * Episodes of a user of whom nothing is known but what is seen: who may have been in before, was not. `instants`: all of `fromMs` and later, in order.
 * Those up to any instant do not depend on what happens after it.
 */
export function episodesSeen(definition: SegmentDefinition, instants: readonly Instant[], fromMs: number): Episodes {
  const { absence, ttlMs } = definition;
  return absence === null
    ? presence(instants, definition, fromMs, Number.NEGATIVE_INFINITY)
    : absences(instants, absence.forMs, ttlMs);
}

/** In order; the last one may go on, and `to` is then when it ends if nothing more happens. `from` null: it is not known. */
export type Episodes = readonly { readonly from: number | null; readonly to: number }[];

function valueAt(asOfMs: number, episodes: Episodes, most: number): SegmentValue {
  const over: { from: number; to: number }[] = [];
  let open: Episodes[number] | undefined;
  for (const { from, to } of episodes)
    if (to > asOfMs) open = from === null || from <= asOfMs ? { from, to } : undefined;
    else if (from !== null) over.push({ from, to });
  return {
    member: open !== undefined,
    since: open?.from ?? null,
    until: open?.to ?? null,
    episodes: over.reverse().slice(0, most),
  };
}

/** When the next of them begins or ends. */
function untilMoves(asOfMs: number, episodes: Episodes): number {
  let untilMs = Number.POSITIVE_INFINITY;
  for (const { from, to } of episodes)
    if (from !== null && from > asOfMs) untilMs = Math.min(untilMs, from);
    else if (to > asOfMs) untilMs = Math.min(untilMs, to);
  return untilMs;
}

/**
 * When what is seen no longer says the same of what is hidden: its first instant is too old to be seen, or an episode that began there may be the
 * rest of one that is hidden. What is prolonged before anything entered or ended follows `asOf` from ms to ms.
 */
function untilUnknown(
  { absence, refresh, retainedMs, ttlMs }: SegmentDefinition,
  instants: readonly Instant[],
  asOfMs: number,
): number {
  const [first] = instants;
  if (first === undefined) return Number.POSITIVE_INFINITY;
  const leftMs = first.ts + retainedMs + 1;
  if (absence !== null) return leftMs;
  if (refresh !== null && first.refreshes && !first.enters && !first.exits) return asOfMs + 1;
  const hiddenMs = leftMs - ttlMs + 1;
  return hiddenMs > asOfMs ? Math.min(leftMs, hiddenMs) : leftMs;
}

/** One that goes on for now. */
interface Inside {
  readonly from: number | null;
  readonly enteredMs: number;
  readonly to: number;
}

function presence(
  instants: readonly Instant[],
  { ttlMs, retainedMs }: SegmentDefinition,
  fromMs: number,
  hiddenFirstMs: number,
): Episodes {
  const episodes: Episodes[number][] = [];
  let inside: Inside | null = null;
  let hiddenToMs = hiddenFirstMs;
  for (const { ts, exits, enters, refreshes } of instants) {
    if (inside !== null && (inside.to <= ts || exits)) {
      episodes.push({ from: inside.from, to: Math.min(inside.to, ts) });
      inside = null;
    }
    if (exits) hiddenToMs = ts;
    if (enters) {
      const from: number | null = inside !== null ? inside.from : hiddenToMs <= ts ? ts : null;
      inside = { from, enteredMs: ts, to: ts + ttlMs };
      hiddenToMs = ts;
    } else if (refreshes && inside !== null) {
      const { from, enteredMs }: Inside = inside;
      inside = { from, enteredMs, to: Math.min(ts + ttlMs, enteredMs + retainedMs) };
    } else if (refreshes && ts < hiddenToMs) hiddenToMs = Math.min(ts, fromMs - 1 + retainedMs - ttlMs) + ttlMs;
  }
  return inside === null ? episodes : [...episodes, inside];
}

/** Counted from the last event that entered: another one begins the count again, be it inside or before. */
function absences(instants: readonly Instant[], forMs: number, ttlMs: number): Episodes {
  const episodes: Episodes[number][] = [];
  let enteredMs: number | null = null;
  const end = (atMs: number) => {
    if (enteredMs !== null && enteredMs + forMs < atMs)
      episodes.push({ from: enteredMs + forMs, to: Math.min(atMs, enteredMs + forMs + ttlMs) });
    enteredMs = null;
  };
  for (const { ts, exits, enters } of instants) {
    if (exits || enters) end(ts);
    if (enters) enteredMs = ts;
  }
  end(Number.POSITIVE_INFINITY);
  return episodes;
}
