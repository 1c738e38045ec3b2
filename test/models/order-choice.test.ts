/** The order that the data supports: AUC by its definition, and chains whose order is known. */
import type { PathCount } from '@tributary/attribution/data-driven/counts';
import { chooseOrder } from '@tributary/attribution/data-driven/order-choice';
import { transitionsOfPaths } from '@tributary/attribution/data-driven/path-counts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { orders, randomPaths } from './random-paths.ts';

/** Over all pairs of a converting and a null journey: which ends in the state that converts more often? */
function aucByPairs(paths: readonly PathCount[], order: number): number {
  const last = ({ path }: PathCount) => JSON.stringify(path.slice(-order));
  const rate = (row: PathCount) => {
    const same = paths.filter((other) => last(other) === last(row));
    const conversions = same.reduce((sum, each) => sum + each.conversions, 0);
    return conversions / (conversions + same.reduce((sum, each) => sum + each.nulls, 0));
  };
  let [won, pairs] = [0, 0];
  for (const a of paths) {
    for (const b of paths) {
      const weight = a.conversions * b.nulls;
      if (weight === 0) continue;
      pairs += weight;
      won += weight * (rate(a) > rate(b) ? 1 : rate(a) === rate(b) ? 0.5 : 0);
    }
  }
  return pairs === 0 ? 0.5 : won / pairs;
}

describe('order choice', () => {
  it('AUC is the part of pairs of journeys that the last k touches put in the right order', () => {
    fc.assert(
      fc.property(randomPaths({ channels: 3, touches: 5 }), orders, (paths, order) => {
        const { fits } = chooseOrder(transitionsOfPaths(paths, 4), 4);
        expect(fits[order - 1]?.order).toBe(order);
        expect(fits[order - 1]?.auc).toBeCloseTo(aucByPairs(paths, order), 9);
      }),
    );
  });

  it('never falls with the order before the penalty', () => {
    fc.assert(
      fc.property(randomPaths({ channels: 3, touches: 5 }), (paths) => {
        const { fits } = chooseOrder(transitionsOfPaths(paths, 4), 4);
        for (const [i, { auc }] of fits.entries()) expect(auc).toBeGreaterThanOrEqual((fits[i - 1]?.auc ?? 0) - 1e-12);
      }),
    );
  });

  const row = (path: string, conversions: number, nulls: number) => ({ path: path.split('>'), conversions, nulls, value: 0 });

  it('penalises states: 1 − (1 − AUC)(N − 1)/(N − nodes − 1)', () => {
    // Channels a, b; 20 journeys; a converts 8 of 10, b 2 of 10: AUC (8·8 + (8·2 + 2·8)/2)/100 = .8; nodes 2, at order 2: 3.
    const [first, second] = chooseOrder(transitionsOfPaths([row('a', 8, 2), row('b', 2, 8)], 2), 2).fits;
    expect(first).toEqual({ order: 1, auc: expect.closeTo(0.8, 12), penalisedAuc: expect.closeTo(1 - (0.2 * 19) / 17, 12) });
    expect(second).toEqual({ order: 2, auc: expect.closeTo(0.8, 12), penalisedAuc: expect.closeTo(1 - (0.2 * 19) / 16, 12) });
  });

  it('finds order 2 where the touch before the last decides, order 1 where it does not', () => {
    const decided = [row('a>b', 90, 10), row('b>b', 10, 90), row('a>a', 10, 90), row('b>a', 90, 10)];
    expect(chooseOrder(transitionsOfPaths(decided, 4), 4).order).toBe(2);
    const undecided = [row('a>b', 90, 10), row('b>b', 90, 10), row('a>a', 10, 90), row('b>a', 10, 90)];
    expect(chooseOrder(transitionsOfPaths(undecided, 4), 4).order).toBe(1);
  });

  it('is 1 where all journeys convert, or none does, or they are too few for the states', () => {
    for (const rows of [[row('a>b', 9, 0), row('b', 9, 0)], [row('a>b', 0, 9)], [row('a>b>c>d', 1, 0), row('e>f', 0, 1)]])
      expect(chooseOrder(transitionsOfPaths(rows, 4), 4).order).toBe(1);
  });
});
