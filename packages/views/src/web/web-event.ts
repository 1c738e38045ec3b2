/**
 * Web events: what people do on pages, as the tracker reports it (docs/tracker.md). A collector checks what comes from a tracker, but anybody may
 * write an event of these types: what it says is bounded here, in the same way as in events.sql. Whole numbers that are none, or too large, read 0.
 * Parts (of the page, of the time) that are malformed, or more than their whole, are left out all together: what elements have of a page is never
 * more than the page.
 */
import { NONE, OTHER } from '@tributary/model/channels/channel';
import type { Definitions } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { CONTROL } from '@tributary/model/event-fields';
import { LAYOUTS, WEB_TYPES, type WebType } from '@tributary/model/web';
import { pageOf } from './page-name.ts';

export interface WebEvent {
  readonly ts: number;
  readonly type: WebType;
  readonly page: string;
  /** The least width of the class of viewports, px. */
  readonly layout: string;
  readonly isBot: boolean;
  /** `activity` alone has any. */
  readonly engagedMs: number;
  readonly visibleMs: number;
}

const TYPES: ReadonlySet<string> = new Set(WEB_TYPES);

/** A page reports after 20 s engaged at the latest. */
const MOST_ENGAGED_MS = 60_000;
const MOST_VISIBLE_MS = 31_622_400_000;
/** Characters (code points) of the name of an element, a form, a field or a host. */
const MOST_NAME = 128;

type Properties = Readonly<Record<string, unknown>>;

/** Whether views of pages look at events of this type. */
export function isOfWeb(type: string, { web }: Pick<Definitions, 'web'>): boolean {
  return web !== undefined && TYPES.has(type);
}

/** Undefined: it says nothing about a page. */
export function webEvent(event: Event, definitions: Definitions): WebEvent | undefined {
  if (!isOfWeb(event.type, definitions)) return undefined;
  const { properties = {} } = event as { readonly properties?: Properties };
  const layout = LAYOUTS.find((one) => one === own(properties, 'layout'));
  if (layout === undefined || typeof own(properties, 'viewId') !== 'string') return undefined;
  const type = event.type as WebType;
  const isActivity = type === 'activity';
  return {
    ts: event.ts,
    type,
    page: pageOf(event.page, definitions),
    layout: String(layout),
    isBot: typeof own(properties, 'bot') === 'string',
    engagedMs: isActivity ? whole(own(properties, 'engagedMs'), MOST_ENGAGED_MS) : 0,
    visibleMs: isActivity ? whole(own(properties, 'visibleMs'), MOST_VISIBLE_MS) : 0,
  };
}

function own(properties: Properties, name: string): unknown {
  return Object.hasOwn(properties, name) ? properties[name] : undefined;
}

function whole(value: unknown, most: number): number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most ? (value as number) : 0;
}

/** A name as it is in keys of rows, which are joined by tabs. */
export function nameOf(value: unknown, most = MOST_NAME): string {
  if (typeof value !== 'string' || value === '') return NONE;
  return CONTROL.test(value) || isLonger(value, most) ? OTHER : value;
}

/** In code points, as SQL counts them. */
function isLonger(text: string, most: number): boolean {
  return text.length > most && (text.length > 2 * most || [...text].length > most);
}
