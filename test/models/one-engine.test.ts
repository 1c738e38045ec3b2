/**
 * A file of paths and the platform that saw the same journeys are answered by one engine. Intervals are not: files draw users, the
 * platform draws the counts of its views (docs/uncertainty.md, what the platform's intervals draw today).
 */
import { modelInfo } from '@tributary/attribution/models/catalogue';
import { createRandom } from '@tributary/testkit/random';
import { expect, test } from 'vitest';
import { file, json } from '../../packages/cli/test/path-runs.ts';
import { type AnyRow, rowsOf, SHARED, times, walked } from '../../services/api/test/walked.ts';

const random = createRandom(20);
const PATHS = ['a', 'a>b', 'b>a>c', 'c', 'c>b>c', 'd>a', 'b'].map((path) => ({
  path: path.split('>'),
  conversions: random.between(1, 6),
  nulls: random.below(6),
}));
const VALUE = 700;

test.each([1, 2])(
  'order %i: the command line and the API give the same effects, to the last bit; not yet the same intervals',
  async (order) => {
    const rows = PATHS.map(
      ({ path, conversions, nulls }) => `${path.join('>')},${conversions},${(conversions * VALUE) / 100},${nulls}`,
    );
    const options = ['--models', SHARED.join(), '--order', `${order}`];
    const { answer } = await json(file(...rows), ...options);
    const world = await walked(
      PATHS.flatMap(({ path, conversions, nulls }) => [
        ...times(conversions, { path, converted: true, value: VALUE, currency: 'EUR' }),
        ...times(nulls, { path, converted: false }),
      ]),
      { attribution: { transitionOrder: order } },
    );
    for (const model of SHARED) {
      for (const value of ['conversions', 'revenue']) {
        const ofPlatform = await rowsOf(world, `model=${model}&order=${order}&value=${value}`);
        const ofFile = answer.rows.filter((row) => row.model === model && row.channel !== '(unattributed)');
        expect(ofFile).toHaveLength(4);
        for (const row of ofFile as AnyRow[]) {
          const { effect, valueEffect } = ofPlatform[row.channel];
          if (value === 'conversions') expect([model, row.channel, effect]).toEqual([model, row.channel, row.conversionsEffect]);
          else
            expect([model, row.channel, modelInfo(model).isPart ? valueEffect : valueEffect / 100]).toEqual([
              model,
              row.channel,
              row.valueEffect,
            ]);
        }
      }
    }
  },
);

test.each([
  ['jShaped', '', []],
  ['inverseJ', '', []],
  ['custom', '', []],
  ['linear', '&transform=exposure', []],
  ['positionBased', '&transform=first', ['first']],
  ['jShaped', '&transform=exposure,last=2', ['exposure,last=2']],
  ['lastNonDirect', '&transform=exposure,direct-unless-last', ['exposure,direct-unless-last']],
] as const)(
  '%s%s: the command line and the API give the same credit over the same paths',
  async (model, query, [transform = 'exposure']) => {
    const paths = ['a>a>direct>b', 'a>b>b>a>c', 'direct', 'c', 'b>direct>a', 'c>b'].map((path) => path.split('>'));
    const rows = paths.map((path, i) => `${path.join('>')},${i + 1},${(i + 1) * 7},0`);
    const custom = '30,10..40';
    const shape = model === 'custom' ? ['--custom', custom] : [];
    const ofFile = (await json(file(...rows), '--models', model, '--transform', transform, ...shape)).of(model);
    const world = await walked(paths.flatMap((path, i) => times(i + 1, { path, converted: true, value: 700 })));
    const ofPlatform = await rowsOf(world, `model=${model}${query}${model === 'custom' ? `&custom=${custom}` : ''}`);
    // A file splits all conversions of a path at once, the platform each by itself: to a millionth of each.
    for (const [channel, conversions] of Object.entries(ofFile))
      expect(Math.abs(ofPlatform[channel].conversions - Number(conversions))).toBeLessThanOrEqual(21e-6);
    expect(Object.values(ofPlatform).reduce((sum, row) => sum + row.creditMicros, 0)).toBe(21_000_000);
  },
);
