/** Random path counts for the properties of the data-driven models. */
import type { PathCount } from '@tributary/attribution/data-driven/counts';
import fc from 'fast-check';

export interface Bounds {
  readonly channels?: number;
  readonly touches?: number;
  /** Values of either sign; default: none is negative. */
  readonly refunds?: boolean;
}

/** Up to 12 paths (a path may occur twice), counts from 0 to 20. */
export function randomPaths({ channels = 4, touches = 6, refunds = false }: Bounds = {}): fc.Arbitrary<PathCount[]> {
  const names = Array.from({ length: channels }, (_, i) => `channel ${i}`);
  const path = fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: touches });
  const row = fc.record({
    path,
    conversions: fc.nat(20),
    nulls: fc.nat(20),
    unit: fc.integer({ min: refunds ? -100 : 0, max: 100 }),
  });
  return fc
    .array(row, { minLength: 1, maxLength: 12 })
    .map((rows) => rows.map(({ unit, ...counts }) => ({ ...counts, value: unit * counts.conversions })));
}

export const rewards = fc.constantFrom('conversions' as const, 'value' as const);
export const orders = fc.integer({ min: 1, max: 4 });
