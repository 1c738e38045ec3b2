/** How a partition's segments are followed from one commit to the next. Lives and dies with its run. */
import type { Definitions } from '@tributary/model/definitions';
import { DAY_MS } from '@tributary/model/time';
import { type Marked, retainedLonger, type WatchedSegments, watchedSegments } from '@tributary/signals/members/watched';
import { NO_SEGMENTS } from '@tributary/store/format/state';
import type { Leapt, PartitionState } from '@tributary/store/speed-store';
import type { DueAhead } from './due-ahead.ts';
import { createMarkCache, type MarkCache } from './user-marks.ts';

/** What an event, or a message between keys, is to a user's segments. */
export interface Seen {
  readonly logTimeMs: number;
  /** The id of the event. */
  readonly cause: string;
  readonly added: readonly Marked[];
  readonly removed: readonly Marked[];
}

export interface Following {
  /** null: no segments are defined. Then `isWhole` says that nothing is left of earlier ones. */
  segments: WatchedSegments | null;
  /** How far back links of keys reach, ms; null: keys are not joined. */
  readonly joinedMs: number | null;
  readonly users: MarkCache;
  /** Log time up to which all was said. */
  atMs: number;
  /** When these segments were first followed, log time. */
  sinceMs: number;
  /** Log time fell back from here to `sinceMs`, or to before it: what was said of the time in between is taken back of each user; null: it never did. */
  fellFromMs: number | null;
  /** How often log time fell back. */
  falls: number;
  /** Log time leapt: sessions are looked at as much further back; null: it did not lately. */
  leapt: Leapt | null;
  /** Where the walk over all users stands; null: at its begin, or its end. */
  cursor: string | null;
  /** The walk has come to its end: who is left are `found`. */
  isWalked: boolean;
  /** Users that the walk found, and who are to be looked at yet. */
  found: readonly string[];
  /** Every user was looked at. */
  isWhole: boolean;
  /** When the first user is due, or earlier; null: it is not known. */
  nextDueMs: number | null;
  /** Who is due next; undefined: it is to be read. */
  ahead: DueAhead | undefined;
  /** What the store holds of members is of others: to be forgotten first. */
  mustForget: boolean;
}

/** Log time moves by more where the log's clock runs ahead, or nothing came for days. */
const LEAP_MS = 3 * DAY_MS;
/** Records are kept for about as long. */
const MOST_LEAPT_MS = 60 * DAY_MS;
/** A clock that ran ahead has been set by then. */
const FORGOTTEN_AFTER_MS = 30 * DAY_MS;

/**
 * A clock that leaps ahead makes all late that comes then. What is said of sessions must follow from the same events as it would without the leap, as it is
 * taken back once the clock is set. `ends`: log time entry by entry, from `fromMs` on.
 */
export function followLeaps(
  following: Following,
  fromMs: number,
  ends: readonly { readonly logTimeMs: number }[],
  segments: () => WatchedSegments | null,
): void {
  let { leapt } = following;
  let atMs = fromMs;
  for (const { logTimeMs } of ends) {
    const aheadMs = logTimeMs - atMs;
    if (atMs > 0 && aheadMs > LEAP_MS) leapt = { ms: Math.min(MOST_LEAPT_MS, (leapt?.ms ?? 0) + aheadMs), toMs: logTimeMs };
    atMs = logTimeMs;
  }
  if (leapt !== null && atMs > leapt.toMs + FORGOTTEN_AFTER_MS) leapt = null;
  if (leapt === following.leapt) return;
  following.leapt = leapt;
  following.segments = retainedLonger(segments(), leapt?.ms ?? 0);
}

/** Follows as far back as `before` does. */
function asFarBack(next: Following, { leapt }: Pick<Following, 'leapt'>): Following {
  return leapt === null ? next : { ...next, leapt, segments: retainedLonger(next.segments, leapt.ms) };
}

/**
 * More users may be due, or are to be looked at for the first time, than the commits so far looked at. The next commit need not wait for an entry of
 * the log; and an entry that changes what is followed waits for it (apply-waiting.ts): from there on nothing is said of what lies before.
 */
export function mayGoOn({ segments, isWhole, nextDueMs, atMs }: Following): boolean {
  return !isWhole || (segments !== null && (nextDueMs === null || nextDueMs <= atMs));
}

/** From the state that the store has; null: nothing was ever committed. */
export function followFrom(
  state: PartitionState | null,
  definitions: Definitions,
  sha256Hex: (text: string) => string,
  maxMarks: number,
): Following {
  const begun = beginFollowing(definitions, state?.logTimeMs ?? 0, sha256Hex, maxMarks);
  const { fellFromMs = null, falls = fellFromMs === null ? 0 : 1, leapt = null } = state?.watched ?? {};
  const following = asFarBack({ ...begun, fellFromMs, falls }, { leapt });
  const { segments } = following;
  const wasNever = state === null || (state.watched === undefined && state.wasWatched === undefined);
  if (state === null || (wasNever && segments === null)) return { ...following, isWhole: true, mustForget: false };
  // Other segments were followed, or none, or a version wrote the state that does not follow any.
  if (state.watched?.key !== (segments?.key ?? NO_SEGMENTS)) return following;
  const { sinceMs, isWhole } = state.watched;
  return { ...following, sinceMs, isWhole, mustForget: false };
}

/** `next` follows other segments, from a barrier on. All that a fall had to be taken back is: the barrier waited for it. */
export function afterBarrier(begun: Following, before: Following): Following {
  const { fellFromMs, falls } = before;
  const next = asFarBack(begun, before);
  // Names are of the fall still: what was taken back would else be said again under the id of before.
  return fellFromMs === null ? next : { ...next, fellFromMs: next.sinceMs, falls };
}

/** `next` follows the same segments, from where log time fell to. */
export function afterFall(next: Following, fromMs: number, before: Following): Following {
  const falls = before.falls + 1;
  // Nothing was said of no segments; what is said of later ones is named by this fall.
  if (next.segments === null) return { ...before, sinceMs: next.sinceMs, fellFromMs: next.sinceMs, falls };
  return asFarBack({ ...next, fellFromMs: fromMs, falls }, before);
}

/** Nothing is known of any user yet. */
export function beginFollowing(
  definitions: Definitions,
  logTimeMs: number,
  sha256Hex: (text: string) => string,
  maxMarks: number,
): Following {
  const segments = watchedSegments(definitions, sha256Hex);
  return {
    segments,
    joinedMs: definitions.joinedMs,
    users: createMarkCache(maxMarks, segments?.list.length ?? 0),
    atMs: logTimeMs,
    sinceMs: logTimeMs,
    fellFromMs: null,
    falls: 0,
    leapt: null,
    cursor: null,
    isWalked: false,
    found: [],
    isWhole: false,
    nextDueMs: null,
    ahead: undefined,
    mustForget: true,
  };
}
