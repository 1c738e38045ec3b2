/**
 * Which user a key belongs to, by time. One anonymous key belongs to one user at a time: from a link on, until the next link of the same key. What it
 * did before its first link belongs to the user of that one.
 *
 * A register is a set: links and their undoing may arrive in any order, and more than once, and it is the same in the end.
 *
 * A link says nothing about what happened more than `windowMs` before it was received, and neither does its undoing. That is decided by what the
 * link itself carries, and by no clock, so that each reader decides it alike whenever it reads.
 *
 * The links of a key that were received on one day (UTC) count up to the millisecond with which they are `MOST_LINKS_OF_DAY`: each may move all events of
 * the key, and a page may send any number of them. Where several have one name, each day looks at the one that it received first, whatever other days did;
 * among those that count the oldest holds. What does not count is not kept: it changes nothing about any other link.
 *
 * A key whose record lost events cannot lend them. So a link, or an undoing, that came after that says nothing about what happened up to a `floor`: the key
 * says so itself, in a message to itself, and what it had lent by then stays lent. The lowest of several floors that were said of one holds.
 */

import { byCodePoint } from '../code-points.ts';
import { DAY_MS } from '../time.ts';

/** More than people make who share a device. */
export const MOST_LINKS_OF_DAY = 64;

/** A place in the log of the partition where it was decided, comparable as a string: of two, the larger one is later. */
export type Version = string;

export interface Link {
  /** Names it among the links of its key. */
  readonly id: string;
  readonly to: string;
  /** When it happened, epoch ms. */
  readonly ts: number;
  readonly version: Version;
  /** When what says so was received, epoch ms. */
  readonly receivedAt: number;
  /** Made by an alias of who may merge two users: it also moves what is a known user's. */
  readonly merges?: true;
  /** It says nothing about what happened up to then, epoch ms. */
  floor?: number;
}

/** What decides about which events a link says anything. */
export type Saying = Pick<Link, 'receivedAt' | 'merges'>;

export type Undoing = Pick<Link, 'version' | 'receivedAt' | 'floor'>;

interface LinksOfDay {
  /** When the first ones were received, in time, one more than may count. */
  readonly received: number[];
  /** Those that count, by their ids. */
  readonly counted: Map<string, Link>;
}

/** Most keys have one link or none: more is made for the second one alone. */
export interface Links {
  /** How far back from its receipt a link reaches, ms. */
  readonly windowMs: number;
  readonly mostOfDay: number;
  /** Undefined: there is one link at most, the one that was made. */
  days: Map<number, LinksOfDay> | undefined;
  /** In time; of one instant in the order of their ids, which arrival does not change. */
  made: Link[];
  /** Those among them that move what is a known user's, in the same order: anybody may make others to the id of a user, each day some. */
  merging: Link[];
  /** The same by their ids. */
  byId: Map<string, Link> | undefined;
  /** By user: links to them that were made before one of these are undone. */
  undone: Map<string, Undoing[]> | undefined;
}

/** Shared by all keys that have none, and never changed. */
const NO_LINKS = Object.freeze<Link[]>([]) as Link[];

export function noLinks(windowMs: number, mostOfDay = MOST_LINKS_OF_DAY): Links {
  return { windowMs, mostOfDay, days: undefined, made: NO_LINKS, merging: NO_LINKS, byId: undefined, undone: undefined };
}

/** False: it was known, or does not count. `changed`: gets those that hold from now on, and those that do not any more. */
export function addLink(links: Links, link: Link, changed: Saying[] = []): boolean {
  if (links.days === undefined && links.made.length === 0) {
    links.made = [link];
    if (link.merges === true) links.merging = [link];
    changed.push(link);
    return true;
  }
  const { received, counted } = dayWith(links, link);
  if (link.receivedAt >= (received[links.mostOfDay] ?? Number.POSITIVE_INFINITY)) return false;
  const known = counted.get(link.id);
  if (known !== undefined) {
    if (known.version === link.version) return lowerFloor(known, link, changed);
    if (!isReceivedBefore(link, known)) return false;
    received.splice(received.indexOf(known.receivedAt), 1);
  }
  received.splice(
    countFirst(received, (at) => at <= link.receivedAt),
    0,
    link.receivedAt,
  );
  received.splice(links.mostOfDay + 1);
  counted.set(link.id, link);
  const out = leaveOut(counted, received[links.mostOfDay]);
  const holding = byIdOf(links).get(link.id);
  if (known !== undefined || holding === undefined || link.version < holding.version) hold(links, link.id, changed);
  for (const { id } of out) hold(links, id, changed);
  return out.some((one) => one !== link) || !out.includes(link);
}

/** Those that count of the same name and day: where it was received before that, it takes its place. */
export function alikeOfDay({ days, made }: Links, link: Link): Link | undefined {
  if (days === undefined) return made.find(({ id, receivedAt }) => id === link.id && dayOf({ receivedAt }) === dayOf(link));
  return days.get(dayOf(link))?.counted.get(link.id);
}

/** False: it was as low. */
function lowerFloor(
  known: Pick<Link, 'receivedAt' | 'floor' | 'merges'>,
  { floor }: Pick<Link, 'floor'>,
  changed: Saying[],
): boolean {
  if (floor === undefined || floor >= (known.floor ?? Number.POSITIVE_INFINITY)) return false;
  known.floor = floor;
  changed.push(known);
  return true;
}

