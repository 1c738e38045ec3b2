/** What no model may stumble over: a defined answer, or an error that says what to do. */

import { TributaryError } from '@tributary/model/errors';
import { processorMs } from '@tributary/testkit/stopwatch';
import { describe, expect, it } from 'vitest';
import { canonicalCoalitions, canonicalTransitions, type PathCount, renameChannels } from './counts.ts';
import { markov } from './markov.ts';
import { markovGame } from './markov-game.ts';
import { chooseOrder } from './order-choice.ts';
import { coalitionsOfPaths, transitionsOfPath, transitionsOfPaths } from './path-counts.ts';
import { createRandom } from './random.ts';
import { rateGame } from './rate-game.ts';
import { sumGame } from './sum-game.ts';

/** Every model over the same paths, at orders 1 and 3. */
function everyModel(paths: readonly PathCount[]) {
  const coalitions = coalitionsOfPaths(paths);
  const chains = [1, 3].map((order) => transitionsOfPaths(paths, order));
  return [
    ...(['conversions', 'value'] as const).flatMap((reward) => [
      sumGame(coalitions, { reward }),
      rateGame(coalitions, { reward }),
      ...chains.flatMap((chain) => [markov(chain, { reward }), markovGame(chain, { reward })]),
    ]),
  ];
}
const row = (path: string[], conversions: number, nulls: number, value = conversions) => ({ path, conversions, nulls, value });

