/** The state that `step` keeps for one user: their timeline and what makes looking at it fast. */
import type { Definitions } from '@tributary/model/definitions';
import { countedOnce } from './once.ts';
import { VISITS_MS } from './sessions/session.ts';
import { before, insertionIndex, lowerBound, type TimelineEvent } from './timeline.ts';
import type { View } from './view.ts';

export interface UserState {
  /** In order (`before` in timeline.ts). May hold events past their retention until the next prune; `step` never looks at those. */
  readonly events: TimelineEvent[];
  /** Built once the timeline is long enough for a scan to hurt. */
  byId: Map<string, TimelineEvent> | undefined;
  /** The length at which events past their retention are dropped next. */
  pruneAtLength: number;
  /**
   * The timeline holds no event up to this instant, epoch ms, though there may have been some: it outgrew a bound, or was not
   * kept for as long as the definitions now ask. What looks this far back is not known; what lies after it is whole.
   */
  cutTs: number;
}

/** A timeline that holds all that is retained. */
export const NEVER_CUT = Number.NEGATIVE_INFINITY;

/** Longer timelines have a map of their ids. */
export const SCAN_UP_TO = 48;
/** Most users have few events, and most of these are signals that are soon past their retention. */
export const FIRST_PRUNE = 8;

export function emptyUser(cutTs = NEVER_CUT): UserState {
  return { events: [], byId: undefined, pruneAtLength: FIRST_PRUNE, cutTs };
}

/**
 * How long an event stays in the timeline behind log time, ms: touches and conversions for the longest view, visits for sessions, marks for segments,
 * other signals to be recognised as duplicates.
 */
export interface Retention {
  readonly longMs: number;
  readonly visitMs: number;
  readonly markMs: number;
  readonly signalMs: number;
}

export function retentionOf(views: readonly View[], definitions: Definitions): Retention {
  const { latenessMs } = definitions;
  const reachOf = (some: readonly View[]) =>
    Math.max(0, ...some.map(({ lens }) => lens.reachMs(definitions) + lens.revisableMs(definitions)));
  const ofVisits = views.some(({ countsSessions }) => countsSessions);
  const ofMarks = views.filter(({ countsSegmentDays }) => countsSegmentDays);
  return {
    longMs: latenessMs + reachOf(views),
    visitMs: latenessMs + (ofVisits ? VISITS_MS : 0),
    markMs: latenessMs + reachOf(ofMarks),
    signalMs: latenessMs,
  };
}

export function isRetained(
  event: Pick<TimelineEvent, 'ts' | 'kind' | 'once' | 'visit' | 'marks'>,
  logTimeMs: number,
  retention: Retention,
): boolean {
  const isSignal = event.kind === 'signal' && event.once === '';
  const { longMs, visitMs, markMs, signalMs } = retention;
  if (!isSignal) return event.ts > logTimeMs - longMs;
  const ofVisit = event.visit === undefined ? signalMs : visitMs;
  return event.ts > logTimeMs - (event.marks === undefined ? ofVisit : Math.max(ofVisit, markMs));
}

export function findById(user: UserState, id: string): TimelineEvent | undefined {
  const { events } = user;
  if (events.length <= SCAN_UP_TO) {
    for (let i = events.length - 1; i >= 0; i--) if ((events[i] as TimelineEvent).id === id) return events[i];
    return undefined;
  }
  user.byId ??= new Map(events.map((event) => [event.id, event]));
  return user.byId.get(id);
}

/** Inserts in order and returns the index. */
export function insert(user: Pick<UserState, 'events' | 'byId'>, event: TimelineEvent): number {
  const { events } = user;
  const last = events[events.length - 1];
  const inOrder = last === undefined || before(last, event);
  const at = inOrder ? events.length : insertionIndex(events, event);
  if (inOrder) events.push(event);
  else events.splice(at, 0, event);
  user.byId?.set(event.id, event);
  return at;
}

/** Puts an event in the place of the one at `at`, which has the same id and order. */
export function replace(user: Pick<UserState, 'events' | 'byId'>, at: number, event: TimelineEvent): void {
  user.events[at] = event;
  user.byId?.set(event.id, event);
}

/** Marks repetitions among events that were inserted as they are. */
export function countOnce(user: UserState, definitions: Definitions): void {
  if (definitions.onceMs.size === 0) return;
  for (const [at, event] of countedOnce(user.events, definitions).entries())
    if (event !== user.events[at]) replace(user, at, event);
}

/** Whether a timeline of that length is looked through for what is past its retention. */
export function isPruneDue({ pruneAtLength }: Pick<UserState, 'pruneAtLength'>, length: number, maxEvents: number): boolean {
  return length >= Math.min(pruneAtLength, maxEvents + 1);
}

/** Drops events past their retention, amortised; beyond `maxEvents` also the oldest others, and remembers up to where. */
export function prune(user: UserState, logTimeMs: number, retention: Retention, maxEvents: number): void {
  if (!isPruneDue(user, user.events.length, maxEvents)) return;
  const kept = user.events.filter((event) => isRetained(event, logTimeMs, retention));
  user.events.length = 0;
  for (const event of kept) user.events.push(event);
  user.byId = undefined;
  // Cutting a tenth below the bound keeps the cost amortised while a user stays at it.
  if (kept.length > maxEvents) cutUpTo(user, (kept[kept.length - Math.floor(maxEvents * 0.9) - 1] as TimelineEvent).ts);
  user.pruneAtLength = Math.max(FIRST_PRUNE, user.events.length * 2);
}

/** Drops all events up to `ts`, those of the same instant included, so that one number says what is left. */
export function cutUpTo(user: UserState, ts: number): void {
  if (ts <= user.cutTs) return;
  user.cutTs = ts;
  user.events.splice(0, lowerBound(user.events, ts + 1));
  user.byId = undefined;
}
