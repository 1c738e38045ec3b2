/**
 * Web events: what people do on pages, as the tracker reports it (docs/tracker.md). A collector checks what comes from a tracker, but anybody may
 * write an event of these types: what it says is bounded here, in the same way as in events.sql. Whole numbers that are none, or too large, read 0.
 * Parts (of the page, of the time) that are malformed, or more than their whole, are left out all together: what elements have of a page is never
 * more than the page.
 */
import { OTHER } from '@tributary/model/channels/channel';
import type { Definitions } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { CELL_NUMBERS, ELEMENT_NUMBERS, NO_ROWS, type PlainReport, type ReportRows } from '@tributary/model/reading/plain-report';
import { rowName } from '@tributary/model/row-name';
import { CLICK_KINDS, FORM_ACTIONS, LAYOUTS, LINK_TARGETS, WEB_TYPES, type WebType } from '@tributary/model/web';
import { MOST_WEB_NAME } from '@tributary/model/web-names';
import { type PageKeys, pageKeys } from './page-keys.ts';

interface OfAny {
  /** What keys of its rows begin with. */
  readonly keys: PageKeys;
  readonly isBot: boolean;
}

export interface Click extends OfAny {
  readonly type: 'click';
  /** `(none)`: outside of all. */
  readonly element: string;
  readonly kind: (typeof CLICK_KINDS)[number] | undefined;
  /** The place in a grid of 16 × 16 over the element; undefined: it is not known. */
  readonly cell: number | undefined;
}

export interface Activity extends OfAny {
  readonly type: 'activity';
  readonly engagedMs: number;
  readonly visibleMs: number;
  /** Engaged, with a pointer that hovers. */
  readonly hoverMs: number;
  /** Engaged ms by twentieth of the page; empty: they are not known. */
  readonly bands: readonly number[];
  /** Twentieths of the page that its view first came to in this report: `[from, to)`. */
  readonly reached: readonly [from: number, to: number];
  /** The key of each, ms with the pointer and in the viewport, whether it was seen (in one report of a view), and its box in the page, px: x, y, width, height. */
  readonly elements: ReportRows;
  /** The element of each, a cell of its box, and for how long the pointer was there, ms. */
  readonly cells: ReportRows;
}

export interface Link extends OfAny {
  readonly type: 'link';
  readonly target: string;
  readonly host: string;
}

export interface Form extends OfAny {
  readonly type: 'form';
  readonly form: string;
  readonly field: string;
  readonly action: (typeof FORM_ACTIONS)[number] | undefined;
  readonly ms: number;
}

export type WebEvent = (OfAny & { readonly type: 'page' }) | Click | Activity | Link | Form;

const TYPES: ReadonlySet<string> = new Set(WEB_TYPES);

/** A page reports after 20 s engaged at the latest. */
const MOST_ENGAGED_MS = 60_000;
const MOST_VISIBLE_MS = 31_622_400_000;
const MOST_PX = 10_000_000;
/** Characters (code points) of the name of an element, a form or a field; of a host. */
const MOST_HOST = 253;
/** Parts of a page, from its top to its end. */
export const BANDS = 20;
const WHOLE_BP = 10_000;
const MOST_ELEMENTS = 100;
const MOST_CELLS = 200;
/** A tall box has 16 × 64 of them. */
const LAST_CELL = 1_023;
export const CELLS_OF_BOX = LAST_CELL + 1;
const CELLS = 16;
/** Places in a box are in ten thousandths of it. */
const LAST_PLACE = 9_999;

type Property =
  | ('layout' | 'viewId' | 'bot' | 'kind' | 'ex' | 'ey' | 'target' | 'host' | 'form' | 'field' | 'action' | 'ms')
  | ('engagedMs' | 'visibleMs' | 'hoverMs' | 'bands' | 'fromScrollBp' | 'maxScrollBp' | 'els' | 'moves');
type Said = { readonly [P in Property]?: unknown };

