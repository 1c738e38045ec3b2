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
 * A key whose record lost events can neither lend them nor take them back: they stay where they were. So a link, or an undoing, that comes after that says
 * nothing about what happened up to a `floor`, and a link that does not count any more, as others of its day were received before it, goes on to hold up to
 * an instant (`held`): it has ended. The key says both itself, in messages to itself. The lowest of several that were said of one link holds.
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
  /** An ended link, one that does not count any more, still says what it did about what happened up to then, epoch ms. */
  held?: number;
}

/** As it holds. `upTo`: it does not count any more, and says nothing about what happened later, epoch ms. */
export type Holding = Link & { readonly upTo?: number };

/** What a link that arrives, or its undoing, changes about the links of its key. */
export interface LinkEffects {
  /** The key has lost events up to then, epoch ms. */
  readonly lostTs: number;
  /** Links that hold from now on, and those that do not any more. */
  readonly changed: Saying[];
  /** Those among them that ended: from now on they hold up to `lostTs`. */
  readonly ended: Link[];
}

/** What decides about which events a link says anything. */
export type Saying = Pick<Link, 'receivedAt' | 'merges'>;

export type Undoing = Pick<Link, 'version' | 'receivedAt' | 'floor'>;

/** How far back a link says anything, or its undoing. */
type Reaching = Pick<Link, 'receivedAt' | 'floor'>;

interface LinksOfDay {
  /** When the first ones were received, in time, one more than may count. */
  readonly received: number[];
  /** Those that count, by their ids. */
  readonly counted: Map<string, Link>;
}

export interface LinkRules {
  /** How far back from its receipt a link reaches, ms. */
  readonly windowMs: number;
  /** Those of one day (UTC) that count, undefined: `MOST_LINKS_OF_DAY`. */
  readonly mostOfDay?: number | undefined;
}

/** Most keys have one link or none: more is made for the second one alone. */
export interface Links extends LinkRules {
  readonly mostOfDay: number;
  /** Undefined: there is one link at most, the one that was made. */
  days: Map<number, LinksOfDay> | undefined;
  /** In time; of one instant in the order of their ids, which arrival does not change. */
  made: Holding[];
  /** Those among them that move what is a known user's, in the same order: anybody may make others to the id of a user, each day some. */
  merging: Holding[];
  /** Those that count, by their ids. */
  byId: Map<string, Link> | undefined;
  /** Those that ended, by their ids: hardly a key has any. One that has knows `byId` too. */
  endedById: Map<string, Link[]> | undefined;
  /** Whom links led to that counted once: messages that lent them something are kept, with what takes it back. */
  former: Set<string> | undefined;
  /** By user: links to them that were made before one of these are undone. */
  undone: Map<string, Undoing[]> | undefined;
}

/** Shared by all keys that have none, and never changed. */
const NO_LINKS = Object.freeze<Link[]>([]) as Link[];

export function noLinks({ windowMs, mostOfDay = MOST_LINKS_OF_DAY }: LinkRules): Links {
  return {
    windowMs,
    mostOfDay,
    days: undefined,
    made: NO_LINKS,
    merging: NO_LINKS,
    byId: undefined,
    endedById: undefined,
    former: undefined,
    undone: undefined,
  };
}

/** False: it was known, or does not count. */
export function addLink(links: Links, link: Link, effects: LinkEffects = nothingLost()): boolean {
  const isCounted = count(links, link, effects);
  if (isCounted && links.endedById?.has(link.id) === true) placeAgain(links, link.id);
  return addEnded(links, link, effects) || isCounted;
}

function nothingLost(): LinkEffects {
  return { lostTs: Number.NEGATIVE_INFINITY, changed: [], ended: [] };
}

function count(links: Links, link: Link, effects: LinkEffects): boolean {
  if (links.days === undefined && links.made.length === 0) {
    keepFloor(links, link, effects.lostTs);
    links.made = [link];
    if (link.merges === true) links.merging = [link];
    effects.changed.push(link);
    return true;
  }
  const { received, counted } = dayWith(links, link);
  if (link.receivedAt >= (received[links.mostOfDay] ?? Number.POSITIVE_INFINITY)) return false;
  const known = counted.get(link.id);
  if (known !== undefined) {
    if (known.version === link.version) return lowerFloor(known, link, effects.changed);
    if (!isReceivedBefore(link, known)) return false;
    received.splice(received.indexOf(known.receivedAt), 1);
  }
  keepFloor(links, link, effects.lostTs);
  received.splice(
    countFirst(received, (at) => at <= link.receivedAt),
    0,
    link.receivedAt,
  );
  received.splice(links.mostOfDay + 1);
  counted.set(link.id, link);
  const out = leaveOut(counted, received[links.mostOfDay]);
  const holding = byIdOf(links).get(link.id);
  if (known !== undefined || holding === undefined || link.version < holding.version) countOldest(links, link.id, effects);
  for (const { id } of out) countOldest(links, id, effects);
  return out.some((one) => one !== link) || !out.includes(link);
}

