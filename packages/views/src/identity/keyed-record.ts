/**
 * The record of a key where keys of one person are joined (packages/model/src/identity): its own lines and the messages to it, in the order of their
 * arrival. From these alone follows what it holds, what it lent, and what counts for it.
 */
import type { Event } from '@tributary/model/event';
import {
  type Change,
  emptyKey,
  type ItemMessage,
  type KeyRules,
  type KeyState,
  type Message,
  membersOf,
  ownerOf,
  receiveEvent,
  receiveMessage,
} from '@tributary/model/identity/adoption';
import type { LinkRules, Version } from '@tributary/model/identity/links';
import {
  isMessageType,
  LINK_TYPE,
  messageOf,
  PUT_TYPE,
  RESERVED_PREFIX,
  WITHDRAW_TYPE,
} from '@tributary/model/identity/message-line';
import { type DigestOf, withdrawnBy } from '@tributary/model/identity/withdrawal';
import { timelineEvent } from '../member.ts';
import { cutMark, isOfLinks, isOfUser, linesOf, markedCut } from '../record.ts';
import { keptSaidMarks } from '../said-marks.ts';
import type { StepRules } from '../step.ts';
import { countOnce, emptyUser, insert, isRetained, NEVER_CUT, prune, type UserState } from '../user-state.ts';

/** What a line of the log does to what the key holds; null: nothing, as it is known. `at`: where it lies. */
export function receiveLine(state: KeyState, event: Event, line: string, at: Version): Change | null {
  if (isMessageType(event.type)) return receiveMessage(state, messageOf(event), at);
  return receiveEvent(state, { id: event.id, ts: event.ts, isKnown: event.userId !== undefined, line }, at);
}

/** What was said of links first: then each event is placed once. They are a set, so the order does not matter. */
export function keyFromRecord(key: string, record: string, rules: KeyRules): KeyState {
  return { ...keyFromLines(key, linesOf(record), rules), digestOf: rules.digestOf, lostTs: markedCut(record) };
}

/** Without digests: what was withdrawn has left the lines. */
function keyFromLines(key: string, lines: Iterable<string>, { windowMs, mostOfDay }: LinkRules): KeyState {
  const state = emptyKey(key, { windowMs, mostOfDay });
  const events: (readonly [Event, string])[] = [];
  // By the way that each came the newest alone: what was lent, taken back and lent again is looked at once.
  const newest = new Map<string, ItemMessage>();
  for (const line of lines) {
    const event = JSON.parse(line) as Event;
    const message = isMessageType(event.type) ? messageOf(event) : null;
    if (message === null) events.push([event, line]);
    else if ('item' in message) {
      const { item, version } = message;
      const way = [item.id, ...item.path].join('\n');
      if (version > (newest.get(way)?.version ?? '')) newest.set(way, message);
    } else receiveMessage(state, message, '');
  }
  for (const [event, line] of events) receiveLine(state, event, line, '');
  for (const message of newest.values()) receiveMessage(state, message, '');
  return state;
}

/**
 * Those of the lines of a key, in any order, that count for it: each as its origin got it, none of a message. What is lent away is not among them.
 * `digestOf`: where lines of a record are put to those of a generation, which may have what was withdrawn since.
 */
export function countingLines(key: string, lines: Iterable<string>, rules: KeyRules): string[] {
  const { digestOf } = rules;
  const left = digestOf === undefined ? lines : linesNotWithdrawn([...lines], digestOf);
  return membersOf(keyFromLines(key, left, rules)).map(({ line }) => line);
}

/** A record without what was withdrawn from it: messages that lent it, or took it back. */
export function recordNotWithdrawn(record: string, digestOf: DigestOf): string {
  if (!record.includes(WITHDRAW_HEAD)) return record;
  const cutTs = markedCut(record);
  const lines = linesNotWithdrawn([...linesOf(record)], digestOf).map((line) => `${line}\n`);
  return lines.join('') + (cutTs === NEVER_CUT ? '' : cutMark(cutTs)) + keptSaidMarks(record);
}