describe('every data-driven model', () => {
  it('answers an empty window with no channels', () => {
    for (const { channels, total } of everyModel([])) expect({ channels, total }).toEqual({ channels: [], total: 0 });
    expect(markov([])).toMatchObject({ states: 0, journeys: 0, probability: 0 });
    expect(rateGame([]).rate).toBe(0);
    expect(chooseOrder([], 4).order).toBe(1);
  });

  it('answers nulls only with 0 for every channel', () => {
    for (const { channels, total } of everyModel([row(['a', 'b'], 0, 5), row(['c'], 0, 1)])) {
      expect(total).toBe(0);
      expect(channels).toEqual(['a', 'b', 'c'].map((channel) => ({ channel, effect: 0, share: 0 })));
    }
  });

  it('answers without nulls: removal effects are the parts of the journeys that touch the channel', () => {
    const paths = [row(['a', 'b'], 3, 0), row(['a'], 1, 0)];
    expect(markov(transitionsOfPaths(paths, 2)).channels.map(({ effect }) => effect)).toEqual([1, 0.75]);
    for (const { channels } of everyModel(paths)) expect(channels.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 12);
  });

  it('gives an only channel everything', () => {
    for (const { channels } of everyModel([row(['a', 'a', 'a', 'a'], 3, 2), row(['a'], 1, 5)])) {
      expect(channels).toHaveLength(1);
      expect(channels[0]?.share).toBe(1);
    }
    expect(markov(transitionsOfPaths([row(['a', 'a'], 1, 7)], 1)).channels[0]?.effect).toBe(1);
  });

  it('gives a channel on no way to a conversion 0', () => {
    const paths = [row(['a'], 5, 5), row(['b', 'c'], 0, 9), row(['a', 'c'], 0, 2)];
    for (const { channel, effect } of markov(transitionsOfPaths(paths, 1)).channels) expect(effect).toBe(channel === 'a' ? 1 : 0);
  });

  it('shares nothing where values cancel to nothing', () => {
    const { channels, total } = markov(transitionsOfPaths([row(['a'], 1, 1, 700), row(['b', 'a'], 1, 0, -700)], 1), {
      reward: 'value',
    });
    expect(total).toBe(0);
    expect(channels.map(({ effect, share }) => [effect, share])).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });

  it('shares nothing where values cancel to nothing but rounding', () => {
    const random = createRandom(17);
    let rounded = 0;
    for (let run = 0; run < 200; run++) {
      const names = ['a', 'b', 'c'];
      const paths = Array.from({ length: 7 }, () => {
        const path = Array.from({ length: 1 + Math.floor(random() * 4) }, () => names[Math.floor(random() * 3)] as string);
        return row(path, 1 + Math.floor(random() * 9), Math.floor(random() * 9), Math.floor(random() * 2_000_001) - 1_000_000);
      });
      const total = paths.reduce((sum, { value }) => sum + value, 0);
      const { channels } = markov(transitionsOfPaths([...paths, row(['a', 'c'], 3, 1, -total)], 1), { reward: 'value' });
      for (const { effect, share } of channels) expect([effect, share]).toEqual([0, 0]);
      const off = markov(transitionsOfPaths([...paths, row(['a', 'c'], 3, 1, 1 - total)], 1), { reward: 'value' });
      if (off.channels.some(({ effect }) => effect !== 0)) rounded++;
    }
    expect(rounded, 'one unit of value is not rounding').toBe(200);
  });

  it('takes a value that is negative as a whole: shares are parts of the loss', () => {
    const paths = [row(['a'], 1, 1, -700), row(['b', 'a'], 1, 0, -300)];
    const loss = markov(transitionsOfPaths(paths, 1), { reward: 'value' });
    const gain = markov(
      transitionsOfPaths(
        paths.map((each) => ({ ...each, value: -each.value })),
        1,
      ),
      { reward: 'value' },
    );
    expect(loss.total).toBe(-1000);
    expect(loss.channels).toEqual(gain.channels);
  });

  it('takes states from which nothing ends as never converting, and leaves out what no journey reaches', () => {
    const edge = (from: string[], to: string[], conversions: number, nulls = 0) => ({ from, to, conversions, nulls, value: 0 });
    // a → conversion; a → trap ⇄ trap2 for ever; island → a, never entered.
    const result = markov([
      edge([], ['a'], 2),
      edge(['a'], [], 1),
      edge(['a'], ['trap'], 0, 1),
      edge(['trap'], ['trap2'], 0, 1),
      edge(['trap2'], ['trap'], 0, 1),
      edge(['island'], ['a'], 4),
    ]);
    expect(result).toMatchObject({ states: 1, journeys: 2, probability: 0.5 });
    expect(result.channels.map(({ channel, effect }) => [channel, effect])).toEqual([
      ['a', 1],
      ['island', 0],
      ['trap', 0],
      ['trap2', 0],
    ]);
  });

  it('ignores conversions without a path', () => {
    const rows = [
      { channels: [], conversions: 9, value: 9, nulls: 0 },
      { channels: ['a'], conversions: 1, value: 1, nulls: 1 },
    ];
    expect(canonicalCoalitions(rows)).toEqual(rows.slice(1));
    expect(transitionsOfPath([], 2)).toEqual([]);
    expect(markov([{ from: [], to: [], conversions: 3, nulls: 0, value: 0 }])).toMatchObject({ channels: [], journeys: 0 });
  });

  it('stays exact on a journey of 10 000 touches that circles', () => {
    const path = Array.from({ length: 10_000 }, (_, i) => ['a', 'b', 'c'][i % 3] as string);
    for (const order of [1, 2, 3, 4]) {
      const { probability, channels } = markov(transitionsOfPaths([row(path, 1, 0), row(path, 0, 3), row(['d'], 1, 1)], order));
      expect(probability).toBeCloseTo(2 / 6, 13);
      // At order 1 the chain may leave from its first touch: one of the 3 334 times that it is in a.
      const passing = order === 1 ? 0.5 * (1 - 1 / 3334) : 0.5;
      for (const [i, expected] of [0.5, passing, passing, 0.5].entries()) expect(channels[i]?.effect).toBeCloseTo(expected, 13);
    }
    expect(transitionsOfPath(path, 4)).toHaveLength(9_998);
  });

  it('answers 10 000 channels fast where it can, and says what to do where it cannot', () => {
    const paths = Array.from({ length: 10_000 }, (_, i) => row([`channel ${i}`, `channel ${(i * 7) % 10_000}`], i % 3, 1));
    const coalitions = coalitionsOfPaths(paths);
    const transitions = transitionsOfPaths(paths, 1);
    const tookMs = processorMs(() => {
      expect(sumGame(coalitions).channels).toHaveLength(10_000);
      const { channels, sampling, rate } = rateGame(coalitions);
      expect(channels.reduce((sum, { effect }) => sum + effect, 0)).toBeCloseTo(rate, 9);
      expect(sampling?.pairs).toBeGreaterThan(100);
      for (const model of [markov, markovGame]) {
        expect(() => model(transitions)).toThrow(
          expect.objectContaining({ code: 'too_many_states', message: expect.stringContaining('states (got 10000)') }),
        );
      }
    });
    expect(tookMs).toBeLessThan(20_000);
    // The way out that the error names.
    const large = new Set(Array.from({ length: 20 }, (_, i) => `channel ${i}`));
    const grouped = renameChannels(transitions, (channel) => (large.has(channel) ? channel : '(other)'));
    expect(markov(grouped).channels).toHaveLength(21);
    expect(markov(grouped).total).toBe(paths.reduce((sum, { conversions }) => sum + conversions, 0));
  });

  it('refuses what is not a count, naming the row', () => {
    for (const broken of [
      { conversions: -1 },
      { nulls: Number.NaN },
      { nulls: Number.POSITIVE_INFINITY },
      { value: Number.NaN },
    ]) {
      const counts = { conversions: 1, nulls: 1, value: 1, ...broken };
      expect(() => canonicalCoalitions([{ channels: ['b', 'a'], ...counts }])).toThrow(/"b > a"/);
      expect(() => canonicalTransitions([{ from: ['a'], to: ['b', 'c'], ...counts }])).toThrow(/"a → b > c"/);
      expect(() => markov([{ from: ['a'], to: ['b'], ...counts }])).toThrow(TributaryError);
    }
  });
});
