/**
 * What people look at, on three bases: the pointer (what is looked at is near it), the viewport (for devices without a pointer), and clicks. Engaged time
 * is given to the innermost element under the pointer, and shared over the visible elements by their visible pixels. The parts are whole
 * milliseconds, and never more than what they are parts of.
 */
import type { Attend, Attention, Host } from '../page/settings.ts';
import { type Box, bands as inView, measure, pageBoxOf, scan, tracked } from './boxes.ts';
import { waitForEffect } from './dead-clicks.ts';
import { split } from './split.ts';

const MEASURE_MS = 100;
const RESCAN_MS = 1_000;
/** Looking where elements are takes one part in this many of a processor. */
const SPARING = 50;
const SEEN_MS = 1_000;
const MAX_ELS = 100;
const MAX_MOVES = 200;
/** The rows and the address of their event have these together: the rest of it has at most 1 100 (a user of 256 signs), so it is smaller than a body. */
const MAX_CHARACTERS = 14_900;
const CELLS = 16;
const TALL_PX = 1_600;
/** What is further down or larger is there: a page may be of any height, and a collector takes no more. */
const MAX_PX = 1e7;

type Row = [cursorMs: number, viewportMs: number, seen: number];

let host: Host;
let engagedMs = 0;
/** Engaged time that is not shared over the page yet. */
let unsharedMs = 0;
/** The page was visible and had the focus without a break; undefined where nothing is known since the shares changed. */
let attendedFrom: number | undefined;
let attendedTo = 0;
/** How far down the page reports of this view said that it was, in ten thousandths of it. */
let reachedBp = 0;
let bands: number[];
let rows: Map<string, Row>;
/** Milliseconds by cell of an element: `cell key`. */
let cells: Map<string, number>;
const seen = new Set<string>();
let over: Element | undefined;
let overBox: Box;
let overKey = '';
/** The pointer in the viewport, and in the page when it was last looked at. */
let x = 0;
let y = 0;
let pageX = 0;
let pageY = 0;
let sampled = 0;
let nextMs = 0;
let measuring: ReturnType<typeof setTimeout> | undefined;
let rescanMs = RESCAN_MS;
let isRescanning = false;

function clear(): void {
  engagedMs = unsharedMs = 0;
  attendedFrom = undefined;
  bands = new Array(inView.length).fill(0);
  rows = new Map();
  cells = new Map();
}

function rowOf(key: string): Row {
  const row = rows.get(key) ?? [0, 0, 0];
  rows.set(key, row);
  return row;
}

function see(key: string): void {
  if (seen.has(key)) return;
  seen.add(key);
  rowOf(key)[2] = 1;
}

/** The cell of the pointer in a grid of 16 × 16 over the box, 16 × 64 over a tall one; by rows. */
function cellNow(): number {
  const { left, top, width, height } = overBox;
  const lines = height > TALL_PX ? 4 * CELLS : CELLS;
  const part = (offset: number, size: number, most: number) =>
    Math.max(0, Math.min(most - 1, Math.floor((offset * most) / (size || 1))));
  return part(pageY - top, height, lines) * CELLS + part(pageX - left, width, CELLS);
}

/** Time under the pointer is given at once. What is shared over the page waits until the shares change: most movements change none. */
function settled(ms: number, from: number, to: number): void {
  attendedFrom ??= from;
  attendedTo = to;
  unsharedMs += ms;
  if (over?.isConnected && ms > 0) {
    const cell = `${cellNow()} ${overKey}`;
    rowOf(overKey)[0] += ms;
    cells.set(cell, (cells.get(cell) ?? 0) + ms);
  }
}

function share(): void {
  const visible = [...tracked.values()]
    .filter(({ isLeaf, area }) => isLeaf && area > 0)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const shares = split(
    unsharedMs,
    visible.map(({ area }) => area),
  );
  for (const [i, { name }] of visible.entries()) rowOf(name)[1] += shares[i] as number;
  for (const [i, ms] of split(unsharedMs, inView).entries()) bands[i] = (bands[i] as number) + (ms || 0);
  engagedMs += unsharedMs;
  unsharedMs = 0;
  if (attendedFrom === undefined) return;
  for (const one of tracked.values()) {
    if (!one.isEnough) continue;
    one.since ??= attendedFrom;
    if (attendedTo - one.since >= SEEN_MS) see(one.name);
  }
  attendedFrom = undefined;
}

