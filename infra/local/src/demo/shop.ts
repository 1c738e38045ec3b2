/** The shop of the demo: its channels (named as the collector names them), campaigns, pages and products. Money in EUR minor units (cents). */

export interface Source {
  readonly channel: string;
  /** What brings the visitor. */
  readonly type: 'ad_click' | 'email_click' | 'visit';
  /** The part of all sessions that it brings. */
  readonly weight: number;
  readonly campaigns: readonly string[];
  /** Cost of one click, [from, to). */
  readonly clickCost?: readonly [number, number];
  /** Mean number of ad impressions before the click, and the cost of one. */
  readonly impressions?: { readonly mean: number; readonly cost: number };
  /** Chance that a session which looked at a product ends in a purchase. */
  readonly conversion: number;
}

export const SOURCES: readonly Source[] = [
  {
    channel: 'paid-search',
    type: 'ad_click',
    weight: 26,
    campaigns: ['brand', 'city-trips', 'last-minute', 'competitors'],
    clickCost: [25, 190],
    conversion: 0.17,
  },
  { channel: 'organic-search', type: 'visit', weight: 21, campaigns: [], conversion: 0.11 },
  {
    channel: 'paid-social',
    type: 'ad_click',
    weight: 15,
    campaigns: ['summer-reels', 'lookalike-de', 'retargeting'],
    clickCost: [12, 80],
    impressions: { mean: 1.6, cost: 1 },
    conversion: 0.06,
  },
  {
    channel: 'display',
    type: 'ad_click',
    weight: 8,
    campaigns: ['prospecting', 'retargeting'],
    clickCost: [8, 60],
    impressions: { mean: 3.2, cost: 1 },
    conversion: 0.04,
  },
  { channel: 'email', type: 'email_click', weight: 10, campaigns: ['newsletter', 'cart-reminder', 'win-back'], conversion: 0.2 },
  { channel: 'direct', type: 'visit', weight: 13, campaigns: [], conversion: 0.19 },
  { channel: 'referral', type: 'visit', weight: 7, campaigns: ['travel-blog', 'price-comparison'], conversion: 0.09 },
];

export const CREATIVES = ['video-a', 'video-b', 'carousel', 'static'] as const;
export const QUERIES = ['lisbon', 'rome', 'copenhagen', 'krakow', 'porto', 'family room', 'pet friendly', 'sea view'] as const;
export const PAGES = ['/', '/offers', '/cities', '/help', '/reviews', '/about'] as const;
/** As the definitions of the demo list them. */
export const LISTED_PAGES = [...PAGES, '/rooms/:sku'];
/** What the demo counts of pages and asks of each visitor, as a file of definitions says it. */
export const DEMO_DEFINITIONS = {
  // Without page: the click that leads to a page is the touch, and the page that is loaded has the same channel.
  touches: {
    ad_click: {},
    ad_impression: { windowDays: 1, viewThrough: true },
    email_click: { defaultChannel: 'email' },
    visit: {},
  },
  web: { pages: LISTED_PAGES },
  fields: { room: 'properties.sku', query: 'properties.query' },
  signals: {
    lastRooms: { type: 'product_view', fields: ['room'], keep: { count: 5, age: '30d' } },
    favouriteRoom30d: { mostFrequent: 'product_view.room', window: '30d' },
    searches1d: { count: 'search', window: '1d' },
    spend30d: { sum: 'purchase.value', window: '30d' },
    conversion30d: { ratio: { of: { count: 'purchase' }, to: { count: 'product_view' } }, window: '30d' },
  },
  sessions: { visits: { gap: '30m' } },
  segments: {
    tripPlanner: { enter: "type == 'search'", ttl: '3d', exit: "type == 'purchase'" },
    lapsedGuest: { enter: "type == 'purchase'", absence: { not: "type == 'purchase'", for: '14d' } },
  },
};
export const ELEMENTS = ['hero', 'price-box', 'gallery', 'map', 'reviews'] as const;

export interface Product {
  readonly sku: string;
  readonly priceMinor: number;
}

const CITIES = ['lis', 'rom', 'cph', 'krk', 'opo', 'vie', 'ber', 'par'];
export const PRODUCTS: readonly Product[] = CITIES.flatMap((city, i) =>
  [0, 1, 2, 3, 4].map((n) => ({ sku: `${city}-${100 + n}`, priceMinor: 4_900 + i * 850 + n * 3_150 })),
);

/** An element of the shop's pages, with its part of the width and its height where the viewport is wide. */
export interface Block {
  readonly element: string;
  /** In twelfths of the width: where it begins, and how wide it is. */
  readonly column: readonly [from: number, wide: number];
  readonly heightPx: number;
  /** How much it is looked at beside the others, and clicked. */
  readonly weight: number;
  readonly clicks: number;
}

const block = (element: string, column: Block['column'], heightPx: number, weight: number, clicks: number): Block => {
  return { element, column, heightPx, weight, clicks };
};

/** By rows from the top; those of one row stand side by side. */
export const ROWS_OF_PAGE: Readonly<Record<string, readonly (readonly Block[])[]>> = {
  '/': [
    [block('nav', [0, 12], 64, 6, 5)],
    [block('hero', [0, 12], 420, 24, 2)],
    [block('search', [2, 8], 96, 21, 9)],
    [block('city-lisbon', [0, 4], 260, 9, 4), block('city-rome', [4, 4], 260, 8, 3), block('city-porto', [8, 4], 260, 5, 2)],
    [block('reviews', [0, 7], 300, 8, 1), block('newsletter', [7, 5], 300, 3, 1)],
    [block('footer', [0, 12], 180, 1, 1)],
  ],
  '/rooms/:sku': [
    [block('nav', [0, 12], 64, 4, 3)],
    [block('gallery', [0, 8], 480, 30, 6), block('price-box', [8, 4], 480, 22, 8)],
    [block('description', [0, 8], 340, 14, 0), block('map', [8, 4], 340, 7, 2)],
    [block('reviews', [0, 12], 420, 12, 2)],
    [block('similar-rooms', [0, 12], 280, 5, 3)],
    [block('footer', [0, 12], 180, 1, 1)],
  ],
};

/** The same for every other page. */
export const OTHER_ROWS: readonly (readonly Block[])[] = [
  [block('nav', [0, 12], 64, 6, 5)],
  [block('title', [0, 12], 120, 9, 0)],
  [block('list', [0, 9], 780, 26, 6), block('filters', [9, 3], 780, 8, 4)],
  [block('footer', [0, 12], 180, 1, 1)],
];
