/** One session of one visitor: impressions before it, the way in, pages, searches, products, perhaps a purchase. */
import type { Event } from '@tributary/model/event';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '@tributary/model/time';
import type { Random } from './random.ts';
import { CREATIVES, ELEMENTS, PAGES, PRODUCTS, type Product, QUERIES, type Source } from './shop.ts';

/** As it is sent: the collector adds `receivedAt`. */
export type DemoEvent = Omit<Event, 'receivedAt' | 'historical'> & { readonly historical?: true };

export interface Visitor {
  readonly userId?: string;
  readonly anonymousId?: string;
}

const PAUSE_MS = 25 * SECOND_MS;
const MOST_EVENTS = 40;

/**
 * In order of `ts`; the way in lies at `startMs`, impressions before it, never before `notBeforeMs`. `paceMs` is the mean
 * pause between two steps. At most 40 events.
 */
export function sessionOf(
  random: Random,
  visitor: Visitor,
  source: Source,
  id: () => string,
  { startMs, notBeforeMs, paceMs = PAUSE_MS }: { startMs: number; notBeforeMs: number; paceMs?: number },
): DemoEvent[] {
  const campaign = source.campaigns.length === 0 ? {} : { campaign: random.pick(source.campaigns) };
  const make = (atMs: number, type: string, more: Partial<DemoEvent>): DemoEvent => ({
    ts: Math.round(atMs),
    type,
    id: id(),
    ...visitor,
    source: 'demo',
    ...more,
  });
  const events = impressionsOf(random, source, campaign, startMs, notBeforeMs).map(([atMs, more]) =>
    make(atMs, 'ad_impression', more),
  );

  let ts = startMs;
  const step = (type: string, more: Partial<DemoEvent>) => {
    if (events.length < MOST_EVENTS) events.push(make(ts, type, more));
    ts += SECOND_MS + random.exponential(paceMs);
  };
  const cost = source.clickCost === undefined ? {} : { cost: random.int(...source.clickCost), currency: 'EUR' };
  step(source.type, { channel: source.channel, ...campaign, ...cost });

  for (let views = random.int(1, 4); views > 0; views--)
    step('page', { page: random.pick(PAGES), element: random.pick(ELEMENTS) });
  if (random.chance(0.55)) step('search', { properties: { query: random.pick(QUERIES), guests: random.int(1, 5) } });
  let product: Product | undefined;
  for (let views = random.chance(0.65) ? random.int(1, 4) : 0; views > 0; views--) {
    product = random.pick(PRODUCTS);
    step('product_view', { page: `/rooms/${product.sku}`, properties: { sku: product.sku, priceMinor: product.priceMinor } });
  }
  if (product !== undefined && random.chance(source.conversion)) {
    const nights = random.int(1, 6);
    const value = product.priceMinor * nights;
    step('purchase', { value, currency: 'EUR', properties: { sku: product.sku, nights } });
  }
  return events;
}

/** Most within hours before the click, some days before. */
function impressionsOf(
  random: Random,
  { channel, impressions }: Source,
  campaign: { readonly campaign?: string },
  startMs: number,
  notBeforeMs: number,
): [ts: number, more: Partial<DemoEvent>][] {
  if (impressions === undefined) return [];
  const count = Math.min(12, Math.round(random.exponential(impressions.mean)));
  const shown = Array.from({ length: count }, () => {
    const before = random.chance(0.8) ? random.exponential(3 * HOUR_MS) : random.exponential(2 * DAY_MS);
    return startMs - MINUTE_MS - before;
  });
  return shown
    .filter((ts) => ts >= notBeforeMs)
    .sort((a, b) => a - b)
    .map((ts) => [ts, { channel, ...campaign, creative: random.pick(CREATIVES), cost: impressions.cost, currency: 'EUR' }]);
}
