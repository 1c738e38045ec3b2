/**
 * The stored record of a user: their lines in arrival order, each ending in "\n". State and signal store in one.
 *
 * A record may hold marks beside events: `{"ts":<instant>,"cut":true}` says that the timeline holds nothing up to this instant
 * (user-state.ts). It takes the place of lines that the record lost, so it is as durable as they were. `{"ts":<instant>,"said":"<name>"}` says what the user
 * said to another key, `{"ts":0,"to":<partition>}` where such keys are (said-marks.ts). All are shorter than any event, so that readers of signals pass over them (packages/store/src/records/signals.ts).
 */

import { type Event, lineTs } from '@tributary/model/event';
import { linksOf, SAYING_TYPES } from '@tributary/model/identity/links-of';
import { isMessageType, LASTING_TYPES, RESERVED_PREFIX } from '@tributary/model/identity/message-line';
import { DAY_MS } from '@tributary/model/time';
import { timelineEvent } from './member.ts';
import { isSaidMark, keptSaidMarks } from './said-marks.ts';
import type { StepRules } from './step.ts';
import { countOnce, emptyUser, findById, insert, isRetained, NEVER_CUT, prune, type UserState } from './user-state.ts';

/** How long a record keeps lines whatever their number: signals for readers, and all that the timeline may need. ms. */
export function recordRetentionMs({ definitions, retention }: Pick<StepRules, 'definitions' | 'retention'>): number {
  return Math.max(definitions.signalRetention.days * DAY_MS, retention.longMs);
}

/** What the state of a partition says of its records: `cutTs`, epoch ms, up to which they lack events; for how long they were kept, ms. */
export interface KeptRecords {
  readonly cutTs?: number;
  readonly keptMs?: number;
  readonly logTimeMs: number;
}

/** Up to when records may lack events that a version looks for which keeps them for `retentionMs`: epoch ms, or `NEVER_CUT`. */
export function cutOfRecords(kept: KeptRecords | null, retentionMs: number): number {
  const { cutTs = NEVER_CUT, keptMs = retentionMs, logTimeMs = 0 } = kept ?? {};
  return retentionMs > keptMs ? Math.max(cutTs, logTimeMs - keptMs) : cutTs;
}

export function cutMark(cutTs: number): string {
  return `{"ts":${cutTs},"cut":true}\n`;
}

/** How each mark ends, and no event does. */
export const MARK_END = ',"cut":true}';
const MARK = /^\{"ts":(\d{1,16}),"cut":true\}$/;

function isMark(line: string): boolean {
  return line.endsWith(MARK_END) && MARK.test(line);
}

/** The newest instant that the record's marks name; `NEVER_CUT` without one. */
export function markedCut(record: string): number {
  let cutTs = NEVER_CUT;
  if (record.includes(MARK_END)) for (const line of allLinesOf(record)) if (isMark(line)) cutTs = Math.max(cutTs, lineTs(line));
  return cutTs;
}

/** Rebuilds a user's state from their record. Lines were validated when they were appended. `cutTs`: of the whole partition. */
export function userFromRecord(record: string, logTimeMs: number, rules: StepRules, cutTs = NEVER_CUT): UserState {
  const user = emptyUser(Math.max(cutTs, markedCut(record)));
  const horizon = Math.max(logTimeMs - rules.retention.longMs, user.cutTs);
  for (const line of linesOf(record)) {
    if (lineTs(line) <= horizon) continue;
    const event = timelineEvent(JSON.parse(line) as Event, rules.definitions);
    if (!isRetained(event, logTimeMs, rules.retention) || findById(user, event.id) !== undefined) continue;
    insert(user, event);
  }
  countOnce(user, rules.definitions);
  prune(user, logTimeMs, rules.retention, rules.maxEvents);
  return user;
}

export interface TrimmedRecord {
  readonly record: string;
  /** The mark that stands in it; `NEVER_CUT`: none. */
  readonly cutTs: number;
}

/**
 * The record without what no reader needs any more: lines past its retention that are not among the newest `perUser` either, and events up to `lostTs`,
 * which its mark names. Past `mostLength` it keeps the newest half of that, and a mark of what it lost. Where keys are joined it keeps what says whose
 * key it is, however old.
 */
