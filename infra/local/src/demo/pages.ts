/**
 * What the tracker would report of the shop's pages: a view, one report of engaged time by element, clicks, links and a form. Some visitors
 * alone are measured, as if the others had not agreed to it. Parts of a report add up to it, as those of the tracker do.
 */
import { split } from '@tributary/model/amounts/money';
import { SECOND_MS } from '@tributary/model/time';
import type { Random } from './random.ts';
import type { DemoEvent } from './session.ts';
import { type Block, OTHER_ROWS, ROWS_OF_PAGE, SOURCES } from './shop.ts';

/** The part of all visitors whose pages are measured. */
export const MEASURED_SHARE = 0.15;

export interface MeasuredPages {
  /** The views among the events of a session, as the tracker says them. */
  readonly viewed: ReadonlyMap<DemoEvent, DemoEvent>;
  readonly reports: readonly DemoEvent[];
}

interface Device {
  /** The class of the viewport, and its size, px. */
  readonly layout: number;
  readonly vw: number;
  readonly vh: number;
}

const DEVICES: readonly (readonly [Device, number])[] = [
  [{ layout: 0, vw: 390, vh: 844 }, 45],
  [{ layout: 576, vw: 820, vh: 1_180 }, 8],
  [{ layout: 992, vw: 1_280, vh: 800 }, 27],
  [{ layout: 1440, vw: 1_680, vh: 1_000 }, 20],
];
/** From this width on there is a pointer that hovers. */
const HOVERS_FROM_PX = 992;
const MOST_ENGAGED_MS = 20_000;
const BANDS = 20;
const CELLS = 16;
const MARGIN_PX = 16;
const VIEWS = new Set(['page', 'product_view']);
/** What brings a visitor: the view after it is loaded, and has its channel and campaign as the tracker reads them off the address. */
const WAYS_IN = new Set<string>(SOURCES.map(({ type }) => type));

/** `name`: what ids begin with, another one for each call. */
export function pagesOf(random: Random, session: readonly DemoEvent[], name: string): MeasuredPages {
  const viewed = new Map<DemoEvent, DemoEvent>();
  const reports: DemoEvent[] = [];
  const device = random.weighted(DEVICES);
  let views = 0;
  let wayIn: DemoEvent | null = null;
  for (const event of session) {
    if (WAYS_IN.has(event.type)) wayIn = event;
    if (!VIEWS.has(event.type)) continue;
    const viewId = Array.from({ length: 4 }, () =>
      random
        .int(0, 2 ** 32)
        .toString(16)
        .padStart(8, '0'),
    ).join('');
    const page = { ...pageOf(random, device, event.page ?? '/'), viewId };
    let sequence = 0;
    const make = (atMs: number, type: string, properties: object, element?: string): DemoEvent => ({
      ...(event.userId !== undefined && { userId: event.userId }),
      ...(event.anonymousId !== undefined && { anonymousId: event.anonymousId }),
      ...{ ts: Math.round(atMs), type, id: `${name}.${views}.${sequence++}`, source: 'demo', page: event.page ?? '/' },
      ...(element !== undefined && { element }),
      properties: { viewId, layout: device.layout, ...properties },
    });
    const view = { nav: wayIn === null ? 'push' : 'load', vw: device.vw, vh: device.vh, docH: page.docH };
    if (event.type === 'page')
      viewed.set(event, { ...event, ...originOf(wayIn), properties: { viewId, layout: device.layout, ...view } });
    else reports.push(make(event.ts, 'page', view));
    reports.push(...reportsOf(random, page, device, event.ts, make));
    views++;
    wayIn = null;
  }
  return { viewed, reports };
}

function originOf(wayIn: DemoEvent | null): Pick<DemoEvent, 'channel' | 'campaign'> {
  const { channel, campaign } = wayIn ?? {};
  return { ...(channel !== undefined && { channel }), ...(campaign !== undefined && { campaign }) };
}

interface Placed extends Block {
  /** x, y, width and height, px. */
  readonly box: readonly [number, number, number, number];
}

interface ShopPage {
  readonly path: string;
  readonly docH: number;
  readonly blocks: readonly Placed[];
}

/** On a telephone blocks stand one below the other. */
function pageOf(random: Random, { vw, layout }: Device, address: string): ShopPage {
  const path = address.startsWith('/rooms/') ? '/rooms/:sku' : address;
  const width = vw + random.int(-20, 21);
  const blocks: Placed[] = [];
  let y = 0;
  for (const row of ROWS_OF_PAGE[path] ?? OTHER_ROWS) {
    const isColumn = layout < 992;
    for (const one of row) {
      const [from, wide] = isColumn ? [0, 12] : one.column;
      const unit = (width - 2 * MARGIN_PX) / 12;
      blocks.push({ ...one, box: [MARGIN_PX + from * unit, y, wide * unit - MARGIN_PX, one.heightPx].map(Math.round) as never });
      if (isColumn) y += one.heightPx + MARGIN_PX;
    }
    if (!isColumn) y += Math.max(...row.map(({ heightPx }) => heightPx)) + MARGIN_PX;
  }
  return { path, docH: y, blocks };
}

