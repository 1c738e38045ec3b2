/** Shapley values by halving are those of the definition, in 2ⁿ steps in place of n·2ⁿ. */
import { expect, test } from 'vitest';
import type { Coalition } from './counts.ts';
import { createRandom } from './random.ts';
import { rateGame } from './rate-game.ts';
import { shapleyExact, shapleyOfSums } from './shapley.ts';

const random = createRandom(11);

test.each([1, 2, 3, 5, 8, 12, 15])('%i players: the same values, whatever was computed before', (players) => {
  for (let game = 0; game < 3; game++) {
    const values = Float64Array.from({ length: 2 ** players }, (_, mask) => (mask === 0 ? 0 : 20 * random() - 8));
    const exact = shapleyExact(values, players);
    const found = shapleyOfSums(values.slice(), players);
    expect([...found]).toEqual([...exact].map((effect) => expect.closeTo(effect, 12)));
  }
});

/** Sets of 1 to 4 of the channels, the first ones more often. */
function setsOf(channels: number): Coalition[] {
  const name = () => `c${String(Math.floor(channels * random() ** 2)).padStart(2, '0')}`;
  return Array.from({ length: 400 }, () => {
    const conversions = Math.floor(4 * random());
    const own = new Set(Array.from({ length: 1 + Math.floor(4 * random()) }, name));
    return {
      channels: [...own].sort(),
      conversions,
      nulls: Math.floor(9 * random()),
      value: conversions * (200 * random() - 50),
    };
  });
}

test.each([4, 11, 13, 9])('the game of rates over %i channels is that of all its sets, summed one by one', (channels) => {
  const sets = setsOf(channels);
  for (const reward of ['conversions', 'value'] as const) {
    const found = rateGame(sets, { reward }).channels;
    const bits = new Map(found.map(({ channel }, i) => [channel, 2 ** i]));
    const masks = sets.map((row) => row.channels.reduce((mask, channel) => mask | (bits.get(channel) as number), 0));
    const values = Float64Array.from({ length: 2 ** found.length }, (_, mask) => {
      const within = sets.filter((_row, i) => ((masks[i] as number) & ~mask) === 0);
      const journeys = within.reduce((sum, { conversions, nulls }) => sum + conversions + nulls, 0);
      return journeys === 0 ? 0 : within.reduce((sum, row) => sum + row[reward], 0) / journeys;
    });
    const exact = shapleyExact(values, found.length);
    expect(found.map(({ effect }) => effect)).toEqual([...exact].map((effect) => expect.closeTo(effect, 10)));
  }
});

test('a channel that adds nothing to any set has exactly no effect and no share, and the others share the whole', () => {
  for (const [conversions, nulls] of [
    [1, 2],
    [3, 7],
    [1, 0],
  ] as const)
    for (const others of ['b', 'bcd', 'bcdefgh', 'bcdefghijklmnopqr']) {
      const rate = (channels: string[], times: number) => ({
        channels,
        conversions: times * conversions,
        nulls: times * nulls,
        value: 0,
      });
      const rows = [rate(['a'], 5), ...[...others].map((other, i) => rate(['a', other], 1 + i))];
      expect(rateGame(rows).channels.map(({ effect, share }) => [effect === 0, share])).toEqual([
        [false, 1],
        ...[...others].map(() => [true, 0]),
      ]);
    }
});
