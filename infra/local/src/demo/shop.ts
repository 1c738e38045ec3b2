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
export const ELEMENTS = ['hero', 'price-box', 'gallery', 'map', 'reviews'] as const;

export interface Product {
  readonly sku: string;
  readonly priceMinor: number;
}

const CITIES = ['lis', 'rom', 'cph', 'krk', 'opo', 'vie', 'ber', 'par'];
export const PRODUCTS: readonly Product[] = CITIES.flatMap((city, i) =>
  [0, 1, 2, 3, 4].map((n) => ({ sku: `${city}-${100 + n}`, priceMinor: 4_900 + i * 850 + n * 3_150 })),
);
