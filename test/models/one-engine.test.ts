/** A file of paths and the platform that saw the same journeys are answered by one engine. */
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
  'order %i: the command line and the API give the same effects and intervals, to the last bit',
  async (order) => {
    const rows = PATHS.map(
      ({ path, conversions, nulls }) => `${path.join('>')},${conversions},${(conversions * VALUE) / 100},${nulls}`,
    );
    const options = ['--models', SHARED.join(), '--order', `${order}`, '--bootstrap', '40', '--seed', '9', '--level', '80'];
    const { answer } = await json(file(...rows), ...options);
    const world = await walked(
      PATHS.flatMap(({ path, conversions, nulls }) => [
        ...times(conversions, { path, converted: true, value: VALUE, currency: 'EUR' }),
        ...times(nulls, { path, converted: false }),
      ]),
      { attribution: { transitionOrder: order } },
    );
    const conversions = PATHS.reduce((sum, path) => sum + path.conversions, 0);
    for (const model of SHARED) {
      for (const [value, reward] of [['conversions'], ['revenue', 'value']].map(([value, reward = value]) => [value, reward])) {
        const ofPlatform = await rowsOf(world, `model=${model}&order=${order}&value=${value}&intervals=40&seed=9&level=0.8`);
        const total = reward === 'value' ? conversions * VALUE : conversions;
        const ofFile = answer.rows.filter((row) => row.model === model && row.channel !== '(unattributed)');
        expect(ofFile).toHaveLength(4);
        for (const row of ofFile as AnyRow[]) {
          const { shareLow, shareHigh, rank, rankStability } = ofPlatform[row.channel];
          // The API's share is of all conversions or value: the bound times what has a path, over what there is.
          const bound = (share: number) => (share * total) / total;
          expect([model, reward, row.channel, shareLow, shareHigh, rank, rankStability]).toEqual([
            ...[model, reward, row.channel, bound(row[`${reward}ShareLow`]), bound(row[`${reward}ShareHigh`])],
            ...[row[`${reward}Rank`], row[`${reward}RankStability`]],
          ]);
          if (reward === 'conversions') expect(ofPlatform[row.channel].effect).toBe(row.conversionsEffect);
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
