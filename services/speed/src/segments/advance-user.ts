/**
 * One user from one commit to the next: what is said of their segments, and where they stand then. Log time moves first, then an event comes, and so
 * on; so what is said does not depend on which events one commit takes. Changes the user's marks, and else nothing.
 */

import type { Episodes } from '@tributary/signals/kinds/segments';
import { addMark, areAllFrom, episodesOf, mostMarks, pruneMarks, removeMark } from '@tributary/signals/members/marks';
import {
  endsOf,
  type Membership,
  membershipAt,
  revisionOf,
  type Transition,
  transitionsWithin,
} from '@tributary/signals/members/transitions';
import type { WatchedSegment, WatchedSegments } from '@tributary/signals/members/watched';
import type { Seen } from './follow.ts';
import { type Fell, MOST_SHOWN, revisedLine, transitionLine } from './lines.ts';
import type { UserMarks } from './user-marks.ts';

export interface Advance {
  readonly userKey: string;
  /** Up to here all was said. */
  readonly afterMs: number;
  /** Log time of the commit. */
  readonly upToMs: number;
  readonly seen: readonly Seen[];
  /** All segments are looked at, for the first time; else those alone that an event is something to, unless the user is due. */
  readonly isWhole: boolean;
  /** Log time fell back; null: it never did. */
  readonly fell: Fell | null;
  /** Whether the lines are asked for; else no more than how many there would be. */
  readonly says: boolean;
}

export interface Advanced {
  readonly lines: readonly string[];
  /** How many lines there are, or would be. */
  readonly said: number;
  /** By the place of each segment that was looked at: whether the user was in, and is. */
  readonly memberships: ReadonlyMap<number, { readonly before: boolean; readonly after: boolean }>;
  /** When somebody must look again, at the latest: no later than the next thing happens, epoch ms; Infinity: never. */
  readonly dueMs: number;
  /** Up to when marks were let go because there are too many; null: none were. */
  readonly lostMs: number | null;
}

