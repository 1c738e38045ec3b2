/**
 * How events move between keys through the log (decision 43).
 *
 * Each key keeps what came in for it: its own events, and those that other keys gave to it. An item whose owner is another key is lent to that key by a
 * message; when the owner changes, it is taken back there and lent to the next one. Among the messages on one item the one with the largest
 * version counts, so a message that comes twice, late or in another order changes nothing. What an erased key lent is withdrawn (withdrawal.ts).
 */
import {
  addRow,
  countingOf,
  dropGone,
  firstOfId,
  type HeldItems,
  idAt,
  isFirstOfId,
  isHereAt,
  isKnownAt,
  isWayBefore,
  itemAt,
  lentToAt,
  markGone,
  NONE,
  noItems,
  pathAt,
  replaceItem,
  rowOfWay,
  rowsOfId,
  setCounting,
  setHere,
  setLentTo,
  setVersion,
  tsAt,
  versionAt,
} from './held-items.ts';
import type { Item } from './item.ts';
import {
  addLink,
  type Link,
  type LinkEffects,
  type LinkRules,
  type Links,
  type Movable,
  mayMove,
  noLinks,
  ownerAt,
  type Undoing,
  undoLinks,
  type Version,
} from './links.ts';
import { type DigestOf, isNewWithdrawal, isPassedOn, type Withdrawal, withdrawnBy } from './withdrawal.ts';

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

export interface KeyState {
  readonly key: string;
  readonly held: HeldItems;
  readonly links: Links;
  withdrawn: readonly Withdrawal[];
  /** Undefined where a record is read: what was withdrawn has left it. */
  readonly digestOf: DigestOf | undefined;
  /** The record has lost events up to then, epoch ms: links that come reach none of them. */
  lostTs: number;
}

/** What all keys of a partition have in common. */
export interface KeyRules extends LinkRules {
  readonly digestOf?: KeyState['digestOf'];
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
  /** To be kept beside it: links that hold up to an instant from now on. */
  readonly beside?: readonly Message[];
}

/** An item passes this many keys at most; then it counts where it is. */
export const MAX_HOPS = 4;

const NONE_WITHDRAWN: readonly Withdrawal[] = [];

export function emptyKey(key: string, rules: KeyRules): KeyState {
  const { digestOf } = rules;
  return { key, held: noItems(), links: noLinks(rules), withdrawn: NONE_WITHDRAWN, digestOf, lostTs: Number.NEGATIVE_INFINITY };
}

/** An event of the key's own; null: its id is known. `at`: where it lies in the log. */
export function receiveEvent(state: KeyState, own: Pick<Item, 'id' | 'ts' | 'isKnown' | 'line'>, at: Version): Change | null {
  const { key, held } = state;
  const first = firstOfId(held, own.id);
  if (rowOfWay(held, first, own.id, []) !== NONE) return null;
  const was = countingItem(state, first);
  const row = addRow(held, first, { ...own, origin: key, path: [] }, '');
  setHere(held, row, true);
  return changeOf(state, first === NONE ? row : first, { was, row }, placed(state, row, at));
}

/** A message to this key; null: it says nothing new. `at`: where it lies in the log of this partition. */
export function receiveMessage(state: KeyState, message: Message, at: Version): Change | null {
  if ('item' in message) return receiveItem(state, message, at);
  if (message.kind === 'withdraw') return receiveWithdrawal(state, message, at);
  const { links, held, lostTs } = state;
  const effects: LinkEffects = { lostTs, changed: [], ended: [] };
  const { changed } = effects;
  const said: Undoing = message.kind === 'link' ? { ...message.link } : { ...message };
  const isNew = message.kind === 'link' ? addLink(links, said as Link, effects) : undoLinks(links, message.from, said, effects);
  if (!isNew) return null;
  if (message.kind === 'unlink') changed.push({ receivedAt: message.receivedAt, merges: true });
  const messages: ItemMessage[] = [];
  const replaced: Replacement[] = [];
  for (let first = 0; first < held.count; first++) {
    if (!isFirstOfId(held, first)) continue;
    const moved = rowsOfId(held, first).filter(
      (row) =>
        changed.some((link) => mayMove(links, link, movableAt(state, row))) && ownerNow(state, row) !== lentToAt(held, row),
    );
    if (moved.length === 0) continue;
    for (const row of moved) messages.push(...placed(state, row, at));
    replaced.push(...recounted(state, first));
  }
  return saying(message, said, effects, { messages: inOrder(messages), replaced });
}

