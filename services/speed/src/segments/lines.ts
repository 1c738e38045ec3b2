/**
 * What is published of segments, and of sessions whose ends are sent out (session.ended, session.revised):
 *
 *   segment.entered, segment.left   as log time passes the instant, or as an event comes that happened before
 *   segment.revised                 an event out of order took back what was said, or log time that fell back
 *
 * Ids are made of the user, the version of the segment and the instants, of the event where one that came later than log time had it said, and of the
 * fall where log time fell back: what was taken back then is said again when its time comes, under another id.
 */
import type { Transition } from '@tributary/signals/members/transitions';
import type { WatchedSegment } from '@tributary/signals/members/watched';

type Sha256Hex = (text: string) => string;

/** Log time was at `fromMs`, and followed on from `toMs`, epoch ms. */
export interface Fell {
  readonly fromMs: number;
  readonly toMs: number;
  /** How often it fell back so far. */
  readonly falls: number;
}

export interface Member {
  readonly userKey: string;
  readonly fell: Fell | null;
  readonly segment: Pick<WatchedSegment, 'name' | 'version' | 'definition'>;
}

/** `cause`: null where log time alone had it said. */
export function transitionLine(
  member: Member,
  { kind, atMs, fromMs, toMs }: Transition,
  cause: string | null,
  sha256Hex: Sha256Hex,
): string {
  const { userKey, segment, fell } = member;
  const { name, version } = segment;
  if (segment.definition.kind === 'session') {
    const id = idOf([userKey, name, version, 'ended', fromMs, toMs, cause, ...partsOf(fell)], sha256Hex);
    const bounds = { session: name, from: fromMs, to: toMs };
    return JSON.stringify({ ts: atMs, type: 'session.ended', id, userKey, ...bounds, ...(cause !== null && { cause }), version });
  }
  return JSON.stringify({
    ts: atMs,
    type: `segment.${kind}`,
    id: idOf([userKey, name, version, kind, fromMs, kind === 'left' ? toMs : null, cause, ...partsOf(fell)], sha256Hex),
    userKey,
    segment: name,
    from: fromMs,
    ...(kind === 'entered' ? { until: toMs } : { to: toMs }),
    ...(cause === null ? {} : { cause }),
    version,
  });
}

/** `takenBack`: not empty. `member`: whether the user is in now. `cause`: null where log time fell back. `at`: how many are in lines before this one. */
export function revisedLine(
  { userKey, segment: { name, version, definition }, fell }: Member,
  takenBack: readonly Transition[],
  { cause, atMs, member, at }: Revised,
  sha256Hex: Sha256Hex,
): string {
  return JSON.stringify({
    ts: atMs,
    type: `${definition.kind}.revised`,
    id: idOf([userKey, name, version, 'revised', cause, ...partsOf(fell), ...(at === 0 ? [] : [at])], sha256Hex),
    userKey,
    [definition.kind]: name,
    takenBack: takenBack.slice(0, MOST_SHOWN).map(definition.kind === 'session' ? shownEnd : shownTransition),
    [definition.kind === 'session' ? 'open' : 'member']: member,
    ...(cause === null ? {} : { cause }),
    version,
  });
}

function shownTransition({ kind, atMs }: Transition): object {
  return { kind, at: atMs };
}

function shownEnd({ atMs, fromMs }: Transition): object {
  return { kind: 'ended', at: atMs, from: fromMs };
}

/** What one event takes back is one or two, but for clocks that went wrong. */
export const MOST_SHOWN = 100;

interface Revised {
  readonly cause: string | null;
  readonly atMs: number;
  readonly member: boolean;
  readonly at: number;
}

/** None where log time never fell back: ids are as they were before it could. Two falls may be between the same instants. */
function partsOf(fell: Fell | null): readonly number[] {
  return fell === null ? [] : [fell.fromMs, fell.toMs, ...(fell.falls === 1 ? [] : [fell.falls])];
}

function idOf(parts: readonly unknown[], sha256Hex: Sha256Hex): string {
  return sha256Hex(JSON.stringify(parts)).slice(0, 32);
}