type Make = (atMs: number, type: string, properties: object, element?: string) => DemoEvent;

function* reportsOf(random: Random, page: ShopPage, device: Device, startMs: number, make: Make): Generator<DemoEvent> {
  const { blocks, docH, path } = page;
  const visibleMs = Math.round(1_500 + random.exponential(14 * SECOND_MS));
  const engagedMs = Math.min(MOST_ENGAGED_MS, Math.round(visibleMs * (0.4 + 0.6 * random.next())));
  const hoverMs = device.vw < HOVERS_FROM_PX ? 0 : engagedMs;
  const endMs = startMs + visibleMs;
  // How far somebody reads: all of them the top, few the end.
  const depthPx = Math.min(docH, device.vh + random.exponential(docH * 0.35));
  const reached = blocks.filter(({ box: [, y] }) => y < depthPx);
  const weights = reached.map(({ weight }) => Math.round(100 * weight * (0.3 + random.next())));
  const elsewhere = Math.round(weights.reduce((a, b) => a + b, 0) * 0.12) + 1;
  const inViewport = split(engagedMs, [...weights, elsewhere]).map(Number);
  const underPointer = split(hoverMs, [...weights.map((one) => Math.round(one * random.next())), elsewhere]).map(Number);
  const els = reached.map(({ element, box }, i) => [element, underPointer[i], inViewport[i], Number(random.chance(0.7)), ...box]);
  const bands = split(
    engagedMs,
    Array.from({ length: BANDS }, (_, i) => bandWeight(i, depthPx / docH)),
  ).map(Number);
  yield make(endMs, 'activity', {
    ...{
      seq: 0,
      engagedMs,
      visibleMs,
      hoverMs,
      fromScrollBp: 0,
      maxScrollBp: Math.round((10_000 * depthPx) / docH),
      bands,
      els,
      last: true,
    },
    ...(hoverMs > 0 && { moves: movesOf(random, reached, underPointer) }),
  });
  for (let clicks = random.chance(0.55) ? random.int(1, 3) : 0; clicks > 0; clicks--) {
    const { element, box } = random.weighted(reached.map((one) => [one, one.clicks + 0.01] as const));
    const [ex, ey] = [spot(random, 10_000), spot(random, 10_000)];
    const at = { ex, ey, px: Math.round(box[0] + (box[2] * ex) / 10_000), py: Math.round(box[1] + (box[3] * ey) / 10_000) };
    yield make(
      startMs + visibleMs * random.next(),
      'click',
      { ...at, kind: random.chance(0.03) ? 'rage' : 'click', path: element },
      element,
    );
  }
  if (random.chance(0.08)) {
    const [target, host] = random.pick(LINKS);
    yield make(endMs, 'link', { target, host });
  }
  if (path === '/' && random.chance(0.3)) yield* formOf(random, startMs, make);
}

const LINKS = [
  ['outbound', 'maps.example'],
  ['outbound', 'reviews.example'],
  ['download', 'shop.example'],
] as const;

const FIELDS = ['city', 'arrival', 'guests', 'email'];

/** The search form: some give it up on the way. */
function* formOf(random: Random, startMs: number, make: Make): Generator<DemoEvent> {
  let at = startMs;
  for (const field of FIELDS) {
    const ms = Math.round(800 + random.exponential(3 * SECOND_MS));
    at += ms;
    yield make(at, 'form', { form: 'search', field, action: random.chance(0.85) ? 'change' : 'focus', ms });
    if (random.chance(0.18)) return yield make(at, 'form', { form: 'search', field, action: 'abandon', ms: 0 });
  }
  yield make(at, 'form', { form: 'search', field: 'email', action: 'submit', ms: 0 });
}

function bandWeight(band: number, depth: number): number {
  return band / BANDS >= depth ? 0 : Math.round(1_000 * (1.2 - band / BANDS));
}

/** Two cells of each element, with what the pointer was over it for. */
function movesOf(random: Random, reached: readonly Placed[], underPointer: readonly number[]): unknown[] {
  return reached.flatMap(({ element }, i) => {
    const [first = 0, second = 0] = split(underPointer[i] ?? 0, [2, 1]).map(Number);
    const cell = () => Math.floor(spot(random, CELLS)) * CELLS + Math.floor(spot(random, CELLS));
    return [
      [element, cell(), first],
      [element, cell(), second],
    ].filter(([, , ms]) => (ms as number) > 0);
  });
}

/** A place along a side, more often in its middle than at its ends. */
function spot(random: Random, most: number): number {
  return Math.min(most - 1, Math.floor(((random.next() + random.next() + random.next()) / 3) * most));
}
