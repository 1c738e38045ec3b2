/**
 * A page without a browser, and its visitor: the tracker hears inputs as a page gives them, at times that the visitor chooses. Its elements
 * have places, its clock stands still until it is moved, and what it sends is kept.
 */
import type { Event as TributaryEvent } from '@tributary/model/event';
import { vi } from 'vitest';

/** From 2026-03-01T00:00Z. */
const BEGIN_MS = Date.UTC(2026, 2, 1);
const PAGE_PX = { width: 1_000, height: 800 };

/** Left, top, width and height, px. `offer` lies in `hero`; below them is nothing that is tracked. */
const PLACES = {
  nav: [0, 0, 1_000, 100],
  hero: [0, 100, 1_000, 500],
  offer: [400, 300, 200, 60],
} as const;
export type PlaceName = keyof typeof PLACES;
export const PLACE_NAMES = Object.keys(PLACES) as readonly PlaceName[];

class PlacedElement {
  readonly localName = 'div';
  readonly isConnected = true;
  readonly parentNode = null;
  readonly name: PlaceName | '';
  readonly parentElement: PlacedElement | null;
  constructor(name: PlaceName | '', parent: PlacedElement | null) {
    this.name = name;
    this.parentElement = parent;
  }
  matches(selector: string): boolean {
    return selector === '[data-track]' && this.name !== '';
  }
  getAttribute(attribute: string): string | null {
    return attribute === 'data-track' && this.name !== '' ? this.name : null;
  }
  getBoundingClientRect(): object {
    const [left, top, width, height] = this.name === '' ? [0, 0, PAGE_PX.width, PAGE_PX.height] : PLACES[this.name];
    return { left, top, width, height };
  }
  getRootNode(): object {
    return {};
  }
}

const BODY = new PlacedElement('', null);
const HERO = new PlacedElement('hero', BODY);
const ELEMENTS: Readonly<Record<PlaceName, PlacedElement>> = {
  nav: new PlacedElement('nav', BODY),
  hero: HERO,
  offer: new PlacedElement('offer', HERO),
};

class Watcher {
  observe(): void {}
  disconnect(): void {}
  takeRecords(): readonly object[] {
    return [];
  }
}

type Listener = (event: object) => void;

export interface DrivenPage {
  /** Lets time pass, ms. */
  wait(ms: number): void;
  nowMs(): number;
  /** The pointer is moved into an element, or to where none is; within it, where it is there already. */
  move(to: PlaceName | undefined): void;
  /** The page moves under a pointer that rests. */
  slideUnder(to: PlaceName | undefined): void;
  leaveWindow(): void;
  /** The page is scrolled to that line, px. */
  scroll(topPx: number): void;
  /** The page is as high as that from now on, px. */
  grow(heightPx: number): void;
  press(): void;
  click(): void;
  show(isShown: boolean): void;
  focus(isFocused: boolean): void;
  /** Another page of the same document. */
  go(path: string): void;
  /** The document ends. */
  end(): void;
  /** What has arrived, each event once, in the order of its sending. */
  arrived(): Promise<readonly TributaryEvent[]>;
}

