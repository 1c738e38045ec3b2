/** Which elements have a share of the page, where they are, and how much of each is in the viewport. */
import type { Host } from '../page/settings.ts';

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export interface Tracked {
  readonly name: string;
  /** No other tracked element is inside. */
  isLeaf: boolean;
  /** In the page, px. */
  box: Box;
  /** Visible, px². */
  area: number;
  /** Enough of it is visible to be seen. */
  isEnough: boolean;
  /** Since when, without a break; undefined while it is not. */
  since: number | undefined;
}

const MAX_ELEMENTS = 500;
const LARGE_PX = 242_500;
const BANDS = 20;

export const tracked = new Map<Element, Tracked>();
/** Pixels of each twentieth of the page that are in the viewport. */
export const bands: number[] = new Array(BANDS).fill(0);

export function pageBoxOf(element: Element): Box {
  const { left, top, width, height } = element.getBoundingClientRect();
  return { left: left + scrollX, top: top + scrollY, width, height };
}

/** The elements of a document or of a shadow root, those of open shadow roots below it included. */
function* within(root: ParentNode, selector: string): Generator<Element> {
  for (const element of root.querySelectorAll('*')) {
    if (element.matches(selector)) yield element;
    if (element.shadowRoot) yield* within(element.shadowRoot, selector);
  }
}

const parentOf = (element: Element): Element | null =>
  element.parentElement ?? ((element.getRootNode() as Partial<ShadowRoot>).host || null);

/** Looks again for what has a share of the page. */
export function scan({ elements, keyOf }: Host): void {
  const before = new Map(tracked);
  tracked.clear();
  for (const element of within(document, elements)) {
    if (tracked.size >= MAX_ELEMENTS) break;
    const since = before.get(element)?.since;
    tracked.set(element, { name: keyOf(element), isLeaf: true, box: pageBoxOf(element), area: 0, isEnough: false, since });
  }
  for (const element of tracked.keys())
    for (let outer = parentOf(element); outer; outer = parentOf(outer)) {
      const one = tracked.get(outer);
      if (one) one.isLeaf = false;
    }
}

/**
 * Enough to be seen is half of the pixels of an element, 30 % of a large one, and never more than half of what the viewport can show of it:
 * half of a tall one can never be visible.
 */
function enough(width: number, height: number): number {
  const all = width * height;
  return Math.min(all * (all < LARGE_PX ? 0.5 : 0.3), (Math.min(width, innerWidth) * Math.min(height, innerHeight)) / 2);
}

export function measure(): void {
  for (const [element, one] of tracked) {
    const box = pageBoxOf(element);
    const { left, top, width, height } = box;
    const visible = (from: number, size: number, start: number, length: number) =>
      Math.max(0, Math.min(from + size, start + length) - Math.max(from, start));
    const area = visible(left, width, scrollX, innerWidth) * visible(top, height, scrollY, innerHeight);
    one.box = box;
    one.area = Math.round(area);
    one.isEnough = area > 0 && area >= enough(width, height);
    if (!one.isEnough) one.since = undefined;
  }
  const { scrollHeight } = document.documentElement;
  const bottom = Math.min(scrollY + innerHeight, scrollHeight);
  for (let i = 0; i < BANDS; i++)
    bands[i] = Math.max(
      0,
      Math.round(Math.min(bottom, (scrollHeight * (i + 1)) / BANDS) - Math.max(scrollY, (scrollHeight * i) / BANDS)),
    );
}