export function advanceUser(
  segments: WatchedSegments,
  user: UserMarks,
  advance: Advance,
  sha256Hex: (text: string) => string,
): Advanced {
  const { userKey, afterMs, upToMs, seen, fell, says } = advance;
  const all = concerned(segments, user, advance);
  const found: (Episodes | undefined)[] = [];
  const before = memberships(afterMs);
  const lines: string[] = [];
  let said = 0;
  let atMs = afterMs;
  // No later than the next thing happens, so that time in which nothing does costs nothing; where nothing is known of the user, at once.
  let nextMs = advance.isWhole ? Number.NEGATIVE_INFINITY : user.dueMs;

  /** Where no mark is past the instant that they begin at, they are the same whichever it is: as long as the marks stay, they are found once. */
  function episodes(i: number, ms: number): Episodes {
    const segment = segments.list[i] as WatchedSegment;
    const marks = user.marks[i] as number[];
    const fromMs = ms - segment.definition.retainedMs;
    if (!areAllFrom(marks, fromMs)) return episodesOf(segment, marks, fromMs);
    found[i] ??= episodesOf(segment, marks, fromMs);
    return found[i];
  }

  function memberships(ms: number) {
    const byPlace = new Map<number, Membership>();
    for (const i of all) byPlace.set(i, membershipAt(episodes(i, ms), ms));
    return byPlace;
  }

  function happened(i: number, episodesOfIt: Episodes, fromMs: number, toMs: number): Transition[] {
    const { kind, retainedMs } = (segments.list[i] as WatchedSegment).definition;
    const passed = transitionsWithin(episodesOfIt, fromMs, toMs);
    return kind === 'session' ? endsOf(passed, fromMs - retainedMs) : passed;
  }

  function passTime(toMs: number): void {
    if (toMs <= atMs) return;
    if (nextMs <= toMs) {
      nextMs = Number.POSITIVE_INFINITY;
      for (const i of all) {
        const passed = episodes(i, atMs);
        for (const transition of happened(i, passed, atMs, toMs)) say(i, () => asOfItself(i, transition), null);
        nextMs = Math.min(nextMs, membershipAt(passed, toMs).nextMs);
      }
    }
    atMs = toMs;
  }

  /** When its episode began as far as is known at that very instant, in whatever steps log time came there. */
  function asOfItself(i: number, transition: Transition): Transition {
    if (transition.kind === 'entered') return transition;
    const { retainedMs, absence } = (segments.list[i] as WatchedSegment).definition;
    // The event that it began with is known at that instant, too: there are many such ones, and each look is a walk over all marks.
    if (transition.fromMs - (absence?.forMs ?? 0) >= transition.atMs - retainedMs) return transition;
    const episode = episodes(i, transition.atMs).find(({ to }) => to === transition.toMs);
    return { ...transition, fromMs: episode?.from ?? transition.fromMs };
  }

  /** A line has a digest, for which it is made text twice: more than all else here costs. */
  function say(i: number, transition: () => Transition, cause: string | null): void {
    said++;
    const segment = segments.list[i] as WatchedSegment;
    if (says) lines.push(transitionLine({ userKey, segment, fell }, transition(), cause, sha256Hex));
  }

  /** What was said before log time fell back, of instants that it has not reached again. */
  function takeBack({ fromMs }: Fell): void {
    for (const [i, segment] of segments.list.entries()) {
      const was = episodesOf(segment, user.marks[i] as number[], afterMs - segment.definition.retainedMs);
      const takenBack = happened(i, was, afterMs, fromMs);
      const { member } = membershipAt(was, afterMs);
      for (let at = 0; at < takenBack.length; at += MOST_SHOWN) {
        said++;
        const some = takenBack.slice(at, at + MOST_SHOWN);
        if (says)
          lines.push(revisedLine({ userKey, segment, fell }, some, { cause: null, atMs: afterMs, member, at }, sha256Hex));
      }
    }
  }

  function receive({ added, removed, cause }: Seen): void {
    const own = placesOf([{ added, removed }]);
    const was = own.map((i) => episodes(i, atMs));
    for (const [i, mark] of removed) removeMark(user.marks[i] as number[], mark);
    for (const [i, mark] of added) addMark(user.marks[i] as number[], mark);
    for (const i of own) found[i] = undefined;
    for (const [at, i] of own.entries()) {
      const is = episodes(i, atMs);
      const { kind, retainedMs } = (segments.list[i] as WatchedSegment).definition;
      const revision = revisionOf(was[at] ?? [], is, atMs, kind === 'session' ? atMs - retainedMs : null);
      const now = membershipAt(is, atMs);
      nextMs = Math.min(nextMs, now.nextMs);
      if (revision.takenBack.length > 0) {
        said++;
        const member = { userKey, segment: segments.list[i] as WatchedSegment, fell };
        const revised = { cause, atMs, member: now.member, at: 0 };
        if (says) lines.push(revisedLine(member, revision.takenBack, revised, sha256Hex));
      }
      for (const transition of revision.added) say(i, () => transition, cause);
    }
  }

  if (fell !== null && advance.isWhole) takeBack(fell);
  for (const one of seen) {
    passTime(one.logTimeMs);
    receive(one);
  }
  passTime(upToMs);

  let lostMs: number | null = null;
  for (const [i, { definition }] of segments.list.entries()) {
    const lost = pruneMarks(user.marks[i] as number[], upToMs - definition.retainedMs, mostMarks(segments.list.length));
    if (lost !== null && definition.kind === 'segment') lostMs = Math.max(lostMs ?? lost, lost);
  }
  const membershipsOf = new Map<number, { before: boolean; after: boolean }>();
  // What was not looked at is due no earlier than the user was.
  let dueMs = all.length < segments.list.length ? user.dueMs : Number.POSITIVE_INFINITY;
  for (const [i, now] of memberships(upToMs)) {
    membershipsOf.set(i, { before: before.get(i)?.member === true, after: now.member });
    dueMs = Math.min(dueMs, now.nextMs);
  }
  return { lines, said, memberships: membershipsOf, dueMs, lostMs };
}

function concerned(segments: WatchedSegments, { dueMs }: UserMarks, { isWhole, upToMs, seen }: Advance): readonly number[] {
  if (isWhole || dueMs <= upToMs) return [...segments.list.keys()];
  return placesOf(seen);
}

/** Segments that the events are something to, by their places, each once: nearly always one. */
function placesOf(seen: readonly Pick<Seen, 'added' | 'removed'>[]): number[] {
  const places: number[] = [];
  for (const { added, removed } of seen)
    for (const marked of [removed, added]) for (const [i] of marked) if (!places.includes(i)) places.push(i);
  return places;
}
