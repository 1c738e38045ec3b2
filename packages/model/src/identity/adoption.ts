/**
 * How events move between keys through the log (decision 43).
 *
 * Each key keeps what came in for it: its own events, and those that other keys gave to it. An item whose owner is another key is lent to that key by a
 * message; when the owner changes, it is taken back there and lent to the next one. Among the messages on one item the one with the largest
 * version counts, so a message that comes twice, late or in another order changes nothing. What an erased key lent is withdrawn (withdrawal.ts).
 */
import { byCodePoint } from '../code-points.ts';
import {
  addLink,
  alikeOfDay,
  type Link,
  type Links,
  mayMove,
  noLinks,
  ownerAt,
  type Saying,
  type Undoing,
  undoLinks,
  type Version,
} from './links.ts';
import { type DigestOf, isNewWithdrawal, isPassedOn, type Withdrawal, withdrawnBy } from './withdrawal.ts';

/** An event, as far as adoption looks at it. */
export interface Item {
  /** The key that it was received with, and its id among that key's events. */
  readonly origin: string;
  readonly id: string;
  readonly ts: number;
  /** Sent with the id of a user, or lent (`Movable`). */
  readonly isKnown: boolean;
  /** The keys that lent it, the origin first; empty where it was received. */
  readonly path: readonly string[];
  /** The event's line as its origin got it, which a reader goes on with. */
  readonly line: string;
}

/** `put` and `take`: of an item that the last key of its path lends. They go to the partition of `to`. */
export type Message =
  | ItemMessage
  | { readonly kind: 'link'; readonly to: string; readonly link: Link }
  | ({ readonly kind: 'unlink'; readonly to: string; readonly from: string } & Undoing)
  | WithdrawMessage;

export type WithdrawMessage = { readonly kind: 'withdraw'; readonly to: string } & Withdrawal;

export interface ItemMessage {
  readonly kind: 'put' | 'take';
  readonly to: string;
  readonly item: Item;
  readonly version: Version;
}

interface Held {
  item: Item;
  /** The one of the newest message about it; '' for an event of the key's own. */
  version: Version;
  isHere: boolean;
  /** The key that it is lent to; null: it counts here. */
  lentTo: string | null;
}

/** The ways that events of one id came: anybody may send one id with any number of keys, and say that all of them are one user's. */
interface Ways {
  readonly all: Held[];
  /** By their paths, once they are not few. */
  byPath: Map<string, Held> | undefined;
  /** What counts for the key. */
  member: Held | undefined;
}

export interface KeyState {
  readonly key: string;
  /** By id. */
  readonly held: Map<string, Ways>;
  readonly links: Links;
  readonly withdrawn: Withdrawal[];
  /** Undefined where a record is read: what was withdrawn has left it. */
  readonly digestOf: DigestOf | undefined;
  /** The record has lost events up to then, epoch ms: links that come reach none of them. */
  lostTs: number;
}

/** What counts for the key under one id, before and after. */
export interface Replacement {
  readonly was: Item | undefined;
  readonly is: Item | undefined;
}

export interface Change {
  readonly messages: readonly Message[];
  /** One for each id for which something else counts now. */
  readonly replaced: readonly Replacement[];
  /** The message, where it holds otherwise than it came: as it is to be kept. */
  readonly kept?: Message;
}

/** An item passes this many keys at most; then it counts where it is. */
export const MAX_HOPS = 4;

export function emptyKey(key: string, windowMs: number, digestOf?: DigestOf, mostOfDay?: number): KeyState {
  const links = noLinks(windowMs, mostOfDay);
  return { key, held: new Map(), links, withdrawn: [], digestOf, lostTs: Number.NEGATIVE_INFINITY };
}

/** An event of the key's own; null: its id is known. `at`: where it lies in the log. */
export function receiveEvent(state: KeyState, own: Pick<Item, 'id' | 'ts' | 'isKnown' | 'line'>, at: Version): Change | null {
  const { key } = state;
  const ways = waysOf(state, own.id);
  if (wayOf(ways, []) !== undefined) return null;
  const was = ways.member?.item;
  const held: Held = { item: { ...own, origin: key, path: [] }, version: '', isHere: true, lentTo: null };
  addWay(ways, held);
  return changeOf(key, ways, { was, held }, placed(state, held, at));
}