export function trimRecord(
  record: string,
  logTimeMs: number,
  rules: StepRules,
  mostLength = Infinity,
  lostTs = NEVER_CUT,
): TrimmedRecord {
  const horizon = logTimeMs - recordRetentionMs(rules);
  const lines = [...linesOf(record)];
  const newestFirst = lines.map((line, at) => ({ at, ts: lineTs(line) })).sort((a, b) => b.ts - a.ts || b.at - a.at);
  const { perUser } = rules.definitions.signalRetention;
  const retained = newestFirst.filter(
    ({ at, ts }, rank) => (ts > lostTs && (ts > horizon || rank < perUser)) || isOfLinks(lines[at] as string),
  );
  const keeps = withinLength(retained, lines, mostLength);

  const lost = retained[keeps]?.ts ?? NEVER_CUT;
  const marked = Math.max(lost, markedCut(record));
  const cutTs = marked > horizon ? marked : NEVER_CUT;
  const kept = new Set(retained.slice(0, keeps).map(({ at }) => at));
  if (rules.definitions.joinedMs !== null) {
    const own = newestFirst.filter(({ at }) => !isReserved(lines[at] as string));
    for (const witness of [own[0], own.find(({ at }) => isOfUser(lines[at] as string))])
      if (witness !== undefined) kept.add(witness.at);
    for (const at of namingOtherKeys(newestFirst, lines)) kept.add(at);
    for (const { at } of retained) if (isOfLinks(lines[at] as string)) kept.add(at);
  }
  const text = lines.map((line, at) => (kept.has(at) ? `${line}\n` : '')).join('') + keptSaidMarks(record, logTimeMs);
  return { record: cutTs === NEVER_CUT ? text : text + cutMark(cutTs), cutTs };
}

/**
 * Up to when a record of this length loses events to come down to half of `mostLength`, epoch ms: later than its mark, and than `horizonMs`, up to which it
 * keeps none for its views. null: it has room, or nothing else.
 */
export function excessUpTo(record: string, mostLength: number, horizonMs: number): number | null {
  if (record.length <= mostLength) return null;
  const cutTs = Math.max(markedCut(record), horizonMs);
  const lines = [...linesOf(record)];
  const newestFirst = lines.map((line, at) => ({ at, ts: lineTs(line) })).sort((a, b) => b.ts - a.ts || b.at - a.at);
  const beyond = newestFirst.slice(withinLength(newestFirst, lines, mostLength));
  return beyond.find(({ at, ts }) => ts > cutTs && !isOfLinks(lines[at] as string))?.ts ?? null;
}

/** Other keys that a record names however long ago it did: 100 KB or so of lines. */
const MOST_NAMED = 500;

/** For each key that is named the newest line that does so, or undoes it: an erasure takes the keys of the person. */
function namingOtherKeys(newestFirst: readonly { readonly at: number }[], lines: readonly string[]): number[] {
  const naming: number[] = [];
  const named = new Set<string>();
  for (const { at } of newestFirst) {
    if (named.size >= MOST_NAMED) break;
    const line = lines[at] as string;
    if (!NAMING.some((text) => line.includes(text))) continue;
    const event = JSON.parse(line) as Event;
    if (isMessageType(event.type)) continue;
    const before = named.size;
    for (const { to } of linksOf(event, '')) named.add(to);
    if (named.size > before) naming.push(at);
  }
  return naming;
}

/** Without what stands around them: who writes lines by hand may put spaces there. */
const NAMING = ['anonymousId"', ...SAYING_TYPES.map((type) => `"${type}"`)];

/** Links of keys outlive the events that they moved: what comes later belongs to somebody by them. */
export function isOfLinks(line: string): boolean {
  const at = line.indexOf(',');
  return LASTING.some((one) => line.startsWith(one, at));
}

/** The platform says it: a message, or who is erased. */
function isReserved(line: string): boolean {
  return line.startsWith(RESERVED, line.indexOf(','));
}

/** Whether an event was sent with the key of the record as the id of a user. */
export function isOfUser(line: string): boolean {
  return line.includes(USER_FIELD) && !isReserved(line) && (JSON.parse(line) as Event).userId !== undefined;
}

const RESERVED = `,"type":"${RESERVED_PREFIX}`;
const USER_FIELD = ',"userId":';
const LASTING = LASTING_TYPES.map((type) => `,"type":"${type}"`);

/** How many of the lines are kept: all, or half of what may be, so that cutting is rare. */
function withinLength(retained: readonly { readonly at: number }[], lines: readonly string[], mostLength: number): number {
  const lengthOf = ({ at }: { readonly at: number }) => (lines[at] as string).length + 1;
  if (retained.reduce((sum, line) => sum + lengthOf(line), 0) <= mostLength) return retained.length;
  let length = 0;
  for (const [count, line] of retained.entries()) {
    length += lengthOf(line);
    if (length > mostLength / 2) return count;
  }
  return retained.length;
}

/** The lines of events, in the order of their arrival. */
export function* linesOf(record: string): Generator<string> {
  for (const line of allLinesOf(record)) if (!isMark(line) && !isSaidMark(line)) yield line;
}

function* allLinesOf(record: string): Generator<string> {
  let from = 0;
  while (from < record.length) {
    const end = record.indexOf('\n', from);
    if (end < 0) return; // a partial last line cannot be: appends are atomic
    yield record.slice(from, end);
    from = end + 1;
  }
}