function measureNow(): void {
  clearTimeout(measuring);
  measuring = undefined;
  share();
  const began = performance.now();
  measure();
  nextMs = host.now() + Math.max(MEASURE_MS, SPARING * (performance.now() - began));
  pageX = x + scrollX;
  pageY = y + scrollY;
  if (over) overBox = pageBoxOf(over);
}

/** At most ten times a second. */
function moved(): void {
  const wait = nextMs - host.now();
  if (wait > 0) measuring ??= setTimeout(moved, wait);
  else {
    host.settle();
    measureNow();
  }
}

function rescan(): void {
  isRescanning = false;
  host.settle();
  share();
  const began = performance.now();
  scan(host);
  rescanMs = Math.max(RESCAN_MS, SPARING * (performance.now() - began));
  measureNow();
}

function pointed(event: PointerEvent): void {
  const { type, pointerType, clientX, clientY } = event;
  if (pointerType !== 'mouse' && pointerType !== 'pen') return;
  const t = host.now();
  const isOver = type === 'pointerover';
  const next = isOver ? host.pathOf(event).find((one) => one.matches(host.elements)) : type === 'pointerleave' ? undefined : over;
  // Most movements set two numbers.
  if (next !== over || t - sampled >= MEASURE_MS) {
    host.settle();
    sampled = t;
  }
  if (next && next !== over) {
    overBox = tracked.get(next)?.box ?? pageBoxOf(next);
    overKey = host.keyOf(next);
  }
  over = next;
  x = clientX;
  y = clientY;
  pageX = x + scrollX;
  pageY = y + scrollY;
}

function take(url: string, maxScrollBp: number): object {
  share();
  const boxes = new Map<string, Box>();
  for (const { name, box } of [...tracked.values()].reverse()) boxes.set(name, box);
  const els = [...rows]
    .filter(([, row]) => row.some(Boolean))
    .sort(([, a], [, b]) => b[0] + b[1] - a[0] - a[1])
    .map(([key, row]) => {
      const { left = 0, top = 0, width = 0, height = 0 } = boxes.get(key) ?? {};
      return [key, ...row, ...[left, top, width, height].map((px) => Math.max(0, Math.min(MAX_PX, Math.round(px))))];
    });
  const moves = [...cells]
    .sort(([, a], [, b]) => b - a)
    .map(([cell, ms]) => [cell.slice(cell.indexOf(' ') + 1), Number.parseInt(cell, 10), ms] as const);
  const all = els.length + moves.length;
  els.splice(MAX_ELS);
  moves.splice(MAX_MOVES);
  while (JSON.stringify([url, els, moves]).length > MAX_CHARACTERS) (moves.length > els.length ? moves : els).pop();
  // A device whose first pointer does not hover may have a pen or a mouse beside it.
  const hoverMs = cells.size || matchMedia('(hover:hover)').matches ? engagedMs : 0;
  const more = { fromScrollBp: reachedBp, hoverMs, bands, els, moves, lost: all - els.length - moves.length || undefined };
  reachedBp = Math.max(reachedBp, maxScrollBp);
  clear();
  return more;
}

function interrupted(): void {
  share();
  for (const one of tracked.values()) one.since = undefined;
}

const attention: Attention = {
  settled,
  interrupted,
  pointed,
  take,
  clicked(path, isKey, dead) {
    const owner = path.find((one) => one.matches(host.elements));
    if (owner) see(host.keyOf(owner));
    if (!isKey) waitForEffect(path, dead);
  },
  begin() {
    reachedBp = 0;
    clear();
    seen.clear();
    interrupted();
    rescan();
  },
};

export const attend: Attend = (given) => {
  host = given;
  host.on('pointerover', pointed);
  // Heard where the pointer leaves the page, and nowhere else.
  document.documentElement.addEventListener('pointerleave', pointed);
  host.on('scroll resize load', moved);
  new MutationObserver(() => {
    if (!isRescanning) setTimeout(rescan, rescanMs);
    isRescanning = true;
  }).observe(document, { subtree: true, childList: true });
  return attention;
};
