/**
 * One line applied where keys of one person are joined (decision 43): an event, or a message of another key. What counts for the key changes,
 * and so do its rows; what it has to say to other keys goes into the outbox of messages, with the same commit.
 */
import type { Event } from '@tributary/model/event';
import { type Change, type KeyState, type Message, withdrawAll } from '@tributary/model/identity/adoption';
import type { Link } from '@tributary/model/identity/links';
import { linksOf, mayLink } from '@tributary/model/identity/links-of';
import {
  delaysNoAnswer,
  encodeMessage,
  isMessageType,
  LAST_LINE,
  LASTING_TYPES,
  LINK_TYPES,
  messageNumber,
  numberOfMessage,
  PUT_TYPE,
  SAID,
  TAKE_TYPE,
  WITHDRAW_TYPE,
} from '@tributary/model/identity/message-line';
import { isSaid, nameOfSaid, noteSaid } from '@tributary/model/identity/said-once';
import { partitionOf } from '@tributary/model/user-key';
import { receiveLine } from '@tributary/views/identity/keyed-record';
import { recordRetentionMs } from '@tributary/views/record';
import { ANYWHERE, namedMark, saidMark, saidName } from '@tributary/views/said-marks';
import type { CachedUser } from '../partitions/cached-user.ts';
import type { PartitionRun } from '../partitions/partition-run.ts';
import { type Arrival, deadLetter, lineAt, wholeEvent } from '../read/decode.ts';
import { changeRowsLater } from './change-rows.ts';
import { type ApplyOptions, append, type Effects, noteSeen } from './effects.ts';

// biome-ignore lint/complexity/useMaxParams: called for each event: an object would be allocated each time
export function applyKeyed(
  run: PartitionRun,
  arrival: Arrival,
  user: CachedUser,
  key: KeyState,
  effects: Effects,
  options: ApplyOptions,
): void {
  const { userKey, line, position, lineNumber } = arrival;
  const event = wholeEvent(arrival);
  const isMessage = isMessageType(event.type);
  const at = versionOf(arrival);
  // What is older may have left the record: a link that was under way for so long, or received by a clock that is so far behind, reaches none of it.
  key.lostTs = Math.max(key.lostTs, Math.floor(arrival.logTimeMs - recordRetentionMs(run.rules)));
  // What was lent, or taken back, before the record lost it is not known any more: where that comes again, it would be lent on again, or taken back of where it is.
  if ((event.type === PUT_TYPE || event.type === TAKE_TYPE) && event.ts <= key.lostTs && isApplied(run, event)) return;
  let change: Change | null;
  try {
    change = receiveLine(key, event, line, at);
  } catch (error) {
    if (options.careful !== true) throw error;
    const why = `the speed layer could not apply the message: ${(error as Error).message}`;
    effects.unapplied.push(deadLetter(lineAt(position, lineNumber), 'not_applied', why, line));
    effects.overflowed++;
    return;
  }
  if (isMessage) noteApplied(run, arrival);
  // A generation that was cut before it, and behind its link, has moved what the key lost.
  if (saysLost(event)) effects.overflowed++;
  if (change === null) {
    if (!isMessage) effects.duplicates++;
    return;
  }
  if (lacksEvents(run, event, user, key, change)) effects.overflowed++;
  noteReplaced(run, arrival, event, change, effects);
  const said = isMessage ? change.messages : [...linksToSay(arrival, event, user, effects, options), ...change.messages];
  sayTo(run, said, at, effects, options);
  changeRowsLater(run, { arrival, event, user, key }, change.replaced, effects, options);
  for (const { is } of change.replaced)
    if (is !== undefined && run.definitions.conversionTypes.has(typeOf(is.line))) effects.conversions.set(is.id, userKey);
  if (event.type === WITHDRAW_TYPE) {
    // What is frozen, or has left the record, waits for the next generation, as an erasure does.
    effects.late++;
    // As where who is erased had lost events: rows of what was withdrawn may be among those that cannot be taken back.
    if (user.cutTs > arrival.logTimeMs - run.rules.retention.longMs) effects.overflowed++;
    effects.withdrawn.add(userKey);
  }
  const kept = change.kept === undefined ? line : encodeMessage(change.kept, numberOfMessage(event));
  if (LASTING_TYPES.includes(event.type) || event.ts > arrival.logTimeMs - recordRetentionMs(run.rules))
    append(effects, userKey, user, `${kept}\n`);
  for (const message of change.beside ?? [])
    append(effects, userKey, user, `${encodeMessage(message, numberOfMessage(event))}\n`);
}

/** Whether it is what a key says to itself of a link, or an undoing, that came after its record lost events, or of a link that does not count since. */
function saysLost({ type, properties }: Event): boolean {
  const { floor, held } = (properties?.[SAID] ?? {}) as Partial<Link>;
  return LINK_TYPES.includes(type) && (floor ?? held) !== undefined;
}

/**
 * Whether a link, or its undoing, reaches events that the record of the key has lost: they stay where they are until the next generation. What is taken
 * back may be one of these: its rows stay here until then, and it counts where it came from.
 */
function lacksEvents(
  { definitions }: PartitionRun,
  { type, ts, receivedAt }: Event,
  { cutTs }: CachedUser,
  { lostTs }: KeyState,
  { replaced }: Change,
): boolean {
  const goneTs = Math.max(cutTs, lostTs);
  if (type === TAKE_TYPE) return ts <= goneTs && replaced.length === 0;
  return LINK_TYPES.includes(type) && goneTs > receivedAt - (definitions.joinedMs ?? 0);
}

