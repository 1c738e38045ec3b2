/** Pages that are larger, denser or used otherwise than most: what the tracker sends of them fits, and is what a collector takes. */
import { beforeEach, expect, test, vi } from 'vitest';
import type { Attention } from '../src/page/settings.ts';

/** Named, 600 × 40 px, at a height of the page. */
interface Place {
  readonly name: string;
  readonly top: number;
  readonly localName: string;
  readonly isConnected: boolean;
  matches(): boolean;
  getBoundingClientRect(): object;
  getRootNode(): object;
}

const placeAt = (name: string, top: number): Place => ({
  ...{ name, top, localName: 'div', isConnected: true },
  matches: () => true,
  getBoundingClientRect: () => ({ left: 0, top, width: 600, height: 40 }),
  getRootNode: () => ({}),
});

/** As `localStorage`: its entries are its own properties. */
class Store {
  declare getItem: (entry: string) => string | null;
  declare setItem: (entry: string, text: string) => void;
  declare removeItem: (entry: string) => void;
  constructor() {
    const entries = this as unknown as Record<string, string>;
    const methods = {
      getItem: (entry: string) => (Object.hasOwn(entries, entry) ? entries[entry] : null),
      setItem: (entry: string, text: string) => {
        entries[entry] = text;
      },
      removeItem: (entry: string) => {
        delete entries[entry];
      },
    };
    for (const [name, value] of Object.entries(methods)) Object.defineProperty(this, name, { value });
  }
}

let stored: Store;
let places: readonly Place[];
let page: { hovers: boolean; scrollHeight: number; referrer: string };

const html = {
  get scrollHeight() {
    return page.scrollHeight;
  },
  addEventListener: () => {},
};

beforeEach(() => {
  vi.resetModules();
  stored = new Store();
  places = [];
  page = { hovers: true, scrollHeight: 20_000, referrer: '' };
  const globals = {
    ...{ localStorage: stored, innerWidth: 1_200, innerHeight: 100_000, scrollX: 0, scrollY: 0 },
    navigator: { userAgent: 'x', webdriver: false },
    location: { href: 'https://shop.example/', search: '' },
    document: {
      ...{ documentElement: html, hidden: true, hasFocus: () => false, querySelectorAll: () => places },
      get referrer() {
        return page.referrer;
      },
    },
    MutationObserver: class {
      observe() {}
    },
    matchMedia: () => ({ matches: page.hovers }),
    fetch: () => Promise.reject(new Error('the network is down')),
  };
  for (const [name, value] of Object.entries(globals)) vi.stubGlobal(name, value);
});

const kept = () => Object.entries(stored).filter(([entry]) => entry.startsWith('tributary:'));
const sent = (event: string) => kept().flatMap(([, text]) => (JSON.parse(text).event === event ? [JSON.parse(text)] : []));

async function events(options: object = {}) {
  const { configure } = await import('../src/page/settings.ts');
  const { beginView, emit, setConsent } = await import('../src/page/events.ts');
  configure({ key: 'tb_0', url: 'https://events.shop.example/web', ...options });
  beginView();
  setConsent('granted');
  return { emit, setConsent };
}

/** A pointer that stays `ms` over each of `visits`. */
async function attended(visits: readonly Place[], ms: number, pointerType = 'mouse'): Promise<Attention> {
  const { attend } = await import('../src/attention/attention.ts');
  let t = 0;
  let under: Place | undefined;
  const attention = attend({
    elements: '[data-track]',
    now: () => t,
    on: () => {},
    pathOf: () => [under] as unknown as Element[],
    keyOf: (element) => (element as unknown as Place).name,
    settle: () => {},
  });
  attention.begin();
  for (const [i, visit] of visits.entries()) {
    under = visit;
    const at = { clientX: (i * 97) % 600, clientY: visit.top + ((i * 13) % 40) };
    attention.pointed({ type: 'pointerover', pointerType, ...at } as PointerEvent);
    t += ms;
    attention.settled(ms, t - ms, t);
  }
  return attention;
}

interface Taken {
  readonly hoverMs: number;
  readonly els: readonly (readonly [key: string, cursorMs: number, ...others: number[]])[];
  readonly moves: readonly (readonly [key: string, cell: number, ms: number])[];
  readonly lost?: number;
}