/** Those of a day that were received at its end or later. */
function leaveOut(counted: Map<string, Link>, end: number | undefined): Link[] {
  if (end === undefined) return [];
  const out = [...counted.values()].filter(({ receivedAt }) => receivedAt >= end);
  for (const { id } of out) counted.delete(id);
  return out;
}

/** The oldest of those under one id that count: an event that is sent again does not link again what was undone. */
function hold(links: Links, id: string, changed: Saying[]): void {
  const { made, merging } = links;
  const byId = byIdOf(links);
  const before = byId.get(id);
  let oldest: Link | undefined;
  for (const { counted } of links.days?.values() ?? []) {
    const link = counted.get(id);
    if (link !== undefined && (oldest === undefined || link.version < oldest.version)) oldest = link;
  }
  if (oldest === before) return;
  if (before !== undefined) {
    made.splice(placeOf(made, before), 1);
    if (before.merges === true) merging.splice(placeOf(merging, before), 1);
    changed.push(before);
  }
  byId.delete(id);
  if (oldest === undefined) return;
  byId.set(id, oldest);
  links.made = withLink(made, oldest);
  if (oldest.merges === true) links.merging = withLink(merging, oldest);
  changed.push(oldest);
}

/** An empty list is maybe that of other keys as well. */
function withLink(made: Link[], link: Link): Link[] {
  if (made.length === 0) return [link];
  made.splice(placeOf(made, link), 0, link);
  return made;
}

/** Asked before a link is made beside the only one. */
function byIdOf(links: Links): Map<string, Link> {
  links.byId ??= new Map(links.made.map((link) => [link.id, link]));
  return links.byId;
}

function dayWith(links: Links, link: Link): LinksOfDay {
  const days = (links.days ??= daysOf(links));
  const day = dayOf(link);
  let known = days.get(day);
  if (known === undefined) days.set(day, (known = { received: [], counted: new Map() }));
  return known;
}

/** The day of the only link. */
function daysOf({ made }: Links): Map<number, LinksOfDay> {
  return new Map(made.map((link) => [dayOf(link), { received: [link.receivedAt], counted: new Map([[link.id, link]]) }]));
}

function isReceivedBefore(a: Link, b: Link): boolean {
  return a.receivedAt === b.receivedAt ? a.version < b.version : a.receivedAt < b.receivedAt;
}

function dayOf({ receivedAt }: Pick<Link, 'receivedAt'>): number {
  return Math.floor(receivedAt / DAY_MS);
}

/** False: it was known. */
export function undoLinks(links: Links, to: string, undoing: Undoing, changed: Saying[] = []): boolean {
  const undone = (links.undone ??= new Map<string, Undoing[]>());
  const all = undone.get(to) ?? [];
  const known = all.find(({ version }) => version === undoing.version);
  if (known !== undefined) return lowerFloor(known, undoing, changed);
  undone.set(to, [...all, undoing]);
  return true;
}

/** What links look at in an event. */
export interface Movable {
  readonly ts: number;
  /** Sent with the id of a user, or lent to one: a merge alone moves it. Else who knows the id of a user could take their events by signing in. */
  readonly isKnown: boolean;
}

/** The user that an event belongs to; null: no link holds. */
export function ownerAt(links: Links, event: Movable): string | null {
  const made = event.isKnown ? links.merging : links.made;
  for (let i = countUpTo(made, event.ts) - 1; i >= 0; i--) {
    const link = made[i] as Link;
    if (holds(links, link, event)) return link.to;
  }
  return made.find((link) => holds(links, link, event))?.to ?? null;
}

/**
 * Whether the owner of an event may be another one since a link came or went, or was undone: each link of a key is held against all events of that, and
 * most of them need not be held against all of its links.
 */
export function mayMove({ windowMs }: Links, { receivedAt, merges }: Saying, event: Movable): boolean {
  return event.ts > receivedAt - windowMs && (merges === true || !event.isKnown);
}

/** Whether it says anything about the event. */
function holds({ windowMs, undone }: Links, link: Link, { ts }: Movable): boolean {
  const reaches = ({ receivedAt, floor }: Undoing) => ts > receivedAt - windowMs && (floor === undefined || ts > floor);
  return reaches(link) && !(undone?.get(link.to)?.some((undoing) => undoing.version > link.version && reaches(undoing)) ?? false);
}

/** How many of the links happened at `ts` or before. */
function countUpTo(made: readonly Link[], ts: number): number {
  return countFirst(made, (link) => link.ts <= ts);
}

/** How many of the links come before it. */
function placeOf(made: readonly Link[], link: Link): number {
  return countFirst(made, (other) => isBefore(other, link));
}

/** How many of them, which are in order, are among the first ones. */
function countFirst<T>(made: readonly T[], isFirst: (one: T) => boolean): number {
  let low = 0;
  let high = made.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isFirst(made[middle] as T)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isBefore(a: Link, b: Link): boolean {
  return a.ts === b.ts ? byCodePoint(a.id, b.id) < 0 : a.ts < b.ts;
}
