/**
 * Web events: what people do on pages, as the tracker reports it (docs/tracker.md). A collector checks what comes from a tracker, but anybody may
 * write an event of these types: what it says is bounded here, in the same way as in events.sql. Whole numbers that are none, or too large, read 0.
 * Parts (of the page, of the time) that are malformed, or more than their whole, are left out all together: what elements have of a page is never
 * more than the page.
 */
import { OTHER } from '@tributary/model/channels/channel';
import type { Definitions } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { rowName } from '@tributary/model/row-name';
import { CLICK_KINDS, FORM_ACTIONS, LAYOUTS, LINK_TARGETS, WEB_TYPES, type WebType } from '@tributary/model/web';
import { MOST_WEB_NAME } from '@tributary/model/web-names';
import { type PageKeys, pageKeys } from './page-keys.ts';

/**
 * What an element had of a report of a page, as the report says it: its key (`nameOf` reads it), ms, whether it was seen (in one report of a view),
 * and its box in the page, px. A report has dozens of such rows: nothing is copied.
 */
export type ElementRow = readonly [
  key: string,
  cursorMs: number,
  viewportMs: number,
  seen: number,
  x: number,
  y: number,
  width: number,
  height: number,
];

/** For how long the pointer was in a cell of an element's box, likewise. */
export type CellRow = readonly [key: string, cell: number, ms: number];

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
  readonly elements: readonly ElementRow[];
  readonly cells: readonly CellRow[];
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
    case 'activity': {
      const engagedMs = whole(said.engagedMs, MOST_ENGAGED_MS);
      const hoverMs = Math.min(engagedMs, whole(said.hoverMs, MOST_ENGAGED_MS));
      return {
        keys,
        isBot,
        type,
        engagedMs,
        visibleMs: whole(said.visibleMs, MOST_VISIBLE_MS),
        hoverMs,
        bands: bandsOf(said.bands, engagedMs),
        reached: reachedBands(said.fromScrollBp, said.maxScrollBp),
        elements: elementsOf(said.els, hoverMs, engagedMs),
        cells: cellsOf(said.moves, hoverMs),
      };
    }
  }
}

function bandsOf(value: unknown, engagedMs: number): readonly number[] {
  if (!Array.isArray(value) || value.length !== BANDS) return NOTHING;
  let sum = 0;
  for (const one of value) {
    if (!isWhole(one, MOST_ENGAGED_MS)) return NOTHING;
    sum += one;
  }
  return sum > engagedMs ? NOTHING : value;
}

/** Those whose beginning lies in `[fromBp, toBp)` of the page, in ten thousandths. */
function reachedBands(fromBp: unknown, toBp: unknown): Activity['reached'] {
  if (!isWhole(fromBp, WHOLE_BP) || !isWhole(toBp, WHOLE_BP)) return [0, 0];
  return [Math.ceil((fromBp * BANDS) / WHOLE_BP), Math.ceil((toBp * BANDS) / WHOLE_BP)];
}

function elementsOf(value: unknown, hoverMs: number, engagedMs: number): readonly ElementRow[] {
  if (!areRows<ElementRow>(value, MOST_ELEMENTS, 7)) return NOTHING;
  let [cursor, viewport] = [0, 0];
  for (const row of value) {
    cursor += row[1];
    viewport += row[2];
  }
  return cursor > hoverMs || viewport > engagedMs ? NOTHING : value;
}

function cellsOf(value: unknown, hoverMs: number): readonly CellRow[] {
  if (!areRows<CellRow>(value, MOST_CELLS, 2)) return NOTHING;
  let sum = 0;
  for (const row of value) {
    if (row[1] > LAST_CELL) return NOTHING;
    sum += row[2];
  }
  return sum > hoverMs ? NOTHING : value;
}

const NOTHING: readonly never[] = [];

/** Rows of a key and whole numbers, each of them well-formed. */
function areRows<Row extends ElementRow | CellRow>(value: unknown, most: number, numbers: number): value is readonly Row[] {
  if (!Array.isArray(value) || value.length > most) return false;
  for (const row of value as readonly unknown[]) {
    if (!Array.isArray(row) || row.length !== numbers + 1 || typeof row[0] !== 'string') return false;
    for (let i = 1; i <= numbers; i++) if (!isWhole(row[i], MOST_PX)) return false;
  }
  return true;
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