const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);

test.each([
  ['a pen beside a finger', false, 'pen', 3_000],
  ['a mouse beside a finger', false, 'mouse', 3_000],
  ['a finger', false, 'touch', 0],
  ['a mouse', true, 'mouse', 3_000],
  ['a finger beside a mouse', true, 'touch', 3_000],
])('law 4: time under a pointer is part of the time in which one hovers: %s', async (_name, hovers, pointerType, hoverMs) => {
  page.hovers = hovers;
  places = [placeAt('offer', 0)];
  const taken = (await attended(places, 3_000, pointerType)).take('', 0) as Taken;
  const pointed = pointerType === 'touch' ? 0 : 3_000;
  expect(taken.hoverMs).toBe(hoverMs);
  expect(sum(taken.els.map(([, cursorMs]) => cursorMs))).toBe(pointed);
  expect(sum(taken.moves.map(([, , ms]) => ms))).toBe(pointed);
});

test('law 7: a dense page at the longest address is reported, and says how many rows it left out', async () => {
  const href = `https://${'shop-'.repeat(50)}.example/${'category/'.repeat(300)}?utm_source=${'m'.repeat(2_000)}#/${'way/'.repeat(300)}`;
  vi.stubGlobal('location', { href, search: '' });
  const { emit } = await events({ hash: true, user: 'u'.repeat(256) });
  const { view } = await import('../src/page/events.ts');
  expect(view.url.length).toBeGreaterThan(3_200);
  places = Array.from({ length: 100 }, (_, i) => placeAt(`recommendation-tile-of-row-${i}`, i * 50));
  const visits = Array.from({ length: 300 }, (_, i) => places[i % 100] as Place);
  const taken = (await attended(visits, 60)).take(view.url, 0) as Taken;
  emit('activity', { seq: 0, engagedMs: 18_000, visibleMs: 18_000, maxScrollBp: 10_000, ...taken, last: true });
  expect(sent('activity')).toMatchObject([{ context: { page: { url: view.url } }, properties: { engagedMs: 18_000 } }]);
  expect(taken.lost).toBe(100 + 300 - taken.els.length - taken.moves.length);
  // A short address leaves its characters to rows.
  const other = (await attended(visits, 60)).take('https://shop.example/', 0) as Taken;
  expect(other.els.length + other.moves.length).toBeGreaterThan(taken.els.length + taken.moves.length + 50);
});

test('law 7: what is further down than 10 000 000 px is there, in a page that is as high as that', async () => {
  page.scrollHeight = 16_000_000;
  places = [placeAt('far', 12_000_000)];
  const taken = (await attended(places, 1_000)).take('', 0) as Taken;
  expect(taken.els).toEqual([['far', 1_000, 0, 0, 0, 10_000_000, 600, 40]]);
  await events();
  const { viewPage } = await import('../src/page/views.ts');
  viewPage('load');
  expect(sent('page')).toMatchObject([{ properties: { docH: 10_000_000 } }]);
});

test('law 7: consent that is given again and again keeps every event that waits', async () => {
  const { emit, setConsent } = await events();
  for (let i = 0; i < 20; i++) emit('click', { filler: 'x'.repeat(300) });
  const before = kept();
  expect(before).toHaveLength(20);
  for (let round = 0; round < 50; round++) {
    setConsent('pending');
    setConsent('granted');
  }
  expect(kept()).toEqual(before);
  // And no more than it may.
  for (let i = 0; i < 300; i++) emit('click', { filler: 'x'.repeat(300) });
  expect(kept().length).toBeGreaterThan(80);
  expect(sum(kept().map(([, text]) => text.length))).toBeLessThanOrEqual(65_536);
});

test.each([
  ['https://a.example/', true],
  ['https://b.example/', true],
  ['https://c.example/', false],
  ['', false],
])(
  'law 7: the id in a link is believed of the hosts that share it alone, two spaces between them or one: from "%s"',
  async (referrer, isTheirs) => {
    const id = '0a'.repeat(16);
    page.referrer = referrer;
    vi.stubGlobal('location', { href: 'https://shop.example/', search: `?_tr=${id}.${Date.now()}` });
    await events({ domains: 'a.example  b.example' });
    expect(stored.getItem('tributary') === id).toBe(isTheirs);
  },
);