/** The record of the key has lost its events up to then. */
export function loseItems(state: KeyState, lostTs: number): void {
  const { held } = state;
  state.lostTs = Math.max(state.lostTs, lostTs);
  let isLess = false;
  for (let first = 0; first < held.count; first++) {
    if (!isFirstOfId(held, first)) continue;
    const rows = rowsOfId(held, first);
    if (!rows.every((row) => tsAt(held, row) <= lostTs)) continue;
    isLess = true;
    for (const row of rows) markGone(held, row);
  }
  if (isLess) dropGone(held);
}

type AboutLinks = Extract<Message, { readonly kind: 'link' | 'unlink' }>;

/**
 * What the record lost stays where it was: the key says to itself up to when a message says nothing, and what does not count any more holds, and both layers
 * read that. The second one last: what it does not hold has been taken back before.
 */
function saying(message: AboutLinks, { floor }: Undoing, effects: LinkEffects, change: Change): Change {
  const before = message.kind === 'link' ? message.link.floor : message.floor;
  const kept = floor === undefined || floor === before ? undefined : floored(message, floor);
  if (kept === undefined && effects.ended.length === 0) return change;
  const beside = effects.ended.map((link): Message => ({ kind: 'link', to: message.to, link }));
  const messages = [...(kept === undefined ? [] : [kept]), ...change.messages, ...beside];
  return { ...change, messages, ...(kept !== undefined && { kept }), ...(beside.length > 0 && { beside }) };
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
  const { key, held, withdrawn, digestOf } = state;
  if (withdrawnBy(withdrawn, digestOf)(item.path, version)) return null;
  const first = firstOfId(held, item.id);
  const was = countingItem(state, first);
  let row = rowOfWay(held, first, item.id, item.path);
  if (row === NONE) {
    row = addRow(held, first, item, version);
    // What the record lost was lent to whom links that had come by then say, and no later one: it is taken back there.
    if (kind === 'take' && item.ts <= state.lostTs) setLentTo(held, row, ownerOf(key, state.links, item));
  } else {
    if (versionAt(held, row) >= version) return null;
    // What takes an item back does not carry it.
    if (kind === 'put') replaceItem(held, row, item, version);
    else setVersion(held, row, version);
  }
  setHere(held, row, kind === 'put');
  return changeOf(state, first === NONE ? row : first, { was, row }, placed(state, row, at));
}

/** What an erased key lent goes, and what others go on to lend of it: all of it in one message to each key that it may have lent to. */
function receiveWithdrawal(state: KeyState, { to: _to, kind: _kind, ...said }: WithdrawMessage, at: Version): Change | null {
  const { held, withdrawn, digestOf } = state;
  if (!isNewWithdrawal(withdrawn, said)) return null;
  const isFirst = isPassedOn(withdrawn, said);
  state.withdrawn = [...withdrawn, said];
  const isGone = withdrawnBy([said], digestOf);
  const replaced: Replacement[] = [];
  const lentTo = new Set<string>();
  let isLess = false;
  for (let first = 0; first < held.count; first++) {
    if (!isFirstOfId(held, first)) continue;
    const gone = rowsOfId(held, first).filter((row) => isGone(pathAt(held, row), versionAt(held, row)));
    if (gone.length === 0) continue;
    isLess = true;
    for (const row of gone) {
      const owner = lentToAt(held, row);
      if (owner !== null) lentTo.add(owner);
      markGone(held, row);
    }
    replaced.push(...recounted(state, first));
  }
  if (isLess) dropGone(held);
  const { hops } = said;
  const goesOn = hops < MAX_HOPS && (isFirst || lentTo.size > 0);
  return { messages: goesOn ? withdrawals(state, { ...said, hops: hops + 1 }, at, lentTo) : [], replaced };
}

/** The messages of a key that is erased: what it lent is withdrawn from each key that it was linked to, however long ago. */
export function withdrawAll(state: KeyState, receivedAt: number, at: Version): Message[] {
  const { key, held, digestOf } = state;
  const lentTo = new Set<string>();
  for (let row = 0; row < held.count; row++) {
    const owner = lentToAt(held, row);
    if (owner !== null) lentTo.add(owner);
  }
  const of = digestOf?.(key) ?? '';
  return withdrawals(state, { of, erasure: at, hops: 1, receivedAt }, at, lentTo);
}

