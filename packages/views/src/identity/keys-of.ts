/** What the record of a key says about keys of the same person: whose it is, by its links, and which others are its. */

import { byCodePoint } from '@tributary/model/code-points';
import type { Event } from '@tributary/model/event';
import { membersOf } from '@tributary/model/identity/adoption';
import { linksOf } from '@tributary/model/identity/links-of';
import { isMessageType, messageOf } from '@tributary/model/identity/message-line';
import { linesOf } from '../record.ts';
import { isOfKnownUser, keyFromRecord } from './keyed-record.ts';

interface LinkOfKey {
  readonly userKey: string;
  /** From when on, epoch ms. */
  readonly sinceMs: number;
  readonly receivedAtMs: number;
  /** An undoing ends it for what happens now. */
  readonly isUndone: boolean;
}

interface OwnKey {
  readonly userKey: string;
  /** Since the first event that says so and is kept; null: only its events are left, which were lent here. */
  readonly sinceMs: number | null;
  /** Events that count here and were received with that key. */
  readonly events: number;
  /** An event that is kept says so in a way that may merge two users. */
  readonly isMerged: boolean;
}

/** In time: the links of the key that count. */
export function linksOfKey(key: string, record: string, windowMs: number): LinkOfKey[] {
  const { made, undone } = keyFromRecord(key, record, { windowMs }).links;
  return made
    .filter(({ upTo }) => upTo === undefined)
    .map(({ to, ts, receivedAt, version }) => ({
      userKey: to,
      sinceMs: ts,
      receivedAtMs: receivedAt,
      isUndone: undone?.get(to)?.some((undoing) => undoing.version > version) ?? false,
    }));
}

/**
 * Whether a key that users name as theirs is: no event was sent with it as the id of a user, or one of these users was merged with that. Anybody may
 * name the id of another user, and nothing of theirs follows. False as well where no event of the key is kept.
 */
export function isKeyOf(users: ReadonlySet<string>, record: string, isMerged: boolean): boolean {
  if (isMerged) return true;
  let isAnonymous = false;
  for (const line of linesOf(record)) {
    const event = JSON.parse(line) as Event;
    const message = isMessageType(event.type) ? messageOf(event) : null;
    if (message?.kind === 'link' && message.link.merges === true && users.has(message.link.to)) return true;
    isAnonymous ||= message === null;
  }
  return isAnonymous && !isOfKnownUser(linesOf(record));
}

/** Whether the record keeps an event of the key: messages from others are none. */
export function hasEvents(record: string): boolean {
  for (const line of linesOf(record)) if (!isMessageType((JSON.parse(line) as Event).type)) return true;
  return false;
}

/** The keys that are this user's by their own events, and those whose events count here. As far back as the record goes; sorted by key. */
export function keysOfUser(key: string, record: string, windowMs: number): OwnKey[] {
  const keys = new Map<string, { sinceMs: number | null; events: number; isMerged: boolean }>();
  const ofKey = (one: string) => {
    let known = keys.get(one);
    if (known === undefined) keys.set(one, (known = { sinceMs: null, events: 0, isMerged: false }));
    return known;
  };
  const said = new Set<string>();
  for (const line of linesOf(record)) {
    const event = JSON.parse(line) as Event;
    if (isMessageType(event.type)) continue;
    for (const message of linksOf(event, '')) {
      if (message.kind === 'unlink') keys.delete(message.to);
      if (message.kind !== 'link' || said.has(`${message.to}\n${message.link.id}`)) continue;
      said.add(`${message.to}\n${message.link.id}`);
      const known = ofKey(message.to);
      known.isMerged ||= message.link.merges === true;
      known.sinceMs = Math.min(known.sinceMs ?? message.link.ts, message.link.ts);
    }
  }
  for (const { origin } of membersOf(keyFromRecord(key, record, { windowMs }))) if (origin !== key) ofKey(origin).events++;
  return [...keys].map(([userKey, one]) => ({ userKey, ...one })).sort((a, b) => byCodePoint(a.userKey, b.userKey));
}
