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
 * the key, and a page may send any number of them. What does not count is not kept: it changes nothing about any other link.
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
}

export type Undoing = Pick<Link, 'version' | 'receivedAt'>;

export interface Links {
  /** How far back from its receipt a link reaches, ms. */
  readonly windowMs: number;
  readonly mostOfDay: number;
  /** By day: when the first of its links were received, in time, one more than may count. */
  readonly received: Map<number, number[]>;
  /** In time; of one instant in the order of their ids, which arrival does not change. */
  readonly made: Link[];
  /** The same by their ids. */
  readonly byId: Map<string, Link>;
  /** By user: links to them that were made before one of these are undone. */
  readonly undone: Map<string, Undoing[]>;
}

export function noLinks(windowMs: number, mostOfDay = MOST_LINKS_OF_DAY): Links {
  return { windowMs, mostOfDay, received: new Map(), made: [], byId: new Map(), undone: new Map() };
}

/** False: it was known, or does not count. The oldest of several under one id counts: an event that is sent again does not link again what was undone. */
export function addLink(links: Links, link: Link): boolean {
  const { made, byId } = links;
  const known = byId.get(link.id);
  const endBefore = receivedWith(links, link)[links.mostOfDay] ?? Number.POSITIVE_INFINITY;
  if (known === undefined && link.receivedAt >= endBefore) return false;
  if (known !== undefined) {
    if (known.version <= link.version) return false;
    made.splice(placeOf(made, known), 1);
    const received = receivedWith(links, known);
    received.splice(received.indexOf(known.receivedAt), 1);
  }
  const received = receivedWith(links, link);
  received.splice(
    countFirst(received, (at) => at <= link.receivedAt),
    0,
    link.receivedAt,
  );
  received.splice(links.mostOfDay + 1);
  byId.delete(link.id);
  const end = received[links.mostOfDay] ?? Number.POSITIVE_INFINITY;
  if (link.receivedAt < end) {
    byId.set(link.id, link);
    made.splice(placeOf(made, link), 0, link);
  }
  return leaveOut(links, dayOf(link), end) || link.receivedAt < end || known !== undefined;
}

/** Those of a day that were received at its end or later. Whether there were any. */
function leaveOut({ made, byId }: Links, day: number, end: number): boolean {
  const isOut = (link: Link) => link.receivedAt >= end && dayOf(link) === day;
  const before = made.length;
  if (end === Number.POSITIVE_INFINITY || !made.some(isOut)) return false;
  for (const link of made.filter(isOut)) byId.delete(link.id);
  const left = made.filter((link) => !isOut(link));
  made.splice(0, before, ...left);
  return true;
}

function receivedWith({ received }: Links, { receivedAt }: Pick<Link, 'receivedAt'>): number[] {
  const day = dayOf({ receivedAt });
  let known = received.get(day);
  if (known === undefined) received.set(day, (known = []));
  return known;
}

function dayOf({ receivedAt }: Pick<Link, 'receivedAt'>): number {
  return Math.floor(receivedAt / DAY_MS);
}

/** False: it was known. */
export function undoLinks({ undone }: Links, to: string, undoing: Undoing): boolean {
  const known = undone.get(to) ?? [];
  if (known.some(({ version }) => version === undoing.version)) return false;
  undone.set(to, [...known, undoing]);
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
  const { made } = links;
  for (let i = countUpTo(made, event.ts) - 1; i >= 0; i--) {
    const link = made[i] as Link;
    if (holds(links, link, event)) return link.to;
  }
  return made.find((link) => holds(links, link, event))?.to ?? null;
}

/** Whether it says anything about the event. */
function holds({ windowMs, undone }: Links, link: Link, { ts, isKnown }: Movable): boolean {
  if (isKnown && link.merges !== true) return false;
  const reaches = ({ receivedAt }: Undoing) => ts > receivedAt - windowMs;
  return reaches(link) && !(undone.get(link.to)?.some((undoing) => undoing.version > link.version && reaches(undoing)) ?? false);
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
