/**
 * What the record of a user says of links that they said by the hour (packages/model/src/identity/said-once.ts): a line
 * `{"ts":<when what said so was received>,"said":"<a digest of its name>"}` for each, written by the commit that said it. Who loads the record knows
 * what need not be said again, so what a partition says follows from the log, and from no cache.
 */
import { lineTs } from '@tributary/model/event';
import { MOST_SAID, noteSaid, SAID_MS, type SaidLinks } from '@tributary/model/identity/said-once';

/** Hexadecimal digits: the names of one user need to differ, and a mark must be shorter than any event. */
const DIGITS = 16;
/** A later instant has more digits than a mark has room for. */
const BEFORE_MS = 10 ** 13;

const SAID = ',"said":"';
const SAID_MARK = /^\{"ts":\d{1,13},"said":"([0-9a-f]{16})"\}$/;

/** null: there is none for that instant. */
export function saidMark(name: string, receivedAt: number): string | null {
  return receivedAt < BEFORE_MS ? `{"ts":${receivedAt}${SAID}${name}"}\n` : null;
}

/** A link's name as a mark has it. */
export function saidName(name: string, sha256Hex: (text: string) => string): string {
  return sha256Hex(name).slice(0, DIGITS);
}

export function isSaidMark(line: string): boolean {
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
  const kept = saidMarksIn(record).filter(([, receivedAt]) => receivedAt > logTimeMs - SAID_MS);
  return kept
    .slice(-MOST_SAID)
    .map(([name, receivedAt]) => saidMark(name, receivedAt))
    .join('');
}

function saidMarksIn(record: string): (readonly [name: string, receivedAt: number])[] {
  const found: (readonly [string, number])[] = [];
  for (let at = record.indexOf(SAID); at >= 0; at = record.indexOf(SAID, at + 1)) {
    const start = record.lastIndexOf('\n', at) + 1;
    const line = record.slice(start, record.indexOf('\n', at));
    const [, name] = SAID_MARK.exec(line) ?? [];
    if (name !== undefined) found.push([name, lineTs(line)]);
  }
  return found;
}