/** Whether views of pages look at events of this type. */
export function isOfWeb(type: string, { web }: Pick<Definitions, 'web'>): boolean {
  return web !== undefined && TYPES.has(type);
}

/** Clicks of people: `dead` says of one of them that nothing came of it. */
export function isClick(event: WebEvent): event is Click {
  return event.type === 'click' && (event.kind === 'click' || event.kind === 'rage');
}

/** Undefined: it says nothing about a page. */
export function webEvent(event: Event, definitions: Definitions): WebEvent | undefined {
  const { web } = definitions;
  if (web === undefined || !TYPES.has(event.type)) return undefined;
  // None of these names is one that every object has.
  const said: Said = event.properties ?? {};
  const layout = LAYOUTS.indexOf(said.layout as (typeof LAYOUTS)[number]);
  if (layout < 0 || typeof said.viewId !== 'string') return undefined;
  const keys = pageKeys(event.ts, event.page, layout, web);
  const isBot = typeof said.bot === 'string';
  const type = event.type as WebType;
  switch (type) {
    case 'page':
      return { keys, isBot, type };
    case 'click':
      return {
        keys,
        isBot,
        type,
        element: nameOf(event.element),
        kind: oneOf(CLICK_KINDS, said.kind),
        cell: cellOf(said.ex, said.ey),
      };
    case 'link': {
      const target = oneOf(LINK_TARGETS, said.target) ?? OTHER;
      return { keys, isBot, type, target, host: nameOf(said.host, MOST_HOST) };
    }
    case 'form': {
      const action = oneOf(FORM_ACTIONS, said.action);
      const ms = whole(said.ms, MOST_VISIBLE_MS);
      return { keys, isBot, type, form: nameOf(said.form), field: nameOf(said.field), action, ms };
    }
    case 'activity':
      return activityOf(reportOf(said), keys, isBot);
  }
}

/** The same of a report that was read in place. */
export function webEventOfReport(
  report: PlainReport,
  { type, ts }: Pick<Event, 'type' | 'ts'>,
  { web }: Pick<Definitions, 'web'>,
): WebEvent | undefined {
  const { isBot } = report;
  const layout = LAYOUTS.indexOf(report.layout as (typeof LAYOUTS)[number]);
  if (web === undefined || layout < 0) return undefined;
  const keys = pageKeys(ts, report.page, layout, web);
  if (type === 'activity') return activityOf(report, keys, isBot);
  if (type === 'page') return { keys, isBot, type };
  const { element, kind, ex, ey } = report;
  return { keys, isBot, type: 'click', element: nameOf(element), kind, cell: cellOf(ex, ey) };
}

type Report = Pick<
  PlainReport,
  'engagedMs' | 'visibleMs' | 'hoverMs' | 'fromScrollBp' | 'maxScrollBp' | 'bands' | 'elements' | 'cells'
>;

function activityOf(report: Report, keys: PageKeys, isBot: boolean): Activity {
  const engagedMs = upTo(report.engagedMs, MOST_ENGAGED_MS);
  const hoverMs = Math.min(engagedMs, upTo(report.hoverMs, MOST_ENGAGED_MS));
  return {
    keys,
    isBot,
    type: 'activity',
    engagedMs,
    visibleMs: upTo(report.visibleMs, MOST_VISIBLE_MS),
    hoverMs,
    bands: bandsWithin(report.bands, engagedMs),
    reached: reachedBands(report.fromScrollBp, report.maxScrollBp),
    elements: elementsWithin(report.elements, hoverMs, engagedMs),
    cells: cellsWithin(report.cells, hoverMs),
  };
}

function reportOf(said: Said): Report {
  return {
    engagedMs: orNone(said.engagedMs),
    visibleMs: orNone(said.visibleMs),
    hoverMs: orNone(said.hoverMs),
    fromScrollBp: orNone(said.fromScrollBp),
    maxScrollBp: orNone(said.maxScrollBp),
    bands: areWhole(said.bands, BANDS) ? said.bands : NOTHING,
    elements: rowsOf(said.els, MOST_ELEMENTS, ELEMENT_NUMBERS),
    cells: rowsOf(said.moves, MOST_CELLS, CELL_NUMBERS),
  };
}