/** A message to this key; null: it says nothing new. `at`: where it lies in the log of this partition. */
export function receiveMessage(state: KeyState, message: Message, at: Version): Change | null {
  if ('item' in message) return receiveItem(state, message, at);
  if (message.kind === 'withdraw') return receiveWithdrawal(state, message, at);
  const { key, links, held } = state;
  const changed: Saying[] = [];
  const said: Undoing = message.kind === 'link' ? { ...message.link } : { ...message };
  const alike = message.kind === 'link' ? alikeOfDay(links, said as Link) : undefined;
  const isNew = message.kind === 'link' ? addLink(links, said as Link, changed) : undoLinks(links, message.from, said, changed);
  if (!isNew) return null;
  if (message.kind === 'unlink') changed.push({ receivedAt: message.receivedAt, merges: true });
  const kept = isBehind(state, said) ? floored(message, (said.floor = floorOf(state, alike))) : undefined;
  const messages: ItemMessage[] = [];
  const replaced: Replacement[] = [];
  for (const ways of held.values()) {
    const moved = ways.all.filter(
      (one) => changed.some((link) => mayMove(links, link, one.item)) && ownerNow(state, one) !== one.lentTo,
    );
    if (moved.length === 0) continue;
    const was = ways.member?.item;
    for (const one of moved) messages.push(...placed(state, one, at));
    ways.member = memberAmong(key, ways.all);
    const is = ways.member?.item;
    if (was !== is) replaced.push({ was, is });
  }
  const moves = inOrder(messages);
  return kept === undefined ? { messages: moves, replaced } : { messages: [kept, ...moves], replaced, kept };
}

/** The record of the key has lost its events up to then. */
export function loseItems(state: KeyState, lostTs: number): void {
  const { held } = state;
  state.lostTs = Math.max(state.lostTs, lostTs);
  for (const [id, { all }] of held) if (all.every(({ item }) => item.ts <= lostTs)) held.delete(id);
}

type AboutLinks = Extract<Message, { readonly kind: 'link' | 'unlink' }>;

/** Whether it reaches events that the record lost, which it cannot move: then the key says to itself how far back it does, and both layers read that. */
function isBehind({ links, lostTs }: KeyState, { floor, receivedAt }: Undoing): boolean {
  return floor === undefined && lostTs > receivedAt - links.windowMs;
}

/** What it takes the place of has moved events that are lost since: it says the same of them. */
function floorOf({ links, lostTs }: KeyState, alike: Link | undefined): number {
  return alike === undefined ? lostTs : Math.min(lostTs, Math.max(alike.floor ?? 0, alike.receivedAt - links.windowMs));
}

function floored(message: AboutLinks, floor: number): AboutLinks {
  return message.kind === 'link' ? { ...message, link: { ...message.link, floor } } : { ...message, floor };
}

/** As they are least work where they arrive: events come from the oldest on and go from the newest on, so that few lie behind them. */
function inOrder(messages: readonly ItemMessage[]): ItemMessage[] {
  const { put = [], take = [] } = Object.groupBy(messages, ({ kind }) => kind);
  const byTime = (a: ItemMessage, b: ItemMessage) => a.item.ts - b.item.ts;
  return [...take.sort(byTime).reverse(), ...put.sort(byTime)];
}

function receiveItem(state: KeyState, { kind, item, version }: ItemMessage, at: Version): Change | null {
  const { key, withdrawn, digestOf } = state;
  if (withdrawnBy(withdrawn, digestOf)(item.path, version)) return null;
  const ways = waysOf(state, item.id);
  const was = ways.member?.item;
  let held = wayOf(ways, item.path);
  if (held === undefined) {
    // What the record lost was lent to whom links that had come by then say, and no later one: it is taken back there.
    const lentTo = kind === 'take' && item.ts <= state.lostTs ? ownerOf(key, state.links, item) : null;
    addWay(ways, (held = { item, version: '', isHere: false, lentTo }));
  }
  if (held.version >= version) return null;
  held.version = version;
  held.isHere = kind === 'put';
  // What takes an item back does not carry it.
  if (held.isHere) held.item = item;
  return changeOf(key, ways, { was, held }, placed(state, held, at));
}

/** What an erased key lent goes, and what others go on to lend of it: all of it in one message to each key that it may have lent to. */
function receiveWithdrawal(state: KeyState, { to: _to, kind: _kind, ...said }: WithdrawMessage, at: Version): Change | null {
  const { key, held, withdrawn, digestOf } = state;
  if (!isNewWithdrawal(withdrawn, said)) return null;
  const isFirst = isPassedOn(withdrawn, said);
  withdrawn.push(said);
  const isGone = withdrawnBy([said], digestOf);
  const replaced: Replacement[] = [];
  const lentTo = new Set<string>();
  for (const [id, ways] of held) {
    const { all, member } = ways;
    const left = waysOfNone();
    for (const one of all)
      if (!isGone(one.item.path, one.version)) addWay(left, one);
      else if (one.lentTo !== null) lentTo.add(one.lentTo);
    if (left.all.length === all.length) continue;
    if (left.all.length === 0) held.delete(id);
    else held.set(id, left);
    left.member = memberAmong(key, left.all);
    const [was, is] = [member?.item, left.member?.item];
    if (was !== is) replaced.push({ was, is });
  }
  const { hops } = said;
  const goesOn = hops < MAX_HOPS && (isFirst || lentTo.size > 0);
  return { messages: goesOn ? withdrawals(state, { ...said, hops: hops + 1 }, at, lentTo) : [], replaced };
}

