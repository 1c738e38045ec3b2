/**
 * Which user a key belongs to, by time. One anonymous key belongs to one user at a time: from a link on, until the next link of the same key. What it
 * did before its first link belongs to the user of that one.
 *
 * A register is a set: links and their undoing may arrive in any order, and more than once, and it is the same in the end.
 */

/** A place in the log of the partition where it was decided, comparable as a string: of two, the larger one is later. */
export type Version = string;

export interface Link {
  /** The id of the event that links. */
  readonly id: string;
  readonly to: string;
  /** When it happened, epoch ms. */
  readonly ts: number;
  readonly version: Version;
}

export interface Links {
  /** By id. */
  readonly made: Map<string, Link>;
  /** By user: links to them that were made before this are undone. */
  readonly undone: Map<string, Version>;
}

export function noLinks(): Links {
  return { made: new Map(), undone: new Map() };
}

/** False: it was known. */
export function addLink({ made }: Links, link: Link): boolean {
  if ((made.get(link.id)?.version ?? '') >= link.version) return false;
  made.set(link.id, link);
  return true;
}

/** False: it was known. */
export function undoLinks({ undone }: Links, to: string, version: Version): boolean {
  if ((undone.get(to) ?? '') >= version) return false;
  undone.set(to, version);
  return true;
}

/** The user that what happened at `ts` belongs to; null: no link holds. */
export function ownerAt({ made, undone }: Links, ts: number): string | null {
  let first: Link | undefined;
  let last: Link | undefined;
  for (const link of made.values()) {
    if ((undone.get(link.to) ?? '') > link.version) continue;
    if (first === undefined || isBefore(link, first)) first = link;
    if (link.ts <= ts && (last === undefined || isBefore(last, link))) last = link;
  }
  return (last ?? first)?.to ?? null;
}

/** In time; of one instant in the order of their ids, which arrival does not change. */
function isBefore(a: Link, b: Link): boolean {
  return a.ts === b.ts ? a.id < b.id : a.ts < b.ts;
}
