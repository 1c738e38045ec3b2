/** Where each listener stands in the output log, and what it gets of an entry. Without I/O. */
import type { Position } from '@tributary/log/port';
import { idOfPlaces, type Place } from './event-id.ts';
import { eventText, type Member } from './hub.ts';
import type { OutputLine } from './output-line.ts';

export interface Follower {
  readonly member: Pick<Member, 'send' | 'waiting' | 'dismiss' | 'gone'>;
  readonly wants: (line: OutputLine) => boolean;
  /** Where it stands by itself; null: where all stand. */
  own: Place[] | null;
  /** It gets each entry as it is read. */
  isLive: boolean;
}

/** An entry; null in place of lines that are not sent. */
export interface ReadEntry {
  readonly partition: number;
  readonly position: Position;
  readonly lines: readonly (OutputLine | null)[];
}

/** Whether `place` lies before `other` by a whole entry. */
export function isBefore(place: Place | undefined, other: Place | undefined): boolean {
  return (place?.after ?? '') < (other?.after ?? '');
}

/** The entry for one that stands by itself: what it had of it is left out. `log`: as ids name it. */
export function takeEntry(log: string, follower: Follower, own: Place[], { partition, position, lines }: ReadEntry): void {
  const place = own[partition] as Place;
  if ((place.after ?? '') >= position) return;
  let text = '';
  for (let i = place.lines; i < lines.length; i++) {
    own[partition] = placeBehind(place.after, position, lines, i);
    const line = lines[i];
    if (line != null && follower.wants(line)) text += eventText(line.type, line.json, idOfPlaces(log, own));
  }
  own[partition] = { after: position, lines: Math.max(0, place.lines - lines.length) };
  if (text !== '') follower.member.send(text);
}

/** The entry for all who stand where `live` says, which moves behind it. Texts are made once. */
export function giveEntry(log: string, followers: Iterable<Follower>, live: Place[], entry: ReadEntry): void {
  const { partition, position, lines } = entry;
  const after = live[partition]?.after ?? null;
  const texts: string[] = [];
  const textOf = (line: OutputLine, i: number) => {
    live[partition] = placeBehind(after, position, lines, i);
    return (texts[i] ??= eventText(line.type, line.json, idOfPlaces(log, live)));
  };
  for (const follower of followers)
    if (!follower.isLive) continue;
    else if (follower.own !== null) takeEntry(log, follower, follower.own, entry);
    else {
      const text = lines.map((line, i) => (line !== null && follower.wants(line) ? textOf(line, i) : '')).join('');
      if (text !== '') follower.member.send(text);
    }
  live[partition] = { after: position, lines: 0 };
}

function placeBehind(after: Position | null, position: Position, { length }: { readonly length: number }, i: number): Place {
  return i === length - 1 ? { after: position, lines: 0 } : { after, lines: i + 1 };
}

/** One that stands where all stand needs no place of its own. */
export function joinLive(follower: Follower, live: readonly Place[]): void {
  const isThere = follower.own?.every(({ after, lines }, p) => lines === 0 && after === (live[p]?.after ?? null));
  if (isThere === true) follower.own = null;
}

/** Moves places to where the log begins, and back to where it ends; the partitions of which entries are gone, or never were. */
export function withinLog(
  places: Place[],
  starts: readonly (Position | null)[],
  ends: readonly (Position | null)[] | null,
): number[] {
  const lost: number[] = [];
  for (const [p, { after }] of places.entries()) {
    const [start, end] = [starts[p] ?? null, ends === null ? after : (ends[p] ?? null)];
    const isBeyond = (after ?? '') > (end ?? '');
    if (!isBeyond && (after ?? '') >= (start ?? '')) continue;
    lost.push(p);
    places[p] = { after: isBeyond ? end : start, lines: 0 };
  }
  return lost;
}
