import { mulDivFloor, split } from '@tributary/model/amounts/money';
import { arbitraryLog } from '@tributary/testkit/inputs/arbitrary-log';
import { generateDefinitions } from '@tributary/testkit/inputs/generate-definitions';
import { createRandom } from '@tributary/testkit/inputs/random';
import { naive, naiveSplit } from '@tributary/testkit/oracle/naive';
import { unconserved } from '@tributary/testkit/simulation/checks';
import { timelineEvent } from '@tributary/views/member';
import { VIEWS } from '@tributary/views/registry';
import { before } from '@tributary/views/timeline';
import { fold, type View } from '@tributary/views/view';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { merge, speedFold } from './speed-fold.ts';

const weights = fc
  .array(fc.oneof(fc.nat(3), fc.nat(1_000_000)), { minLength: 1, maxLength: 12 })
  .filter((list) => list.some((weight) => weight > 0));
const amount = fc.oneof(
  fc.constant(1_000_000),
  fc.integer({ min: -5, max: 5 }),
  fc.integer({ min: -1_000_000_000_000, max: 1_000_000_000_000 }),
);

test('law 4: the parts of a split sum to the total, each is the exact rational floor, none has the wrong sign', () => {
  fc.assert(
    fc.property(amount, weights, (total, list) => {
      const parts = split(total, list);
      expect(parts.reduce((sum, part) => sum + part, 0)).toBe(total);
      const exact = naiveSplit(BigInt(Math.abs(total)), list.map(BigInt)).map((part) => Number(part) * Math.sign(total));
      expect(parts.map((part) => part + 0)).toEqual(exact.map((part) => part + 0));
      parts.forEach((part, i) => {
        expect(Number.isSafeInteger(part)).toBe(true);
        if (list[i] === 0) expect(part + 0).toBe(0);
        expect(part * Math.sign(total)).toBeGreaterThanOrEqual(0);
      });
    }),
    { numRuns: 3_000 },
  );
});

test('law 4: mulDivFloor is exact on both sides of 2^53', () => {
  const operand = fc.oneof(fc.nat(10_000_000), fc.nat(1_000_000_000_000));
  fc.assert(
    fc.property(operand, operand, fc.integer({ min: 1, max: 1_000_000_000_000 }), (a, b, c) => {
      const exact = (BigInt(a) * BigInt(b)) / BigInt(c);
      fc.pre(exact <= BigInt(Number.MAX_SAFE_INTEGER));
      expect(mulDivFloor(a, b, c)).toBe(Number(exact));
    }),
    { numRuns: 3_000 },
  );
});

test('law 4: credits of each conversion sum to 1 000 000 and its value to itself, under every model and all definitions', () => {
  fc.assert(
    fc.property(arbitraryLog({ inTime: true, duplicates: false }), fc.nat(), (events, seed) => {
      const definitions = generateDefinitions(createRandom(seed));
      const timeline = events.map((event) => timelineEvent(event, definitions)).sort((a, b) => (before(a, b) ? -1 : 1));
      const credit = VIEWS.find((view) => view.name === 'credit') as View;
      for (const [at, { kind, valueMinor }] of timeline.entries()) {
        const sums = new Map<string, [number, number]>();
        fold(credit, timeline, at, definitions, (key, [credits, value]) => {
          const model = key.split('\t')[1] as string;
          const [c, v] = sums.get(model) ?? [0, 0];
          sums.set(model, [c + (credits as number), v + (value as number)]);
        });
        expect([...sums.values()]).toEqual(kind === 'conversion' ? new Array(6).fill([1_000_000, valueMinor]) : []);
      }
    }),
    { numRuns: 300 },
  );
});

test('law 4: channel totals plus (unattributed) equal the totals, also while late events are pending', () => {
  fc.assert(
    fc.property(arbitraryLog({ inTime: false }), fc.nat(), fc.nat(24), (events, seed, cut) => {
      const definitions = generateDefinitions(createRandom(seed));
      const cuts = [Math.min(cut, events.length)];
      const view = naive(events.slice(0, cuts[0]), definitions);
      expect(unconserved(merge(view, speedFold(events, { definitions, cuts }), 1))).toEqual([]);
    }),
    { numRuns: 300 },
  );
});
