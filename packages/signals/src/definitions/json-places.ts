/** Where the keys of a JSON text stand. */

export interface KeyPlace {
  /** Keys and indexes, joined with dots: `touches.visit.windowDays`. */
  readonly path: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

/** Longer paths have no place: no refusal names one, and a key of 100 KB above a long list would be as many copies of it. */
export const LONGEST_PATH = 2_000;

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],]|[^\s{}[\],:"]+/g;

/** The place of every key and every item of a list, in the order of the text, which must be JSON. */
export function jsonPlaces(text: string): KeyPlace[] {
  const places: KeyPlace[] = [];
  /** What encloses the token: the key or index that is being read, and whether it is a list. */
  const open: { at: string | number; readonly isList: boolean }[] = [];
  let isKey = false;
  let line = 1;
  let lineStart = 0;
  let read = 0;
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    for (let end = text.indexOf('\n', read); end >= 0 && end < index; end = text.indexOf('\n', end + 1)) {
      line += 1;
      lineStart = end + 1;
    }
    read = index;
    const within = open.at(-1);
    const isItem = within?.isList === true && !/^[\],]$/.test(token);
    if (within !== undefined && isKey && token.startsWith('"')) within.at = JSON.parse(token) as string;
    if ((isItem || (isKey && token.startsWith('"'))) && lengthOf(open) <= LONGEST_PATH)
      places.push({ path: open.map(({ at }) => at).join('.'), line, column: index - lineStart + 1 });
    isKey = token === '{' || (token === ',' && within?.isList === false);
    if (token === '{' || token === '[') open.push({ at: token === '[' ? 0 : '', isList: token === '[' });
    if (token === '}' || token === ']') open.pop();
    if (token === ',' && within?.isList === true) within.at = Number(within.at) + 1;
  }
  return places;
}

function lengthOf(open: readonly { readonly at: string | number }[]): number {
  return open.reduce((length, { at }) => length + String(at).length + 1, 0);
}
