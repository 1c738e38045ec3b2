/** Seeded events of shoppers around `nowMs`: in time, in no particular order, with equal instants. */
import { DAY_MS, MINUTE_MS } from '@tributary/model/time';
import { createRandom } from '@tributary/testkit/inputs/random';
import type { SentEvent } from './client.ts';

const CHANNELS = ['paid-search', 'email', 'paid-social', 'direct', 'referral'];

export interface ShopperOptions {
  readonly seed: number;
  readonly events: number;
  readonly users: number;
  readonly nowMs: number;
  /** How far back events may have happened; default a day, well in time. */
  readonly spreadMs?: number;
  readonly prefix?: string;
}

export function shoppers({ seed, events, users, nowMs, spreadMs = DAY_MS, prefix = 'e' }: ShopperOptions): SentEvent[] {
  const random = createRandom(seed);
  return Array.from({ length: events }, (_, i) => {
    const base = {
      id: `${prefix}-${seed}-${i}`,
      // Whole minutes, so that instants collide and ids break the ties.
      ts: Math.floor((nowMs - random.below(spreadMs)) / MINUTE_MS) * MINUTE_MS,
      userId: `shopper-${random.below(users)}`,
      source: 'shop',
    };
    if (random.chance(0.1)) return { ...base, type: 'purchase', value: random.below(20_000), currency: 'EUR' };
    if (random.chance(0.5))
      return {
        ...base,
        type: 'ad_click',
        channel: random.pick(CHANNELS),
        campaign: `c${random.below(3)}`,
        cost: 25,
        currency: 'EUR',
      };
    return { ...base, type: 'product_view', page: `/p/${i % 50}` };
  });
}
