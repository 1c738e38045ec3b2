/** What is wrong with JSON that a person wrote, with its line and column: a parser's own message often names neither. */

export interface JsonTrouble {
  readonly what: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

/** Deeper, no configuration is nested. */
const DEEPEST = 100;

class Found extends Error {
  readonly at: number;
  constructor(at: number, what: string) {
    super(what);
    this.at = at;
  }
}

/** Undefined where the text is JSON and names no key twice in one object. */
export function jsonTrouble(text: string): JsonTrouble | undefined {
  try {
    const scan = { text, at: 0 };
    value(scan, 0);
    space(scan);
    if (scan.at < text.length) throw new Found(scan.at, unexpected(scan));
    return undefined;
  } catch (error) {
    if (!(error instanceof Found)) throw error;
    const before = text.slice(0, error.at).split('\n');
    return { what: error.message, line: before.length, column: (before.at(-1) ?? '').length + 1 };
  }
}

export function troubleText({ what, line, column }: JsonTrouble): string {
  return `line ${line}, column ${column}: ${what}`;
}

/** The same as the parts of a refusal: what is wrong ends at its first sentence, what to do follows. */
export function notJson({ what, line, column }: JsonTrouble): { must: string; got: string; fix?: string } {
  const end = what.indexOf('. ');
  const wrong = end < 0 ? what : what.slice(0, end);
  const got = `line ${line}, column ${column}: ${wrong}`;
  return { must: 'be JSON', got, ...(end >= 0 && { fix: what.slice(end + 2) }) };
}

interface Scan {
  readonly text: string;
  at: number;
}

const STRING = /"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|true\b|false\b|null\b/y;

function value(scan: Scan, depth: number): void {
  space(scan);
  const first = scan.text[scan.at];
  if (depth > DEEPEST) throw new Found(scan.at, `more than ${DEEPEST} levels of brackets stand in each other. Nest less`);
  else if (first === '{') members(scan, depth);
  else if (first === '[') items(scan, depth);
  else if (match(scan, STRING) === undefined && match(scan, SCALAR) === undefined) throw new Found(scan.at, unexpected(scan));
}

function members(scan: Scan, depth: number): void {
  const seen = new Set<string>();
  list(scan, '}', () => {
    const at = scan.at;
    const key = match(scan, STRING);
    if (key === undefined) throw new Found(at, unexpected(scan, 'a key in double quotes'));
    const name = JSON.parse(key) as string;
    if (seen.has(name)) throw new Found(at, `the key ${key} stands there twice. Keep one of them`);
    seen.add(name);
    space(scan);
    if (scan.text[scan.at] !== ':') throw new Found(scan.at, unexpected(scan, `":" after the key ${key}`));
    scan.at++;
    value(scan, depth + 1);
  });
}

function items(scan: Scan, depth: number): void {
  list(scan, ']', () => value(scan, depth + 1));
}

function list(scan: Scan, end: '}' | ']', item: () => void): void {
  scan.at++;
  space(scan);
  if (scan.text[scan.at] === end) {
    scan.at++;
    return;
  }
  while (scan.at < scan.text.length) {
    item();
    space(scan);
    const next = scan.text[scan.at];
    if (next !== ',' && next !== end) throw new Found(scan.at, unexpected(scan, `"," or "${end}"`));
    scan.at++;
    if (next === end) return;
    space(scan);
    if (scan.text[scan.at] === end) throw new Found(scan.at, `"${end}" follows a comma. Remove the comma before it`);
  }
  throw new Found(scan.at, unexpected(scan, `"${end}"`));
}

function space(scan: Scan): void {
  while (' \t\r\n'.includes(scan.text[scan.at] ?? 'x')) scan.at++;
}

function match(scan: Scan, pattern: RegExp): string | undefined {
  pattern.lastIndex = scan.at;
  const [found] = pattern.exec(scan.text) ?? [];
  scan.at += found?.length ?? 0;
  return found;
}

function unexpected({ text, at }: Scan, wanted = 'a value'): string {
  const rest = text.slice(at);
  if (rest === '') return `the text ends where ${wanted} belongs`;
  if (/^(?:\/\/|\/\*|#)/.test(rest)) return 'JSON has no comments. Remove it';
  if (/^'/.test(rest)) return 'JSON has no single quotes. Write double ones';
  if (at === 0 && /^(?:---|[\w-]+ *:)/.test(rest)) return 'this looks like YAML. Write it as JSON';
  const character = String.fromCodePoint(rest.codePointAt(0) ?? 0);
  const shown = /[\p{C}\p{Z}]/u.test(character)
    ? `the invisible character U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
    : `"${character}"`;
  return `${shown} stands where ${wanted} belongs`;
}
