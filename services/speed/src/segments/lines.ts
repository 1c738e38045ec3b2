/**
 * What is published of segments:
 *
 *   segment.entered, segment.left   as log time passes the instant, or as an event comes that happened before
 *   segment.revised                 an event out of order took back what was said
 *
 * Ids are made of the user, the version of the segment and the instants, and of the event where one that came later than log time had it said.
 */
import type { Transition } from '@tributary/signals/members/transitions';
import type { WatchedSegment } from '@tributary/signals/members/watched';

type Sha256Hex = (text: string) => string;

export interface Member {
  readonly userKey: string;
  readonly segment: Pick<WatchedSegment, 'name' | 'version'>;
}

/** `cause`: null where log time alone had it said. */
export function transitionLine(
  { userKey, segment: { name, version } }: Member,
  { kind, atMs, fromMs, toMs }: Transition,
  cause: string | null,
  sha256Hex: Sha256Hex,
): string {
  return JSON.stringify({
    ts: atMs,
    type: `segment.${kind}`,
    id: idOf([userKey, name, version, kind, fromMs, kind === 'left' ? toMs : null, cause], sha256Hex),
    userKey,
    segment: name,
    from: fromMs,
    ...(kind === 'entered' ? { until: toMs } : { to: toMs }),
    ...(cause === null ? {} : { cause }),
    version,
  });
}

/** `takenBack`: not empty. `member`: whether the user is in now. */
export function revisedLine(
  { userKey, segment: { name, version } }: Member,
  takenBack: readonly Transition[],
  { cause, atMs, member }: { readonly cause: string; readonly atMs: number; readonly member: boolean },
  sha256Hex: Sha256Hex,
): string {
  return JSON.stringify({
    ts: atMs,
    type: 'segment.revised',
    id: idOf([userKey, name, version, 'revised', cause], sha256Hex),
    userKey,
    segment: name,
    takenBack: takenBack.slice(0, MOST_SHOWN).map(({ kind, atMs: at }) => ({ kind, at })),
    member,
    cause,
    version,
  });
}

/** What one event takes back is one or two, but for clocks that went wrong. */
const MOST_SHOWN = 100;

function idOf(parts: readonly unknown[], sha256Hex: Sha256Hex): string {
  return sha256Hex(JSON.stringify(parts)).slice(0, 32);
}
