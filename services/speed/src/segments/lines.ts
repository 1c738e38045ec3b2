/**
 * What is published of segments:
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
  /** Versions of segments of which more was said than holds; null: all. */
  readonly of: readonly string[] | null;
}

export interface Member {
  readonly userKey: string;
  readonly fell: Fell | null;
  readonly segment: Pick<WatchedSegment, 'name' | 'version'>;
}

/** `cause`: null where log time alone had it said. */
export function transitionLine(
  { userKey, segment: { name, version }, fell }: Member,
  { kind, atMs, fromMs, toMs }: Transition,
  cause: string | null,
  sha256Hex: Sha256Hex,
): string {
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
  { userKey, segment: { name, version }, fell }: Member,
  takenBack: readonly Transition[],
  { cause, atMs, member, at }: Revised,
  sha256Hex: Sha256Hex,
): string {
  return JSON.stringify({
    ts: atMs,
    type: 'segment.revised',
    id: idOf([userKey, name, version, 'revised', cause, ...partsOf(fell), ...(at === 0 ? [] : [at])], sha256Hex),
    userKey,
    segment: name,
    takenBack: takenBack.slice(0, MOST_SHOWN).map(({ kind, atMs: instant }) => ({ kind, at: instant })),
    member,
    ...(cause === null ? {} : { cause }),
    version,
  });
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
