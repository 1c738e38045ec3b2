/** The rate game near known counts: its derivatives, against the game itself. */
import { expect, test } from 'vitest';
import type { Coalition } from './counts.ts';
import { createRandom } from './random.ts';
import { rateGame } from './rate-game.ts';
import { effectsNear, gameNear, journeysNear, type NearGame } from './rate-game-near.ts';

const CHANNELS = ['a', 'b', 'c', 'd', 'e', 'f'];

function counts(seed: number): Coalition[] {
  const random = createRandom(seed);
  return Array.from({ length: 40 }, (_, i) => {
    const channels = CHANNELS.filter(() => random() < 0.4);
    const conversions = Math.floor(random() * 40);
    const set = channels.length === 0 ? [CHANNELS[i % CHANNELS.length] as string] : channels;
    return { channels: set, conversions, nulls: 50 + Math.floor(random() * 900), value: conversions * 30 };
  });
}

/** As many as `by` says of each set. */
function near(game: NearGame, rows: readonly Coalition[], reward: 'conversions' | 'value', by: (i: number) => number) {
  const [rewards, journeys] = [new Float64Array(game.places.size), new Float64Array(game.places.size)];
  for (const [i, row] of rows.entries()) {
    const place = game.places.get(row.channels.join('\u001f')) as number;
    rewards[place] = (rewards[place] as number) + row[reward] * by(i);
    journeys[place] = (journeys[place] as number) + (row.conversions + row.nulls) * by(i);
  }
  return [...effectsNear(game, journeysNear(game, journeys), reward, rewards)];
}

test.each(['conversions', 'value'] as const)(
  'of %s: at the counts themselves, and at any multiple of them, it is the game',
  (reward) => {
    const rows = counts(1);
    const exact = rateGame(rows, { reward }).channels.map(({ effect }) => effect);
    const game = gameNear(rows, [reward]) as NearGame;
    for (const [i, effect] of exact.entries()) {
      expect(game.effects[i]).toBeCloseTo(effect, 11);
      expect(near(game, rows, reward, () => 3)[i]).toBeCloseTo(effect, 11);
    }
  },
);

test.each(['conversions', 'value'] as const)('of %s: what it misses falls with the square of the distance', (reward) => {
  const rows = counts(2);
  const random = createRandom(7);
  const shift = rows.map(() => random() - 0.5);
  const game = gameNear(rows, ['conversions', 'value']) as NearGame;
  const known = rateGame(rows, { reward }).channels.map(({ effect }) => effect);
  const missed = (step: number) => {
    const by = (i: number) => 1 + step * (shift[i] as number);
    const moved = rows.map((row, i) => ({
      ...row,
      ...{ conversions: row.conversions * by(i), nulls: row.nulls * by(i), value: row.value * by(i) },
    }));
    const exact = rateGame(moved, { reward }).channels.map(({ effect }) => effect);
    const found = near(game, rows, reward, by);
    // As many more of all change no rate.
    for (const [i, effect] of near(game, rows, reward, (row) => 3 * by(row)).entries())
      expect(effect).toBeCloseTo(found[i] as number, 11);
    const far = Math.max(...exact.map((effect, i) => Math.abs(effect - (known[i] as number))));
    return { missed: Math.max(...exact.map((effect, i) => Math.abs(effect - (found[i] as number)))), far };
  };
  expect(missed(0.01).missed).toBeLessThan(0.02 * missed(0.01).far);
  expect(missed(0.001).missed).toBeLessThan(missed(0.01).missed / 50);
});

test('without channels there is nothing; of more than 20 there is none', () => {
  expect(gameNear([], ['conversions'])?.channels).toEqual([]);
  const many = Array.from({ length: 21 }, (_, i) => ({ channels: [`c${i}`], conversions: 1, nulls: 1, value: 0 }));
  expect(gameNear(many, ['conversions'])).toBeNull();
});
