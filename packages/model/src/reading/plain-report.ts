/**
 * What a page reports, read in place: an event `activity`, which has dozens of rows of a name and numbers, and `JSON.parse` makes a list of each; a
 * view, or a click, of which little is asked.
 *
 * Like the reader of lines this one refuses nothing: whatever it is not sure of (a key twice, an escape, a number that is negative or has a point, rows of
 * other lengths, more rows than there may be) is left to `JSON.parse`. What it reads may still be too large, or more than the report has: that
 * is judged where reports are (packages/views/src/web/web-event.ts).
 */
import { rowName } from '../row-name.ts';
import { CLICK_KINDS } from '../web.ts';
import { MOST_WEB_NAME } from '../web-names.ts';
import { bytesOf, CLOSE, CLOSE_LIST, COLON, COMMA, isAt, jsonEnd, OPEN_LIST, textEnd, ZERO } from './plain-json.ts';
import { createNames } from './plain-names.ts';
import { EVENT_BOUNDS } from './validate-event.ts';

/** Rows of a name, as it is in keys of rows, and as many numbers each, one after another. */
export interface ReportRows {
  readonly names: readonly string[];
  readonly numbers: readonly number[];
}

/** What a report says. A number that it does not say, or that it says as no integer, is −1; a list is empty. */
export interface PlainReport {
  /** The address. */
  readonly page: string | undefined;
  readonly layout: number;
  readonly isBot: boolean;
  readonly engagedMs: number;
  readonly visibleMs: number;
  readonly hoverMs: number;
  readonly fromScrollBp: number;
  readonly maxScrollBp: number;
  readonly bands: readonly number[];
  /** Seven numbers each. */
  readonly elements: ReportRows;
  /** Two numbers each. */
  readonly cells: ReportRows;
  /** What was clicked. */
  readonly element: string | undefined;
  readonly kind: (typeof CLICK_KINDS)[number] | undefined;
  readonly ex: number;
  readonly ey: number;
}

export interface ReportReader {
  /** Where the properties that begin at `at` end; −1: `JSON.parse` has to look. */
  read(data: Buffer, at: number, end: number, isAscii: boolean): number;
  /** What was read last. */
  report(page: string | undefined, element: string | undefined): PlainReport;
}

const NUMBERS = ['layout', 'engagedMs', 'visibleMs', 'hoverMs', 'fromScrollBp', 'maxScrollBp'] as const;
const TEXTS = ['viewId', 'bot'] as const;
const KEYS = [...NUMBERS, ...TEXTS, 'bands', 'els', 'moves', 'kind', 'ex', 'ey'].map((key) => bytesOf(`"${key}"`));
const [VIEW, BOT, BANDS, ELEMENTS, CELLS, KIND, EX, EY] = [6, 7, 8, 9, 10, 11, 12, 13];
const KINDS = CLICK_KINDS.map((kind) => bytesOf(`"${kind}"`));
export const ELEMENT_NUMBERS = 7;
export const CELL_NUMBERS = 2;
/** More than a report may have is not read here. */
const MOST_BANDS = 20;
const MOST_ELEMENTS = 100;
const MOST_CELLS = 200;
/** Nothing in a report may be as large. */
const MOST_DIGITS = 12;
/** Rows lie three levels deep. */
if (EVENT_BOUNDS.propertyDepth < 3) throw new RangeError(`propertyDepth must be at least 3 (got ${EVENT_BOUNDS.propertyDepth})`);

export function createReportReader(): ReportReader {
  const lists = createListReader();
  const said = new Array<number>(KEYS.length).fill(-1);
  let seen = 0;
  let bands: readonly number[] = NOTHING;
  let elements = NO_ROWS;
  let cells = NO_ROWS;
  let kind: PlainReport['kind'];

  function valueEnd(data: Buffer, key: number, at: number, end: number, isAscii: boolean): number {
    let stop: number;
    switch (key) {
      case VIEW:
      case BOT:
        return textEnd(data, at, end);
      case BANDS:
        stop = lists.numbersEnd(data, at, MOST_BANDS);
        if (stop >= 0) bands = lists.numbers();
        return stop;
      case ELEMENTS:
        stop = lists.rowsEnd(data, at, end, isAscii, ELEMENT_NUMBERS, MOST_ELEMENTS);
        if (stop >= 0) elements = lists.rows();
        return stop;
      case CELLS:
        stop = lists.rowsEnd(data, at, end, isAscii, CELL_NUMBERS, MOST_CELLS);
        if (stop >= 0) cells = lists.rows();
        return stop;
      case KIND:
        kind = CLICK_KINDS[KINDS.findIndex((bytes) => isAt(data, at, bytes))];
        return textEnd(data, at, end);
      default:
        stop = lists.numberEnd(data, at);
        said[key] = lists.number();
        return stop;
    }
  }

  return {
    read(data, from, end, isAscii) {
      said.fill(-1);
      seen = 0;
      [bands, elements, cells] = [NOTHING, NO_ROWS, NO_ROWS];
      kind = undefined;
      let at = from + 1;
      for (;;) {
        const colon = textEnd(data, at, end);
        if (colon < 0 || data[colon] !== COLON) return -1;
        const key = keyAt(data, at, colon - at);
        if (key < 0) at = jsonEnd(data, colon + 1, end, EVENT_BOUNDS.propertyDepth - 1);
        else {
          if ((seen & (1 << key)) !== 0) return -1;
          seen |= 1 << key;
          at = valueEnd(data, key, colon + 1, end, isAscii);
        }
        if (at < 0 || at >= end) return -1;
        const next = data[at++];
        if (next === CLOSE) break;
        if (next !== COMMA) return -1;
      }
      // Without a view, or a class of viewports, it says nothing about a page.
      return (seen & (1 << VIEW)) !== 0 && (said[0] as number) >= 0 ? at : -1;
    },
    report(page, element) {
      const isBot = (seen & (1 << BOT)) !== 0;
      return {
        page,
        layout: said[0] as number,
        isBot,
        engagedMs: said[1] as number,
        visibleMs: said[2] as number,
        hoverMs: said[3] as number,
        fromScrollBp: said[4] as number,
        maxScrollBp: said[5] as number,
        bands,
        elements,
        cells,
        element,
        kind,
        ex: said[EX] as number,
        ey: said[EY] as number,
      };
    },
  };
}