function orNone(value: unknown): number {
  return isWhole(value, Number.MAX_SAFE_INTEGER) ? value : -1;
}

function areWhole(value: unknown, most: number): value is readonly number[] {
  return Array.isArray(value) && value.length <= most && value.every((one) => isWhole(one, Number.MAX_SAFE_INTEGER));
}

/** Rows of a name and numbers; none where one of them is malformed. */
function rowsOf(value: unknown, most: number, width: number): ReportRows {
  if (!Array.isArray(value) || value.length > most) return NO_ROWS;
  const [names, numbers]: [string[], number[]] = [[], []];
  for (const row of value as readonly unknown[]) {
    if (!Array.isArray(row) || row.length !== width + 1 || typeof row[0] !== 'string') return NO_ROWS;
    names.push(nameOf(row[0]));
    for (let i = 1; i <= width; i++) {
      if (!isWhole(row[i], MOST_PX)) return NO_ROWS;
      numbers.push(row[i]);
    }
  }
  return { names, numbers };
}

function bandsWithin(bands: readonly number[], engagedMs: number): readonly number[] {
  if (bands.length !== BANDS) return NOTHING;
  let sum = 0;
  for (const one of bands) {
    if (one > MOST_ENGAGED_MS) return NOTHING;
    sum += one;
  }
  return sum > engagedMs ? NOTHING : bands;
}

/** Those whose beginning lies in `[fromBp, toBp)` of the page, in ten thousandths. */
function reachedBands(fromBp: number, toBp: number): Activity['reached'] {
  if (!isWhole(fromBp, WHOLE_BP) || !isWhole(toBp, WHOLE_BP)) return [0, 0];
  return [Math.ceil((fromBp * BANDS) / WHOLE_BP), Math.ceil((toBp * BANDS) / WHOLE_BP)];
}

function elementsWithin(rows: ReportRows, hoverMs: number, engagedMs: number): ReportRows {
  const { numbers } = rows;
  let [cursor, viewport] = [0, 0];
  for (let at = 0; at < numbers.length; at += ELEMENT_NUMBERS) {
    cursor += numbers[at] as number;
    viewport += numbers[at + 1] as number;
  }
  return !areUpTo(numbers, MOST_PX) || cursor > hoverMs || viewport > engagedMs ? NO_ROWS : rows;
}

function cellsWithin(rows: ReportRows, hoverMs: number): ReportRows {
  const { numbers } = rows;
  let sum = 0;
  for (let at = 0; at < numbers.length; at += CELL_NUMBERS) {
    if ((numbers[at] as number) > LAST_CELL) return NO_ROWS;
    sum += numbers[at + 1] as number;
  }
  return sum > hoverMs ? NO_ROWS : rows;
}

const NOTHING: readonly never[] = [];

function areUpTo(numbers: readonly number[], most: number): boolean {
  for (const one of numbers) if (one > most) return false;
  return true;
}

/** 0 in place of what is none, or too large. */
function upTo(value: number, most: number): number {
  return value >= 0 && value <= most ? value : 0;
}

function cellOf(ex: unknown, ey: unknown): number | undefined {
  if (!isWhole(ex, LAST_PLACE) || !isWhole(ey, LAST_PLACE)) return undefined;
  const part = (place: number) => Math.floor((place * CELLS) / (LAST_PLACE + 1));
  return part(ey) * CELLS + part(ex);
}

function oneOf<const T extends string>(values: readonly T[], value: unknown): T | undefined {
  return values.find((one) => one === value);
}

function isWhole(value: unknown, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most;
}

function whole(value: unknown, most: number): number {
  return isWhole(value, most) ? value : 0;
}

/** The name of an element, a form or a field. */
export function nameOf(value: unknown, most = MOST_WEB_NAME): string {
  return rowName(value, most);
}
