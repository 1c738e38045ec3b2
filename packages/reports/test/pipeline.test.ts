/** Reports without HTTP: a question goes in, rows come out, over a generation that the oracle computed. */
import { modelInfo } from '@tributary/attribution/models/catalogue';
import { add, type Integer, negate } from '@tributary/model/integer';
import type { ServingContext } from '@tributary/serving/snapshot';
import { generateEvents } from '@tributary/testkit/inputs/generate';
import { generateDefinitions, withoutCorrections } from '@tributary/testkit/inputs/generate-definitions';
import { createRandom } from '@tributary/testkit/inputs/random';
import { naive } from '@tributary/testkit/oracle/naive';
import { describe, expect, test } from 'vitest';
import type { ModelCredit } from '../src/credit/model-credit.ts';
import { LIVE_NAMES } from '../src/models/live-models.ts';
import { answerOf } from '../src/pipeline.ts';
import { keysOf, rowOf } from '../src/rows/rows.ts';
import { CONSERVING, HERE, questionOf, servingOf, sumsOf } from './one-generation.ts';

describe('a report, from question to rows', () => {
  test.each([1, 2, 3, 4])('law 4: under every model and by every breakdown, credit is the conversions, seed %i', async (seed) => {
    const random = createRandom(seed);
    const definitions = generateDefinitions(random);
    const shape = { events: 150, users: 6, lateChance: 0, duplicateChance: 0.1 };
    const views = naive(generateEvents(random, shape, definitions), definitions);
    const [conversions, valueMinor] = sumsOf(views.get('conversions') ?? []);
    expect(conversions).toBeGreaterThan(0);
    const serving = await servingOf(definitions, views);
    for (const model of CONSERVING)
      for (const by of [['channel'], ['campaign'], ['day', 'channel'], ['type', 'currency'], []]) {
        const answer = await answerOf(serving, questionOf(model, { by }), HERE);
        const { rows, totals, withheld } = answer.report.credit.get(model) as ModelCredit;
        const given = sumsOf(rows);
        expect([model, by, ...given]).toEqual([model, by, Number(conversions) * 1_000_000, valueMinor]);
        expect(totals).toEqual(given);
        const shown = (micros: Integer | undefined) => (withheld.has('conversions') ? null : micros);
        expect([model, withheld.size > 0 && modelInfo(model).estimates !== 'rateDifference']).toEqual([model, false]);
        for (const [key, [micros]] of rows) expect(rowOf(answer, model, key)).toMatchObject({ creditMicros: shown(micros) });
        expect(answer.meta).toMatchObject({ complete: true });
      }
  });

  test.each([1, 2, 3])(
    'law 4: refunds are the mirror image of sales, under every model and by every breakdown, seed %i',
    async (seed) => {
      const random = createRandom(seed);
      // A correction sets one value, of either sign.
      const definitions = withoutCorrections(generateDefinitions(random));
      const shape = { events: 150, users: 6, lateChance: 0, duplicateChance: 0 };
      const events = generateEvents(random, shape, definitions);
      // All sales; sales and refunds as they come.
      for (const amountOf of [Math.abs, (value: number) => value]) {
        const [sold, refunded] = await Promise.all(
          [1, -1].map((sign) =>
            servingOf(
              definitions,
              naive(
                events.map((one) => ({ ...one, value: sign * amountOf(one.value ?? 0) })),
                definitions,
              ),
            ),
          ),
        );
        for (const model of LIVE_NAMES)
          for (const by of [['channel'], ['campaign', 'channel'], ['day', 'channel', 'currency'], ['type'], []]) {
            const [sale, refund] = await Promise.all(
              [sold, refunded].map(async (serving) => {
                const answer = await answerOf(serving as ServingContext, questionOf(model, { by }), HERE);
                const { rows } = answer.report.credit.get(model) as ModelCredit;
                return new Map([...keysOf(answer)].map((key) => [key, rows.get(key) ?? [0, 0]] as const));
              }),
            );
            expect([...(refund?.keys() ?? [])].sort()).toEqual([...(sale?.keys() ?? [])].sort());
            for (const [key, [creditMicros, valueMinor]] of sale ?? []) {
              const mirror = refund?.get(key);
              expect([model, by, key, mirror?.[0], mirror?.[1]]).toEqual([
                ...[model, by, key, creditMicros],
                negate(valueMinor as Integer),
              ]);
            }
          }
      }
    },
  );

  test('law 4: an answer whose credit is not its conversions says so', async () => {
    const random = createRandom(5);
    const definitions = generateDefinitions(random);
    const shape = { events: 150, users: 6, lateChance: 0, duplicateChance: 0 };
    const views = naive(generateEvents(random, shape, definitions), definitions);
    const [[key, [count = 0, value = 0]] = ['', []]] = views.get('conversions') ?? [];
    views.get('conversions')?.set(key, [add(count, 1), value]);
    const serving = await servingOf(definitions, views);
    for (const model of CONSERVING) {
      const { meta } = await answerOf(serving, questionOf(model), HERE);
      expect([model, meta.complete, meta.warnings.join()]).toEqual([model, false, expect.stringContaining('disagree')]);
    }
  });

  test('what a model does not have is refused before anything is read', async () => {
    const unread = {} as ServingContext;
    for (const asked of [{ by: ['position'] }, { by: ['day'], before: { fromDay: null, toDay: null } }])
      await expect(answerOf(unread, questionOf('markov', asked), HERE)).rejects.toMatchObject({ code: 'invalid_query' });
  });
});
