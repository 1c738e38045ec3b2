/**
 * The benchmark's events: seeded, 5 % conversions, 30 % touches over 8 channels and 40 campaigns, the rest signals;
 * users drawn evenly, time advancing over 30 days, a canonical line of about 260 bytes each.
 */
import { encodeEvent } from '@tributary/model/event';
import { sfc32 } from '@tributary/model/sfc32';
import { DAY_MS } from '@tributary/model/time';

export const CHANNELS = ['paid-search', 'organic-search', 'paid-social', 'email', 'display', 'affiliates', 'referral', 'direct'];
const SIGNALS = ['product_view', 'search', 'add_to_cart', 'wishlist', 'scroll'];
const FROM_MS = Date.UTC(2026, 9, 1);

export interface Workload {
  readonly events: number;
  readonly users: number;
  readonly seed: number;
}

export interface WorkloadEvent {
  readonly userKey: string;
  readonly line: string;
}

export function* workload({ events, users, seed }: Workload): Generator<WorkloadEvent> {
  const bits = sfc32(seed, 0x9e3779b9, 0x243f6a88);
  const random = () => bits() / 2 ** 32;
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  for (let i = 0; i < events; i++) {
    const ts = FROM_MS + Math.floor((i / events) * 30 * DAY_MS);
    const userKey = `user-${Math.floor(random() * users)
      .toString(36)
      .padStart(8, '0')}`;
    const id = `${seed.toString(16).padStart(8, '0')}-${i.toString(16).padStart(12, '0')}`;
    const base = { ts, id, userId: userKey, receivedAt: ts + 40, source: 'bench', page: `https://shop.example/p/${i % 5000}` };
    const draw = random();
    const line =
      draw < 0.05
        ? encodeEvent({
            ...base,
            type: 'purchase',
            value: 500 + Math.floor(random() * 20_000),
            currency: 'EUR',
            properties: { items: 2 },
          })
        : draw < 0.35
          ? encodeEvent({
              ...base,
              type: 'ad_click',
              channel: pick(CHANNELS),
              campaign: `campaign-${i % 40}`,
              cost: 35,
              currency: 'EUR',
            })
          : encodeEvent({
              ...base,
              type: pick(SIGNALS),
              properties: { product: `sku-${i % 20_000}`, position: i % 24, list: 'recommended' },
            });
    yield { userKey, line };
  }
}
