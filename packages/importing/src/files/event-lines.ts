/**
 * Events of a file, one JSON object a line. Each is read and written again on its way to the collector, and that would hide bytes that
 * are not UTF-8 (they read as U+FFFD) and numbers beyond what JSON readers hold (1e999 is written as null): such a line is a problem.
 */
import { isUtf8 } from 'node:buffer';
import type { ErrorCode } from '@tributary/model/errors';
import { validateProperties } from '@tributary/model/reading/validate-event';
import { parseObject } from './lines.ts';

export interface EventLine {
  /** From 1, as editors count. */
  readonly number: number;
  readonly text: string;
  readonly read: EventRead;
}

export type EventRead =
  | { readonly ok: true; readonly event: Record<string, unknown> }
  | { readonly ok: false; readonly code: ErrorCode; readonly reason: string };

/** The longest line kept, bytes: an event has at most 32 KB of JSON. */
const MAX_LINE_BYTES = 196_608;
const NEW_LINE = 10;
const BYTE_ORDER_MARK = '\ufeff';

/** The lines that are not blank, a chunk's worth at a time. */
export async function* eventLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<EventLine[]> {
  let number = 0;
  for await (const lines of byteLines(chunks)) {
    const read = lines.map((bytes) => {
      number += 1;
      const decoded = bytes.toString('utf8');
      const text = (number === 1 && decoded.startsWith(BYTE_ORDER_MARK) ? decoded.slice(1) : decoded).trim();
      return { number, text, read: readLine(bytes, decoded, text) };
    });
    yield read.filter(({ text }) => text !== '');
  }
}

function readLine(bytes: Buffer, decoded: string, text: string): EventRead {
  if (bytes.length > MAX_LINE_BYTES) return no('invalid_json', 'the line is too long');
  if (!isUtf8(bytes))
    return no('invalid_json', `an event must be UTF-8 (got other bytes), from column ${columnOfDamage(bytes, decoded)} on`);
  const event = parseObject(text);
  if (event === null) return no('invalid_json', 'the line is not a JSON object');
  const lost = lostIn(event, decoded, 'event');
  return lost === undefined ? { ok: true, event } : { ok: false, ...lost };
}

/** What of the object would not arrive as `text` has it; undefined where all does. */
export function lostIn(value: object, text: string, name: string): { code: ErrorCode; reason: string } | undefined {
  const bad = validateProperties(value, name, -1);
  if (bad === undefined) return undefined;
  const column = columnOfNumber(text);
  return { code: bad.code, reason: column === undefined ? bad.message : `${bad.message} (column ${column})` };
}

const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g;

/** Where the first number begins that a double does not hold. */
function columnOfNumber(text: string): number | undefined {
  for (const { 0: token, index } of text.matchAll(STRING_OR_NUMBER)) {
    if (token.startsWith('"')) continue;
    const value = Number(token);
    if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))) return index + 1;
  }
  return undefined;
}

/** The first U+FFFD that stands for bytes which are not it. */
function columnOfDamage(bytes: Buffer, decoded: string): number {
  let at = decoded.indexOf('\ufffd');
  while (at >= 0) {
    const offset = Buffer.byteLength(decoded.slice(0, at));
    if (bytes.toString('latin1', offset, offset + 3) !== '\xef\xbf\xbd') return at + 1;
    at = decoded.indexOf('\ufffd', at + 1);
  }
  return 1;
}

/** Lines without their ends; of one that is too long, a byte more than the bound. */
async function* byteLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer[]> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const lines: Buffer[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEW_LINE); end >= 0; end = chunk.indexOf(NEW_LINE, start)) {
      lines.push(joined(rest, chunk.subarray(start, end)));
      rest = Buffer.alloc(0);
      start = end + 1;
    }
    rest = joined(rest, chunk.subarray(start));
    if (lines.length > 0) yield lines;
  }
  if (rest.length > 0) yield [rest];
}

function joined(rest: Buffer, bytes: Uint8Array): Buffer {
  return Buffer.concat([rest, bytes.subarray(0, Math.max(0, MAX_LINE_BYTES + 1 - rest.length))]);
}

function no(code: ErrorCode, reason: string): EventRead {
  return { ok: false, code, reason };
}