/** The messages of a key that is erased: what it lent is withdrawn from each key that it was linked to, however long ago. */
export function withdrawAll(state: KeyState, receivedAt: number, at: Version): Message[] {
  const { key, held, digestOf } = state;
  const lentTo = [...held.values()].flatMap(({ all }) => all.flatMap((one) => one.lentTo ?? []));
  const of = digestOf?.(key) ?? '';
  return withdrawals(state, { of, erasure: at, hops: 1, receivedAt }, at, new Set(lentTo));
}

function withdrawals(
  { key, links, digestOf }: KeyState,
  { of, erasure, hops, receivedAt }: Pick<Withdrawal, 'of' | 'erasure' | 'hops' | 'receivedAt'>,
  version: Version,
  lentTo: ReadonlySet<string>,
): Message[] {
  const by = digestOf?.(key) ?? '';
  const owners = new Set([...lentTo, ...links.made.map(({ to }) => to)]);
  owners.delete(key);
  return [...owners].map((to) => ({ kind: 'withdraw', to, of, by, erasure, hops, version, receivedAt }));
}

function waysOf({ held }: KeyState, id: string): Ways {
  let ways = held.get(id);
  if (ways === undefined) held.set(id, (ways = waysOfNone()));
  return ways;
}

function waysOfNone(): Ways {
  return { all: [], byPath: undefined, member: undefined };
}

/** Ways of one id that are looked through. */
const FEW_WAYS = 2;

function wayOf({ all, byPath }: Ways, path: readonly string[]): Held | undefined {
  return byPath === undefined ? all.find(({ item }) => isSameWay(item.path, path)) : byPath.get(nameOfPath(path));
}

function addWay(ways: Ways, held: Held): void {
  const { all, byPath } = ways;
  all.push(held);
  if (byPath !== undefined) byPath.set(nameOfPath(held.item.path), held);
  else if (all.length > FEW_WAYS) ways.byPath = new Map(all.map((one) => [nameOfPath(one.item.path), one]));
}

/** No key has a newline. */
function nameOfPath(path: readonly string[]): string {
  return path.join('\n');
}

/**
 * By the way that it came, the origin first: while links change, one event may be on its way to a key through two others, and what one of them takes
 * back must leave the other's.
 */
function isSameWay(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((key, i) => key === b[i]);
}

/** `held`: the one way that changed. */
function changeOf(
  key: string,
  ways: Ways,
  { was, held }: { readonly was: Item | undefined; readonly held: Held },
  messages: readonly Message[],
): Change {
  const { member } = ways;
  if (counts(held)) {
    if (member === undefined || isPreferred(key, held.item, member.item)) ways.member = held;
  } else if (member === held) ways.member = memberAmong(key, ways.all);
  const is = ways.member?.item;
  return { messages, replaced: was === is ? [] : [{ was, is }] };
}

/** Moves an item to where it belongs now. */
function placed(state: KeyState, held: Held, at: Version): ItemMessage[] {
  const { key } = state;
  const { item, lentTo } = held;
  const owner = ownerNow(state, held);
  if (owner === lentTo) return [];
  held.lentTo = owner;
  const lent: Item = { ...item, isKnown: true, path: [...item.path, key] };
  const message = (kind: 'put' | 'take', to: string): ItemMessage => ({ kind, to, item: lent, version: at });
  return [...(lentTo === null ? [] : [message('take', lentTo)]), ...(owner === null ? [] : [message('put', owner)])];
}

function ownerNow({ key, links }: KeyState, { item, isHere }: Held): string | null {
  return isHere ? ownerOf(key, links, item) : null;
}

/** The key that an item of `key` goes to; null: it counts here. An item never comes back to a key that lent it, so links in a circle end. */
export function ownerOf(key: string, links: Links, item: Pick<Item, 'ts' | 'isKnown' | 'path'>): string | null {
  const { path } = item;
  const owner = ownerAt(links, item);
  return owner === null || owner === key || path.includes(owner) || path.length >= MAX_HOPS ? null : owner;
}

/** What counts for the key: of several items with one id, one. */
export function membersOf({ held }: KeyState): Item[] {
  return [...held.values()].flatMap(({ member }) => member?.item ?? []);
}

function memberAmong(key: string, ways: readonly Held[]): Held | undefined {
  let member: Held | undefined;
  for (const one of ways) if (counts(one) && (member === undefined || isPreferred(key, one.item, member.item))) member = one;
  return member;
}

function counts({ isHere, lentTo }: Held): boolean {
  return isHere && lentTo === null;
}

/** The key's own one, else the one of the first origin, then of the shortest way: no order of arrival decides. */
function isPreferred(key: string, a: Item, b: Item): boolean {
  if ((a.origin === key) !== (b.origin === key)) return a.origin === key;
  if (a.origin !== b.origin) return byCodePoint(a.origin, b.origin) < 0;
  return byCodePoint(nameOfPath(a.path), nameOfPath(b.path)) < 0;
}
