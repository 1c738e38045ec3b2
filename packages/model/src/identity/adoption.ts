/**
 * How events move between keys through the log (decision 43). Not in the engines yet: it is the model that the decision describes, with its
 * simulation in `test/laws/law-1-identity.test.ts`.
 *
 * Each key keeps what came in for it: its own events, and those that other keys gave to it. An item whose owner is another key is lent to that key by a
 * message; when the owner changes, it is taken back there and lent to the next one. Among the messages on one item the one with the largest
 * version counts, so a message that comes twice, late or in another order changes nothing.
 */
import { addLink, type Link, type Links, noLinks, ownerAt, undoLinks, type Version } from './links.ts';

/** An event, as far as adoption looks at it. */
export interface Item {
  /** The key that it was received with, and its id among that key's events. */
  readonly origin: string;
  readonly id: string;
  readonly ts: number;
  /** The keys that lent it, the origin first; empty where it was received. */
  readonly path: readonly string[];
}

/** `put` and `take`: of an item that the last key of its path lends. They go to the partition of `to`. */
export type Message =
  | ItemMessage
  | { readonly kind: 'link'; readonly to: string; readonly link: Link }
  | { readonly kind: 'unlink'; readonly to: string; readonly from: string; readonly version: Version };

interface ItemMessage {
  readonly kind: 'put' | 'take';
  readonly to: string;
  readonly item: Item;
  readonly version: Version;
}

interface Held {
  readonly item: Item;
  /** The one of the newest message about it; '' for an event of the key's own. */
  version: Version;
  isHere: boolean;
  /** The key that it is lent to; null: it counts here. */
  lentTo: string | null;
}

export interface KeyState {
  readonly held: Map<string, Held>;
  readonly links: Links;
}

/** An item passes this many keys at most; then it counts where it is. */
export const MAX_HOPS = 4;

export function emptyKey(): KeyState {
  return { held: new Map(), links: noLinks() };
}

/** An event of the key's own. `at`: where it lies in the log. */
export function receiveEvent(key: string, state: KeyState, id: string, ts: number, at: Version): Message[] {
  const name = nameOf([], id);
  if (state.held.has(name)) return [];
  const held: Held = { item: { origin: key, id, ts, path: [] }, version: '', isHere: true, lentTo: null };
  state.held.set(name, held);
  return placed(key, state, held, at);
}

/** A message to this key. `at`: where it lies in the log of this partition. */
export function receiveMessage(key: string, state: KeyState, message: Message, at: Version): Message[] {
  if (message.kind !== 'link' && message.kind !== 'unlink') return receiveItem(key, state, message, at);
  const { links } = state;
  const isNew = message.kind === 'link' ? addLink(links, message.link) : undoLinks(links, message.from, message.version);
  return isNew ? [...state.held.values()].flatMap((held) => placed(key, state, held, at)) : [];
}

function receiveItem(key: string, state: KeyState, { kind, item, version }: ItemMessage, at: Version): Message[] {
  const name = nameOf(item.path, item.id);
  const held = state.held.get(name) ?? { item, version: '', isHere: false, lentTo: null };
  if (held.version >= version) return [];
  held.version = version;
  held.isHere = kind === 'put';
  state.held.set(name, held);
  return placed(key, state, held, at);
}

/** Moves an item to where it belongs now. */
function placed(key: string, { links }: KeyState, held: Held, at: Version): Message[] {
  const { item, lentTo } = held;
  const owner = held.isHere ? ownerOf(key, links, item) : null;
  if (owner === lentTo) return [];
  held.lentTo = owner;
  const lent: Item = { ...item, path: [...item.path, key] };
  const message = (kind: 'put' | 'take', to: string): Message => ({ kind, to, item: lent, version: at });
  return [...(lentTo === null ? [] : [message('take', lentTo)]), ...(owner === null ? [] : [message('put', owner)])];
}

/** null: it counts here. An item never comes back to a key that lent it, so links in a circle end. */
export function ownerOf(key: string, links: Links, { ts, path }: Pick<Item, 'ts' | 'path'>): string | null {
  const owner = ownerAt(links, ts);
  return owner === null || owner === key || path.includes(owner) || path.length >= MAX_HOPS ? null : owner;
}

/** What counts for the key: of several items with one id, one. */
export function membersOf(key: string, { held }: KeyState): Item[] {
  const members = new Map<string, Item>();
  for (const { item, isHere, lentTo } of held.values()) {
    if (!isHere || lentTo !== null) continue;
    const other = members.get(item.id);
    if (other === undefined || isPreferred(key, item, other)) members.set(item.id, item);
  }
  return [...members.values()];
}

/** The key's own one, else the one of the first origin: no order of arrival decides. */
export function isPreferred(key: string, a: Item, b: Item): boolean {
  if ((a.origin === key) !== (b.origin === key)) return a.origin === key;
  return a.origin < b.origin;
}

/**
 * By the way that it came, the origin first: while links change, one event may be on its way to a key through two others, and what one of them takes
 * back must leave the other's.
 */
function nameOf(path: readonly string[], id: string): string {
  return [...path, id].join('\n');
}