function linesNotWithdrawn(lines: readonly string[], digestOf: DigestOf): readonly string[] {
  const withdrawn = lines.flatMap((line) => {
    const message = line.includes(WITHDRAW_HEAD) ? messageIn(line) : null;
    return message?.kind === 'withdraw' ? [message] : [];
  });
  if (withdrawn.length === 0) return lines;
  const isGone = withdrawnBy(withdrawn, digestOf);
  return lines.filter((line) => {
    const message = line.includes(MESSAGE_HEAD) ? messageIn(line) : null;
    return message === null || !('item' in message) || !isGone(message.item.path, message.version);
  });
}

function messageIn(line: string): Message | null {
  const event = JSON.parse(line) as Event;
  return isMessageType(event.type) ? messageOf(event) : null;
}

/** Whether other keys said anything to the key of a record, as far as it has kept that: else all of it counts as it is. */
export function hasMessages(record: string): boolean {
  return record.includes(MESSAGE_HEAD);
}

/** Whether another key lent the key of a record anything. */
export function hasPuts(record: Buffer): boolean {
  return record.includes(PUT_HEAD);
}

/** A record as readers see it: of the same form, with the lines that count for the key. Where other keys said nothing it is the record itself. */
export function countingRecord(key: string, record: Buffer, windowMs: number): Buffer {
  if (!record.includes(MESSAGE_HEAD)) return record;
  const text = record.toString('utf8');
  const cutTs = markedCut(text);
  const lines = countingLines(key, linesOf(text), { windowMs }).map((line) => `${line}\n`);
  return Buffer.from(lines.join('') + (cutTs === NEVER_CUT ? '' : cutMark(cutTs)));
}

/**
 * Whose key it is at an instant, by the links in its record: what happens then counts for them, and they answer when it is asked for. Itself where no
 * link holds. `passed`: the keys that led to it.
 */
export function ownerOfRecord(key: string, record: Buffer, windowMs: number, { atMs, passed }: OwnerQuestion): string {
  if (!record.includes(LINK_HEAD)) return key;
  const lines = [...linesOf(record.toString('utf8'))];
  // A key that others led to, or that a user was known by: a merge alone leads on from there.
  const isKnown = passed.length > 0 || isOfKnownUser(lines);
  return ownerOf(key, keyFromLines(key, lines.filter(isOfLinks), { windowMs }).links, { ts: atMs, isKnown, path: passed }) ?? key;
}

/** Whether events were sent with the key as the id of a user. */
export function isOfKnownUser(lines: Iterable<string>): boolean {
  for (const line of lines) if (isOfUser(line)) return true;
  return false;
}

interface OwnerQuestion {
  readonly atMs: number;
  readonly passed: readonly string[];
}

const WITHDRAW_HEAD = `,"type":"${WITHDRAW_TYPE}"`;
const LINK_HEAD = `,"type":"${LINK_TYPE}"`;
const PUT_HEAD = `,"type":"${PUT_TYPE}"`;

/** How each message goes on after its instant. Properties of an event may hold the same text: then all of its record is looked at, to the same end. */
const MESSAGE_HEAD = `,"type":"${RESERVED_PREFIX}`;

/** The timeline of what counts for the key. `record`: for its marks alone; `cutTs`: of the whole partition. */
export function userFromKey(state: KeyState, record: string, logTimeMs: number, rules: StepRules, cutTs = NEVER_CUT): UserState {
  const user = emptyUser(Math.max(cutTs, markedCut(record)));
  for (const { ts, line } of membersOf(state)) {
    if (ts <= user.cutTs) continue;
    const event = timelineEvent(JSON.parse(line) as Event, rules.definitions);
    if (isRetained(event, logTimeMs, rules.retention)) insert(user, event);
  }
  countOnce(user, rules.definitions);
  prune(user, logTimeMs, rules.retention, rules.maxEvents);
  return user;
}