/** What an event of a key says to other keys, where none of them has said anything to it yet. */
export function sayLinks(run: PartitionRun, arrival: Arrival, user: CachedUser, effects: Effects, options: ApplyOptions): void {
  if (!mayLink(arrival)) return;
  sayTo(run, linksToSay(arrival, wholeEvent(arrival), user, effects, options), versionOf(arrival), effects, options);
}

/** Those that the user has not said. The record remembers them, and whom they go to, in the commit that says them. */
function linksToSay(
  arrival: Arrival,
  event: Event,
  user: CachedUser,
  effects: Effects,
  { sha256Hex, partitions }: Pick<ApplyOptions, 'sha256Hex' | 'partitions'>,
): Message[] {
  const { userKey, logTimeMs } = arrival;
  const { receivedAt } = event;
  return linksOf(event, versionOf(arrival)).filter((message) => {
    const name = nameOfSaid(message);
    const short = name === null ? '' : saidName(name, sha256Hex);
    if (isSaid(user.said, short, receivedAt, logTimeMs)) return false;
    const mark = name === null ? null : saidMark(short, receivedAt);
    if (mark !== null) {
      noteSaid((user.said ??= new Map()), short, receivedAt);
      append(effects, userKey, user, mark);
    }
    const isMerge = message.kind === 'link' && message.link.merges === true;
    for (const to of [partitionOf(message.to, partitions), ...(isMerge ? [ANYWHERE] : [])]) {
      if (user.named?.has(to) === true) continue;
      (user.named ??= new Set()).add(to);
      append(effects, userKey, user, namedMark(to));
    }
    return true;
  });
}

/** A message to a key of whom nothing counts has arrived, though it changes nothing. */
export function passMessage(run: PartitionRun, arrival: Arrival): void {
  if (run.definitions.joinedMs !== null && isMessageType(arrival.event.type)) noteApplied(run, arrival);
}

/** What an erased key lent is withdrawn from where it is. */
export function withdrawLent(run: PartitionRun, arrival: Arrival, key: KeyState, effects: Effects, options: ApplyOptions): void {
  const at = versionOf(arrival);
  sayTo(run, withdrawAll(key, arrival.event.receivedAt, at), at, effects, options);
}

function versionOf({ position, lineNumber }: Arrival): string {
  return `${position}.${String(lineNumber).padStart(LAST_LINE.length, '0')}`;
}

/** All that one line causes, in one call: each message is numbered among them. */
export function sayTo(
  { partition, sent }: PartitionRun,
  messages: readonly Message[],
  cause: string,
  effects: Effects,
  { partitions }: ApplyOptions,
): void {
  for (const [place, message] of messages.entries()) {
    const to = partitionOf(message.to, partitions);
    while (sent.length < partitions) sent.push('');
    const number = messageNumber(cause, place);
    effects.messages.push({ message, numbered: { from: partition, number, after: sent[to] as string } });
    sent[to] = number;
  }
}

/** What counts for the key in place of what did before, to segments. */
function noteReplaced(
  { following: { segments } }: PartitionRun,
  { userKey, logTimeMs }: Arrival,
  { id: cause }: Event,
  { replaced }: Change,
  effects: Effects,
): void {
  if (segments === null) return;
  const marksOf = (item: Change['replaced'][number]['is']) =>
    item === undefined ? [] : segments.marksOf(JSON.parse(item.line) as Event);
  const removed = replaced.flatMap(({ was }) => marksOf(was));
  noteSeen(effects, userKey, { logTimeMs, cause, added: replaced.flatMap(({ is }) => marksOf(is)), removed });
}

/** Whether a message comes again: a publisher that died passed it on before, or slept with it for some seconds. */
function isApplied({ applied }: PartitionRun, event: Event): boolean {
  const { from, number } = numberOfMessage(event);
  return number <= (applied[from] ?? '');
}

/**
 * The newest one that was applied. Where one is missing before it, something was lost, and answers stay incomplete. Archived files lack messages of users
 * who are gone, and nothing else: what the archive gives misses none, and neither does what the log gives first behind it.
 */
function noteApplied({ applied, archivedUpTo }: PartitionRun, { event, position }: Arrival): void {
  const numbered = numberOfMessage(event);
  if (delaysNoAnswer(numbered)) return;
  const { from, number, after } = numbered;
  while (applied.length <= from) applied.push('');
  const last = applied[from] as string;
  if (number <= last) return;
  if (position <= archivedUpTo) applied[from] = `${number}${BY_ARCHIVE}`;
  else if (after <= last || last.endsWith(BY_ARCHIVE)) applied[from] = number;
}

/**
 * Behind the number of the last one before the end of what the archive gave; alone: there was none. As text it is a little more than the number, and less
 * than the next one.
 */
const BY_ARCHIVE = '+';

/** What came up to here was given by the archive: of each sender the last messages, or all of them, may have gone with their users. */
export function noteArchived({ applied, definitions }: PartitionRun, partitions: number): void {
  if (definitions.joinedMs === null) return;
  while (applied.length < partitions) applied.push('');
  for (const [from, last] of applied.entries()) if (!last.endsWith(BY_ARCHIVE)) applied[from] = `${last}${BY_ARCHIVE}`;
}

function typeOf(line: string): string {
  return (JSON.parse(line) as Event).type;
}
