/** Law 4 for the counts behind data-driven models: what flows into a state flows out, and every view counts the same journeys. */
import { arbitraryLog } from '@tributary/testkit/inputs/arbitrary-log';
import { generateDefinitions } from '@tributary/testkit/inputs/generate-definitions';
import { createRandom } from '@tributary/testkit/inputs/random';
import { naive } from '@tributary/testkit/oracle/naive';
import type { RowsByView } from '@tributary/views/deltas';
import { VIEWS } from '@tributary/views/registry';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { merge, speedFold } from './speed-fold.ts';

type Sums = Record<string, readonly number[]>;

/** The rows of a view, summed by what `keyOf` makes of their dimensions. */
function sums(rows: RowsByView, name: string, keyOf: (part: (dimension: string) => string) => string | null): Sums {
  const view = VIEWS.find((each) => each.name === name);
  if (view === undefined) throw new Error(`the view ${name} does not exist`);
  const totals = new Map<string, number[]>();
  for (const [key, measures] of rows.get(name) ?? []) {
    const parts = key.split('\t');
    const to = keyOf((dimension) => parts[view.dimensions.indexOf(dimension)] as string);
    if (to === null) continue;
    const before = totals.get(to);
    totals.set(to, before === undefined ? measures.map(Number) : before.map((sum, i) => sum + Number(measures[i])));
  }
  return Object.fromEntries([...totals].filter(([, total]) => total.some((measure) => measure !== 0)));
}

const byConversion = (part: (dimension: string) => string) => `${part('day')} ${part('type')} ${part('currency')}`;

/** Late events among them: rows that were never revised must not lose their balance either. */
const answers = fc.tuple(arbitraryLog({ inTime: false }), fc.nat(), fc.nat(24)).map(([events, seed, cut]) => {
  const definitions = generateDefinitions(createRandom(seed));
  const cuts = [Math.min(cut, events.length)];
  return merge(naive(events.slice(0, cuts[0]), definitions), speedFold(events, { definitions, cuts }), 1);
});

test('law 4: sets, paths and shapes count every conversion once, with its value; positions credit each whole', () => {
  fc.assert(
    fc.property(answers, (rows) => {
      const conversions = sums(rows, 'conversions', byConversion);
      for (const view of ['coalitions', 'paths', 'pathShapes']) expect(sums(rows, view, byConversion)).toEqual(conversions);
      const whole = Object.entries(conversions).map(([key, [count, value]]) => [key, [(count as number) * 1_000_000, value]]);
      expect(sums(rows, 'positions', byConversion)).toEqual(Object.fromEntries(whole));
    }),
    { numRuns: 400 },
  );
});

test('law 4: as many journeys start as end, and each state is left as often as it is entered', () => {
  fc.assert(
    fc.property(answers, (rows) => {
      const edge =
        (filed: (part: (dimension: string) => string) => string, end: 'from' | 'to') => (part: (d: string) => string) =>
          part(end) === '' ? null : `${filed(part)} ${part(end)}`;
      for (const [view, filed] of [
        ['transitions', byConversion],
        ['nullTransitions', (part: (dimension: string) => string) => part('day')],
      ] as const) {
        const counts = (totals: Sums) => Object.entries(totals).map(([key, [count]]) => [key, count]);
        const entered = counts(sums(rows, view, edge(filed, 'to'))).filter(([, count]) => count !== 0);
        const left = counts(sums(rows, view, edge(filed, 'from'))).filter(([, count]) => count !== 0);
        expect(entered.sort()).toEqual(left.sort());
      }
    }),
    { numRuns: 400 },
  );
});

test('law 4: transitions carry the value of all conversions with a path, and end as many null paths as there are sets of them', () => {
  fc.assert(
    fc.property(answers, (rows) => {
      const ended = sums(rows, 'transitions', (part) => (part('to') === '' ? byConversion(part) : null));
      const attributed = sums(rows, 'coalitions', (part) => (part('channels') === '' ? null : byConversion(part)));
      expect(ended).toEqual(attributed);
      const nullEnds = sums(rows, 'nullTransitions', (part) => (part('to') === '' ? part('day') : null));
      expect(nullEnds).toEqual(sums(rows, 'nullCoalitions', (part) => part('day')));
      const nullStarts = sums(rows, 'nullTransitions', (part) => (part('from') === '' ? part('day') : null));
      expect(nullStarts).toEqual(nullEnds);
    }),
    { numRuns: 400 },
  );
});
