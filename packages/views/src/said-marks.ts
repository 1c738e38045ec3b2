/**
 * What the record of a user says of links that they said by the hour (packages/model/src/identity/said-once.ts): a line
 * `{"ts":<when what said so was received>,"said":"<a digest of its name>"}` for each, written by the commit that said it. Who loads the record knows
 * what need not be said again, so what a partition says follows from the log, and from no cache.
 *
 * A line `{"ts":0,"to":<partition>}` says that links were said, or undone, to keys there, at any time: what is on its way to one of these keys may change what
 * counts for the user (packages/serving/src/freshness/in-flight.ts). `"to":"any"`: two users were merged, so events may come through keys that this record
 * does not name.
 */
import { lineTs } from '@tributary/model/event';
import { MOST_SAID, noteSaid, SAID_MS, type SaidLinks } from '@tributary/model/identity/said-once';

/** Hexadecimal digits: the names of one user need to differ, and a mark must be shorter than any event. */
const DIGITS = 16;
/** A later instant has more digits than a mark has room for. */
const BEFORE_MS = 10 ** 13;

const SAID = ',"said":"';
const ZERO = 0x30;
/** Where the instant of a line begins. */
const INSTANT_AT = '{"ts":'.length;
const NAMED = '"ts":0,"to":';
const NAMED_HEAD = `{${NAMED}`;
const NAMED_NEXT = `\n${NAMED_HEAD}`;
const NAMED_MARK = /^\{"ts":0,"to":(\d{1,4}|"any")\}$/;
const SAID_MARK = /^\{"ts":\d{1,13},"said":"([0-9a-f]{16})"\}$/;

/** null: there is none for that instant. */
export function saidMark(name: string, receivedAt: number): string | null {
  return receivedAt < BEFORE_MS ? `{"ts":${receivedAt}${SAID}${name}"}\n` : null;
}

/** A link's name as a mark has it. */
export function saidName(name: string, sha256Hex: (text: string) => string): string {
  return sha256Hex(name).slice(0, DIGITS);
}

/** Any partition, of those of keys that a user named. */
export const ANYWHERE = -1;

export function namedMark(partition: number): string {
  return `{${NAMED}${partition === ANYWHERE ? '"any"' : partition}}\n`;
}

/** Where the keys are that the user of a record named in links, or `ANYWHERE`; undefined: they named none, and said nothing. */
export function namedIn(record: string): Set<number> | undefined {
  let named: Set<number> | undefined;
  for (let from = 0; from < record.length; ) {
    const end = record.indexOf('\n', from);
    if (end < 0) break;
    // Each record that is loaded is looked through: one character of a line says that it is not a mark.
    if (record.charCodeAt(from + INSTANT_AT) === ZERO && record.startsWith(NAMED, from + 1)) {
      const to = NAMED_MARK.exec(record.slice(from, end))?.[1];
      if (to !== undefined) (named ??= new Set()).add(to === '"any"' ? ANYWHERE : Number(to));
    }
    from = end + 1;
  }
  return named;
}

/** The same of the bytes of a record: an event of a sender begins no line so, and all else is passed over. */
export function namedInBytes(record: Buffer): Set<number> | undefined {
  let marks = record.toString('latin1', 0, NAMED_HEAD.length) === NAMED_HEAD ? lineAt(record, 0) : '';
  for (let at = record.indexOf(NAMED_NEXT); at >= 0; at = record.indexOf(NAMED_NEXT, at + 1)) marks += lineAt(record, at + 1);
  return marks === '' ? undefined : namedIn(marks);
}

function lineAt(record: Buffer, from: number): string {
  return record.toString('latin1', from, record.indexOf('\n', from) + 1);
}

export function isSaidMark(line: string): boolean {
  if (line.startsWith(NAMED, 1)) return NAMED_MARK.test(line);
  return line.startsWith(SAID, line.indexOf(',')) && SAID_MARK.test(line);
}

/** What a record knows to be said; undefined: nothing. */
export function saidIn(record: string): SaidLinks | undefined {
  let said: SaidLinks | undefined;
  for (const [name, receivedAt] of saidMarksIn(record)) {
    said ??= new Map();
    noteSaid(said, name, receivedAt);
  }
  return said;
}

/** As text: those of a record that may decide about what is still to come. */
export function keptSaidMarks(record: string, logTimeMs = Number.NEGATIVE_INFINITY): string {
  const said = saidMarksIn(record).filter(([, receivedAt]) => receivedAt > logTimeMs - SAID_MS);
  const marks = said.slice(-MOST_SAID).map(([name, receivedAt]) => saidMark(name, receivedAt));
  return [...Array.from(namedIn(record) ?? [], namedMark), ...marks].join('');
}

function saidMarksIn(record: string): (readonly [name: string, receivedAt: number])[] {
  const found: (readonly [string, number])[] = [];
  for (const line of linesAround(record, SAID)) {
    const name = SAID_MARK.exec(line)?.[1];
    if (name !== undefined) found.push([name, lineTs(line)]);
  }
  return found;
}

/** The lines of a record that hold a text, each once: one line of a sender may hold it thousands of times. */
export function* linesAround(record: string, text: string): Generator<string> {
  for (let at = record.indexOf(text); at >= 0; ) {
    const end = record.indexOf('\n', at);
    if (end < 0) return;
    yield record.slice(record.lastIndexOf('\n', at) + 1, end);
    at = record.indexOf(text, end);
  }
}