function withdrawals(
  { key, links, digestOf }: KeyState,
  { of, erasure, hops, receivedAt }: Pick<Withdrawal, 'of' | 'erasure' | 'hops' | 'receivedAt'>,
  version: Version,
  lentTo: ReadonlySet<string>,
): Message[] {
  const by = digestOf?.(key) ?? '';
  const owners = new Set([...lentTo, ...links.made.map(({ to }) => to), ...(links.former ?? [])]);
  owners.delete(key);
  return [...owners].map((to) => ({ kind: 'withdraw', to, of, by, erasure, hops, version, receivedAt }));
}

/** `row`: the one way that changed, `first`: of its id; `was`: what counted under the id. */
function changeOf(
  state: KeyState,
  first: number,
  { was, row }: { readonly was: Item | undefined; readonly row: number },
  messages: readonly Message[],
): Change {
  const { held } = state;
  const before = countingOf(held, first);
  if (counts(held, row)) {
    if (before === NONE || (before !== row && isWayBefore(held, row, before))) setCounting(held, first, row);
  } else if (before === row) setCounting(held, first, countingAmong(held, first));
  const after = countingOf(held, first);
  // Where the same way counts as before, another item may have come by it.
  return { messages, replaced: after === before && after !== row ? [] : [{ was, is: itemOf(state, after) }] };
}

/** Moves an item to where it belongs now. */
function placed(state: KeyState, row: number, at: Version): ItemMessage[] {
  const { key, held } = state;
  const lentTo = lentToAt(held, row);
  const owner = ownerNow(state, row);
  if (owner === lentTo) return [];
  setLentTo(held, row, owner);
  const item = itemAt(held, row, key);
  const lent: Item = { ...item, isKnown: true, path: [...item.path, key] };
  const message = (kind: 'put' | 'take', to: string): ItemMessage => ({ kind, to, item: lent, version: at });
  return [...(lentTo === null ? [] : [message('take', lentTo)]), ...(owner === null ? [] : [message('put', owner)])];
}

function ownerNow(state: KeyState, row: number): string | null {
  const { key, links, held } = state;
  return isHereAt(held, row) ? ownerOf(key, links, { ...movableAt(state, row), path: pathAt(held, row) }) : null;
}

function movableAt({ held }: KeyState, row: number): Movable {
  return { ts: tsAt(held, row), isKnown: isKnownAt(held, row) };
}

/** The key that an item of `key` goes to; null: it counts here. An item never comes back to a key that lent it, so links in a circle end. */
export function ownerOf(key: string, links: Links, item: Pick<Item, 'ts' | 'isKnown' | 'path'>): string | null {
  const { path } = item;
  const owner = ownerAt(links, item);
  return owner === null || owner === key || path.includes(owner) || path.length >= MAX_HOPS ? null : owner;
}

/** What counts for the key, from an instant on: of several items with one id, one. `most`: of more, as many. `without`: ids that are left out. */
export function membersOf(
  state: KeyState,
  fromTs = Number.NEGATIVE_INFINITY,
  most = Number.POSITIVE_INFINITY,
  without?: ReadonlySet<string>,
): Item[] {
  const { held } = state;
  const members: Item[] = [];
  for (let first = 0; first < held.count && members.length < most; first++) {
    const row = isFirstOfId(held, first) ? countingOf(held, first) : NONE;
    if (row === NONE || tsAt(held, row) < fromTs || without?.has(idAt(held, row)) === true) continue;
    members.push(itemAt(held, row, state.key));
  }
  return members;
}

function countingItem(state: KeyState, first: number): Item | undefined {
  return first === NONE ? undefined : itemOf(state, countingOf(state.held, first));
}

function itemOf({ key, held }: KeyState, row: number): Item | undefined {
  return row === NONE ? undefined : itemAt(held, row, key);
}

/** After rows of an id came or went. */
function recounted(state: KeyState, first: number): Replacement[] {
  const { held } = state;
  const before = countingOf(held, first);
  const after = countingAmong(held, first);
  setCounting(held, first, after);
  return after === before ? [] : [{ was: itemOf(state, before), is: itemOf(state, after) }];
}

/** The key's own one, else the one of the first origin, then of the shortest way: no order of arrival decides. */
function countingAmong(held: HeldItems, first: number): number {
  let counting = NONE;
  for (const row of rowsOfId(held, first))
    if (counts(held, row) && (counting === NONE || isWayBefore(held, row, counting))) counting = row;
  return counting;
}

function counts(held: HeldItems, row: number): boolean {
  return isHereAt(held, row) && lentToAt(held, row) === null;
}
