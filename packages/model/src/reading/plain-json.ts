/** JSON in bytes as `JSON.stringify` writes most of it, passed over without a value being made: no escapes, no spaces, no exponents. */

export const NEWLINE = 0x0a;
export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const MINUS = 0x2d;
const POINT = 0x2e;
export const ZERO = 0x30;
export const COLON = 0x3a;
export const OPEN = 0x7b;
export const CLOSE = 0x7d;
export const OPEN_LIST = 0x5b;
export const CLOSE_LIST = 0x5d;

export const TRUE = bytesOf('true');
const FALSE = bytesOf('false');
const NULL = bytesOf('null');

/** Where the JSON value at `at` ends, which may open `levels`; -1: it is not plain. */
export function jsonEnd(data: Uint8Array, at: number, end: number, levels: number): number {
  switch (data[at]) {
    case QUOTE:
      return textEnd(data, at, end);
    case OPEN:
    case OPEN_LIST:
      return levels === 0 ? -1 : membersEnd(data, at, end, levels - 1);
    case TRUE[0]:
      return isAt(data, at, TRUE) ? at + TRUE.length : -1;
    case FALSE[0]:
      return isAt(data, at, FALSE) ? at + FALSE.length : -1;
    case NULL[0]:
      return isAt(data, at, NULL) ? at + NULL.length : -1;
    default:
      return numberEnd(data, at, end);
  }
}

/** Where the object or list at `from` ends. */
function membersEnd(data: Uint8Array, from: number, end: number, levels: number): number {
  const isObject = data[from] === OPEN;
  // The closing brackets lie two behind the opening ones.
  const close = (data[from] as number) + 2;
  let at = from + 1;
  if (data[at] === close) return at + 1;
  for (;;) {
    if (isObject) {
      at = textEnd(data, at, end);
      if (at < 0 || data[at++] !== COLON) return -1;
    }
    at = jsonEnd(data, at, end, levels);
    if (at < 0 || at >= end) return -1;
    const next = data[at++];
    if (next === close) return at;
    if (next !== COMMA) return -1;
  }
}

/** Where the text in quotes at `at` ends; -1: there is none, or it has an escape, a control character or DEL. */
export function textEnd(data: Uint8Array, at: number, end: number): number {
  if (data[at] !== QUOTE) return -1;
  for (let i = at + 1; i < end; i++) {
    const byte = data[i] as number;
    if (byte === QUOTE) return i + 1;
    if (byte < 0x20 || byte === 0x5c || byte === 0x7f) return -1;
  }
  return -1;
}

/** Where the integer at `at` ends; -1: there is none, or it has zeros before it, or is -0. */
export function wholeEnd(data: Uint8Array, at: number, end: number): number {
  const first = data[at] === MINUS ? at + 1 : at;
  const stop = digitsEnd(data, first, end);
  const isPadded = data[first] === ZERO && (stop > first + 1 || first > at);
  return stop === first || isPadded ? -1 : stop;
}

/** Where the number at `at` ends, which may have a point; -1: there is none, or one with an exponent. */
function numberEnd(data: Uint8Array, at: number, end: number): number {
  const isBelowOne = data[at] === MINUS && data[at + 1] === ZERO;
  const whole = wholeEnd(data, isBelowOne ? at + 1 : at, end);
  if (whole < 0 || data[whole] !== POINT) return whole;
  const stop = digitsEnd(data, whole + 1, end);
  return stop === whole + 1 ? -1 : stop;
}

function digitsEnd(data: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && (data[at] as number) >= ZERO && (data[at] as number) <= 0x39) at++;
  return at;
}

export function hasOnlyAscii(data: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if ((data[i] as number) > 0x7e) return false;
  return true;
}

export function isAt(data: Uint8Array, at: number, bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (data[at + i] !== bytes[i]) return false;
  return true;
}

export function headAt(data: Uint8Array, at: number): number {
  return (
    (data[at] as number) | ((data[at + 1] as number) << 8) | ((data[at + 2] as number) << 16) | ((data[at + 3] as number) << 24)
  );
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