/** Reads a number, or a list of numbers or rows, and keeps what was read last. */
function createListReader() {
  const names = createNames((text) => rowName(text, MOST_WEB_NAME));
  // Where lists are gathered: one that grows is copied again and again.
  const gatheredNames = new Array<string>(MOST_CELLS).fill('');
  const gathered = new Array<number>(Math.max(MOST_ELEMENTS * ELEMENT_NUMBERS, MOST_CELLS * CELL_NUMBERS)).fill(0);
  let number = 0;
  let count = 0;
  let rows = 0;

  /** Where the whole number at `from` ends; −1: there is none that is plain, and not negative. */
  function numberEnd(data: Buffer, from: number): number {
    let at = from;
    number = 0;
    for (;;) {
      const digit = (data[at] as number) - ZERO;
      // Past the end of the data this is NaN, which ends the number.
      if (!(digit >= 0 && digit <= 9)) break;
      number = number * 10 + digit;
      at++;
    }
    const digits = at - from;
    return digits === 0 || digits > MOST_DIGITS || (digits > 1 && data[from] === ZERO) ? -1 : at;
  }

  /** Where the list of numbers at `from` ends; −1: it is not plain, or has none, or more than `most`. */
  function numbersEnd(data: Buffer, from: number, most: number): number {
    count = 0;
    if (data[from] !== OPEN_LIST) return -1;
    for (let at = from + 1; count < most; ) {
      at = numberEnd(data, at);
      if (at < 0) return -1;
      gathered[count++] = number;
      const next = data[at++];
      if (next === CLOSE_LIST) return at;
      if (next !== COMMA) return -1;
    }
    return -1;
  }

  /** Where the list of rows at `from` ends, each of a name and `width` numbers; −1: it is not plain, or has more rows than `most`. */
  // biome-ignore lint/complexity/useMaxParams: called for each list of each report: an object would be allocated each time
  function rowsEnd(data: Buffer, from: number, end: number, isAscii: boolean, width: number, most: number): number {
    rows = 0;
    count = 0;
    let numbersSoFar = 0;
    if (data[from] !== OPEN_LIST) return -1;
    if (data[from + 1] === CLOSE_LIST) return from + 2;
    for (let at = from + 1; rows < most; ) {
      if (data[at] !== OPEN_LIST) return -1;
      const stop = textEnd(data, at + 1, end);
      if (stop < 0) return -1;
      gatheredNames[rows++] = names.textAt(data, at + 2, stop - 1) ?? nameAt(data, at + 2, stop - 1, isAscii);
      at = stop;
      // As `numberEnd`: a report has a hundred numbers, and a call of each costs as much as its digits.
      for (let i = 0; i < width; i++) {
        if (data[at] !== COMMA) return -1;
        const first = at + 1;
        let value = 0;
        for (at = first; ; at++) {
          const digit = (data[at] as number) - ZERO;
          if (!(digit >= 0 && digit <= 9)) break;
          value = value * 10 + digit;
        }
        if (at === first || at > first + MOST_DIGITS || (at > first + 1 && data[first] === ZERO)) return -1;
        gathered[numbersSoFar++] = value;
      }
      if (data[at] !== CLOSE_LIST) return -1;
      const next = data[at + 1];
      at += 2;
      if (next === CLOSE_LIST) {
        count = numbersSoFar;
        return at;
      }
      if (next !== COMMA) return -1;
    }
    return -1;
  }

  function nameAt(data: Buffer, from: number, to: number, isAscii: boolean): string {
    return names.keep(data.toString(isAscii ? 'latin1' : 'utf8', from, to));
  }

  return {
    numberEnd,
    numbersEnd,
    rowsEnd,
    number: () => number,
    numbers: () => gathered.slice(0, count),
    rows: (): ReportRows => (rows === 0 ? NO_ROWS : { names: gatheredNames.slice(0, rows), numbers: gathered.slice(0, count) }),
  };
}

const NOTHING: readonly number[] = [];
export const NO_ROWS: ReportRows = { names: [], numbers: [] };

/** Which of the keys stands at `at`, in quotes; −1: another one. */
function keyAt(data: Buffer, at: number, length: number): number {
  for (let key = 0; key < KEYS.length; key++) {
    const bytes = KEYS[key] as Uint8Array;
    if (bytes.length === length && isAt(data, at, bytes)) return key;
  }
  return -1;
}