/** What comes after its key had lost events reaches none of these. */
function keepFloor(links: Links, said: Reaching, lostTs: number): void {
  if (said.floor === undefined && reachesLost(links, said, lostTs)) said.floor = lostTs;
}

function reachesLost({ windowMs }: Links, { receivedAt, floor }: Reaching, lostTs: number): boolean {
  return lostTs > Math.max(receivedAt - windowMs, floor ?? Number.NEGATIVE_INFINITY);
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

/** As far as a link, or what is said of one, says up to when it holds where it does not count. False: nothing new. */
function addEnded(links: Links, link: Link, { changed }: Pick<LinkEffects, 'changed'>): boolean {
  const known = links.endedById?.get(link.id)?.find(({ version }) => version === link.version);
  const { held = Number.POSITIVE_INFINITY } = link;
  if (known === undefined) {
    if (link.held === undefined) return false;
    endedOf(links, link.id).push({ ...link });
  } else {
    const isLower = lowerFloor(known, link, changed);
    if (!isLower && held >= (known.held as number)) return false;
    known.held = Math.min(held, known.held as number);
  }
  placeAgain(links, link.id);
  changed.push(...links.made.filter(({ id }) => id === link.id));
  return true;
}

function endedOf(links: Links, id: string): Link[] {
  const endedById = (links.endedById ??= new Map<string, Link[]>());
  let ended = endedById.get(id);
  if (ended === undefined) endedById.set(id, (ended = []));
  return ended;
}

/** Those of a day that were received at its end or later. */
function leaveOut(counted: Map<string, Link>, end: number | undefined): Link[] {
  if (end === undefined) return [];
  const out = [...counted.values()].filter(({ receivedAt }) => receivedAt >= end);
  for (const { id } of out) counted.delete(id);
  return out;
}

/** The oldest of those under one id that count: an event that is sent again does not link again what was undone. */
function countOldest(links: Links, id: string, effects: LinkEffects): void {
  const byId = byIdOf(links);
  const before = byId.get(id);
  let oldest: Link | undefined;
  for (const { counted } of links.days?.values() ?? []) {
    const link = counted.get(id);
    if (link !== undefined && (oldest === undefined || link.version < oldest.version)) oldest = link;
  }
  if (oldest === before) return;
  if (oldest === undefined) byId.delete(id);
  else byId.set(id, oldest);
  if (before !== undefined) {
    (links.former ??= new Set<string>()).add(before.to);
    if (reachesLost(links, before, effects.lostTs)) {
      const link = { ...before, held: effects.lostTs };
      if (addEnded(links, link, effects)) effects.ended.push(link);
    }
    effects.changed.push(before);
  }
  if (oldest !== undefined) effects.changed.push(oldest);
  if (links.endedById?.has(id) === true) placeAgain(links, id);
  else {
    const { made, merging } = links;
    if (before !== undefined) {
      made.splice(placeOf(made, before), 1);
      if (before.merges === true) merging.splice(placeOf(merging, before), 1);
    }
    if (oldest !== undefined) place(links, oldest);
  }
}

function place(links: Links, link: Holding): void {
  links.made = withLink(links.made, link);
  if (link.merges === true) links.merging = withLink(links.merging, link);
}

/**
 * One link of a name says anything about an instant: among those that hold up to an instant the first that holds up to then, in the order in which they
 * ceased to count; about what happened after all of these the one that counts.
 */
function placeAgain(links: Links, id: string): void {
  const isOther = (link: Link) => link.id !== id;
  links.made = links.made.filter(isOther);
  links.merging = links.merging.filter(isOther);
  const counting = byIdOf(links).get(id);
  const ended = endedOf(links, id).filter(({ version }) => version !== counting?.version);
  let from = Number.NEGATIVE_INFINITY;
  for (const link of ended.sort(byEnd)) {
    const upTo = link.held as number;
    place(links, { ...sayingAfter(link, from), upTo });
    from = upTo;
  }
  if (counting !== undefined) place(links, sayingAfter(counting, from));
}

function sayingAfter(link: Link, from: number): Link {
  return from > (link.floor ?? Number.NEGATIVE_INFINITY) ? { ...link, floor: from } : link;
}

function byEnd(a: Link, b: Link): number {
  return (a.held as number) - (b.held as number) || byCodePoint(a.version, b.version);
}

/** An empty list is maybe that of other keys as well. */
function withLink(made: Holding[], link: Holding): Holding[] {
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
export function undoLinks(links: Links, to: string, undoing: Undoing, { lostTs, changed }: Omit<LinkEffects, 'ended'>): boolean {
  const undone = (links.undone ??= new Map<string, Undoing[]>());
  const all = undone.get(to) ?? [];
  const known = all.find(({ version }) => version === undoing.version);
  if (known !== undefined) return lowerFloor(known, undoing, changed);
  keepFloor(links, undoing, lostTs);
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
function holds({ windowMs, undone }: Links, link: Holding, { ts }: Movable): boolean {
  if (link.upTo !== undefined && ts > link.upTo) return false;
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
