/**
 * Who enters and leaves a segment, and when, by a clock that only log time moves.
 *
 * At log time L a user's episodes say what has happened: an entry for each that began at or before L, an exit for each that ended. With the
 * same events more of it happens as L grows, and nothing of it changes; an event that comes late may add to it, and take some of it back.
 * So it does not matter in what steps log time moves: what is said between two instants is what lies between them.
 */
import type { Episodes } from '../kinds/segments.ts';
import { UNKNOWN_BEGIN_MS } from '../kinds/sessions.ts';

export interface Transition {
  readonly kind: 'entered' | 'left';
  readonly atMs: number;
  /** When the episode began, and when it ends if nothing more happens. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** Only that sessions ended is said, and of those alone whose begin is known where events from `sinceMs` on are. */
export function endsOf(transitions: readonly Transition[], sinceMs: number): Transition[] {
  return transitions.filter(({ kind, toMs }) => kind === 'left' && toMs >= sinceMs + UNKNOWN_BEGIN_MS);
}

/** Those with `afterMs < at <= upToMs`, in order. */
export function transitionsWithin(episodes: Episodes, afterMs: number, upToMs: number): Transition[] {
  const found: Transition[] = [];
  for (const { from, to: toMs } of episodes) {
    const fromMs = from as number;
    if (fromMs > afterMs && fromMs <= upToMs) found.push({ kind: 'entered', atMs: fromMs, fromMs, toMs });
    if (toMs > afterMs && toMs <= upToMs) found.push({ kind: 'left', atMs: toMs, fromMs, toMs });
  }
  return found;
}

export interface Membership {
  /** Whether the user is in at the instant. */
  readonly member: boolean;
  /** The next instant at which that changes, if nothing more happens; Infinity: none. */
  readonly nextMs: number;
}

export function membershipAt(episodes: Episodes, atMs: number): Membership {
  let member = false;
  let nextMs = Number.POSITIVE_INFINITY;
  for (const { from, to } of episodes) {
    const fromMs = from as number;
    if (fromMs <= atMs && atMs < to) member = true;
    if (fromMs > atMs) nextMs = Math.min(nextMs, fromMs);
    if (to > atMs) nextMs = Math.min(nextMs, to);
  }
  return { member, nextMs };
}

export interface Revision {
  /** What was said and does not hold any more. */
  readonly takenBack: readonly Transition[];
  readonly added: readonly Transition[];
}

const UNCHANGED: Revision = { takenBack: [], added: [] };

/** What an event changed of what had happened up to `atMs`. `endsSinceMs`: of sessions, as events are known from then on; null: of a segment. */
export function revisionOf(before: Episodes, after: Episodes, atMs: number, endsSinceMs: number | null = null): Revision {
  // What both begin with was said and holds: nearly always all but the last.
  let same = 0;
  while (same < Math.min(before.length, after.length) && areEqual(before[same], after[same])) same++;
  const [was, is] = [before, after].map((all) => {
    const found = transitionsWithin(all.slice(same), Number.NEGATIVE_INFINITY, atMs);
    return endsSinceMs === null ? found : endsOf(found, endsSinceMs);
  }) as [Transition[], Transition[]];
  const keyOf = endsSinceMs === null ? instantOf : boundsOf;
  // As where an episode that goes on was prolonged.
  if (was.length === is.length && was.every((one, i) => keyOf(one) === keyOf(is[i] as Transition))) return UNCHANGED;
  const [known, holds] = [new Set(was.map(keyOf)), new Set(is.map(keyOf))];
  return {
    takenBack: was.filter((one) => !holds.has(keyOf(one))),
    added: is.filter((one) => !known.has(keyOf(one))),
  };
}

function areEqual(one: Episodes[number] | undefined, other: Episodes[number] | undefined): boolean {
  return one?.from === other?.from && one?.to === other?.to;
}

/** That a session which ended began earlier, or later, changes what was said of it. */
function boundsOf({ fromMs, toMs }: Transition): string {
  return `${fromMs} ${toMs}`;
}

/** An instant has at most one of each kind: an episode that ends there, and the next that begins there. */
function instantOf({ kind, atMs }: Transition): string {
  return `${kind} ${atMs}`;
}
