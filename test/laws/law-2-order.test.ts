import { arbitraryLog } from '@tributary/testkit/arbitrary-log';
import { differences } from '@tributary/testkit/compare-rows';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/generate-definitions';
import { naive } from '@tributary/testkit/naive';
import { createRandom } from '@tributary/testkit/random';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { merge, speedFold } from './speed-fold.ts';

const resets = fc
  .boolean()
  .map((resetOnConversion) => definitionsOf({ ...SMALL_DEFINITIONS, attribution: { resetOnConversion } }));

test('law 2: any arrival order of the same in-time events gives the same merged answer', () => {
  fc.assert(
    fc.property(
      arbitraryLog({ inTime: true, duplicates: false }),
      resets,
      fc.nat(),
      fc.nat(24),
      (events, definitions, seed, cut) => {
        const shuffled = createRandom(seed).shuffle(events);
        const cuts = [Math.min(cut, events.length)];
        const answer = merge(naive(shuffled.slice(0, cuts[0]), definitions), speedFold(shuffled, { definitions, cuts }), 1);
        expect(differences(answer, naive(events, definitions))).toEqual([]);
      },
    ),
    { numRuns: 400 },
  );
});

test('law 2: ties break by id, whichever of the two arrives first', () => {
  const definitions = definitionsOf(SMALL_DEFINITIONS);
  const at = Date.UTC(2026, 2, 1, 12);
  const common = { ts: at, receivedAt: at, source: 'test', userId: 'ana' };
  const touch = { ...common, type: 'click', id: 'b', channel: 'search' };
  for (const [id, channel] of [
    ['a', '(unattributed)'],
    ['c', 'search'],
  ] as const) {
    const conversion = { ...common, type: 'buy', id, value: 10 };
    for (const events of [
      [touch, conversion],
      [conversion, touch],
    ]) {
      const credit = merge(new Map(), speedFold(events, { definitions }), 0).get('credit');
      expect([...(credit?.keys() ?? [])].map((key) => key.split('\t')[3])).toEqual(new Array(6).fill(channel));
      expect(
        differences(
          new Map([['credit', credit ?? new Map()]]),
          new Map([['credit', naive(events, definitions).get('credit') ?? new Map()]]),
        ),
      ).toEqual([]);
    }
  }
});