/** Stubs the globals of a page, and starts the tracker with attention in it. Modules are a page's own: they must be reset before. */
export async function drivenPage(): Promise<DrivenPage> {
  vi.useFakeTimers({ now: BEGIN_MS, toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
  const listeners = new Map<string, Set<Listener>>();
  const listen = (type: string, listener: Listener) => {
    if (!listeners.has(type)) listeners.set(type, new Set());
    listeners.get(type)?.add(listener);
  };
  const hear = (type: string, event: object = {}) => {
    for (const listener of [...(listeners.get(type) ?? [])]) listener({ type, ...event });
  };
  const bodies: string[] = [];
  const page = { isShown: true, isFocused: true, over: undefined as PlaceName | undefined, heightPx: PAGE_PX.height };
  const location = { href: 'https://shop.example/', search: '', host: 'shop.example' };
  const entries = new Map<string, string>();
  const globals = {
    ...{ innerWidth: PAGE_PX.width, innerHeight: PAGE_PX.height, scrollX: 0, scrollY: 0, location, Element: PlacedElement },
    localStorage: {
      getItem: (entry: string) => entries.get(entry) ?? null,
      setItem: (entry: string, text: string) => void entries.set(entry, text),
      removeItem: (entry: string) => void entries.delete(entry),
    },
    addEventListener: listen,
    removeEventListener: (type: string, listener: Listener) => listeners.get(type)?.delete(listener),
    window: { navigation: { addEventListener: listen } },
    navigator: { userAgent: 'x', webdriver: false },
    document: {
      documentElement: {
        get scrollHeight() {
          return page.heightPx;
        },
        addEventListener: listen,
      },
      referrer: '',
      get hidden() {
        return !page.isShown;
      },
      hasFocus: () => page.isFocused,
      querySelectorAll: () => Object.values(ELEMENTS),
    },
    MutationObserver: Watcher,
    getSelection: () => null,
    matchMedia: () => ({ matches: true }),
    fetch: async (_url: string, { body }: { readonly body: string }) => {
      bodies.push(body);
      return { status: 200 };
    },
  };
  for (const [name, value] of Object.entries(globals)) vi.stubGlobal(name, value);

  const { start } = await import('../src/page/tracker.ts');
  const attention = import('../src/attention/attention.ts');
  start({ key: 'tb_0', url: 'https://events.shop.example/web', attention: () => attention });
  await attention;
  await passed();

  const at = () => {
    const [left, top, width, height] = page.over === undefined ? [0, 700, 100, 100] : PLACES[page.over];
    return { clientX: left + width / 4, clientY: top + height / 4 };
  };
  const pathOf = () => {
    const path: PlacedElement[] = [];
    for (let one: PlacedElement | null = page.over === undefined ? BODY : ELEMENTS[page.over]; one; one = one.parentElement)
      path.push(one);
    return path;
  };
  const pointer = (type: string, event: object = {}) =>
    hear(type, { pointerType: 'mouse', ...at(), composedPath: pathOf, ...event });
  const slideUnder = (to: PlaceName | undefined) => {
    if (page.over === to) return;
    page.over = to;
    pointer('pointerover');
  };
  const said: TributaryEvent[] = [];
  return {
    wait: (ms) => void vi.advanceTimersByTime(ms),
    nowMs: () => Date.now() - BEGIN_MS,
    slideUnder,
    move(to) {
      slideUnder(to);
      pointer('pointermove');
    },
    leaveWindow() {
      page.over = undefined;
      pointer('pointerleave');
    },
    scroll(topPx) {
      vi.stubGlobal('scrollY', topPx);
      hear('scroll');
    },
    grow(heightPx) {
      page.heightPx = heightPx;
    },
    press: () => hear('keydown'),
    click() {
      pointer('pointerdown');
      pointer('click', { isTrusted: true, button: 0, detail: 1 });
    },
    show(isShown) {
      page.isShown = isShown;
      hear('visibilitychange');
    },
    focus(isFocused) {
      page.isFocused = isFocused;
      hear(isFocused ? 'focus' : 'blur');
    },
    go(path) {
      location.href = `https://shop.example${path}`;
      hear('currententrychange', { navigationType: 'push' });
    },
    end: () => hear('pagehide'),
    async arrived() {
      await passed();
      for (const body of bodies.splice(0)) for (const call of JSON.parse(body).batch as readonly Call[]) said.push(eventOf(call));
      return said;
    },
  };
}

/** The answers to what was sent. */
const passed = () => new Promise<void>((resolve) => setImmediate(resolve));

interface Call {
  readonly timestamp: number;
  readonly messageId: string;
  readonly event: string;
  readonly anonymousId: string;
  readonly context: { readonly page: { readonly url: string } };
  readonly properties: Readonly<Record<string, unknown>>;
}

function eventOf({ timestamp, messageId, event, anonymousId, context, properties }: Call): TributaryEvent {
  const { element, ...rest } = properties;
  return {
    ...{ ts: timestamp, receivedAt: timestamp, id: messageId, type: event, anonymousId, source: 'web', page: context.page.url },
    ...(typeof element === 'string' && { element }),
    properties: rest,
  };
}
