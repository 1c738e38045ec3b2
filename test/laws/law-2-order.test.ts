import type { DuckDb } from '@tributary/archive/duckdb';
import { arbitraryLog } from '@tributary/testkit/inputs/arbitrary-log';
import { byFirstRules, definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { createRandom } from '@tributary/testkit/inputs/random';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { naiveOfGeneration } from '@tributary/testkit/oracle/naive-by-partition';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bySql, openTestSession, PARTITIONS } from './engines.ts';
import { merge, speedFold } from './speed-fold.ts';

let session: DuckDb;
beforeAll(async () => {
  session = await openTestSession('law-2');
});
afterAll(() => session.close());

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

test.each([
  ['a touch is on the path of the conversion of its instant, whatever their ids', definitionsOf(SMALL_DEFINITIONS), 'search'],
  ['by the first rules ids alone break ties', byFirstRules(definitionsOf(SMALL_DEFINITIONS)), '(unattributed)'],
])('law 2: %s, and whichever of the two arrives first', async (_, definitions, credited) => {
  const at = Date.UTC(2026, 2, 1, 12);
  const common = { ts: at, receivedAt: at, source: 'test', userId: 'ana' };
  const touch = { ...common, type: 'click', id: 'b', channel: 'search' };
  for (const [id, channel] of [
    ['a', credited],
    ['c', 'search'],
  ] as const) {
    const conversion = { ...common, type: 'buy', id, value: 10 };
    for (const events of [
      [touch, conversion],
      [conversion, touch],
    ]) {
      const fold = merge(new Map(), speedFold(events, { definitions }), 0);
      expect([...(fold.get('credit')?.keys() ?? [])].map((key) => key.split('\t')[3])).toEqual(new Array(6).fill(channel));
      expect(differences(fold, naive(events, definitions))).toEqual([]);
      expect(differences(await bySql(session, events, definitions), naiveOfGeneration(events, definitions, PARTITIONS))).toEqual(
        [],
      );
    }
  }
});
