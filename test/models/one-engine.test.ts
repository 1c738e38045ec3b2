/**
 * A file of paths and the platform that saw the same journeys are answered by one engine. So are intervals, where users stand in the
 * same groups (docs/uncertainty.md, groups of users); `attribution run` draws users one by one.
 */
import type { ChannelEffect } from '@tributary/attribution/data-driven/counts';
import { coalitionsOfPaths, transitionsOfPaths } from '@tributary/attribution/data-driven/path-counts';
import { sizesOf } from '@tributary/attribution/data-driven/sum-game';
import { modelInfo } from '@tributary/attribution/models/catalogue';
import { compute } from '@tributary/attribution/models/shared-models';
import type { Estimate } from '@tributary/attribution/uncertainty/estimators';
import { jackknife } from '@tributary/attribution/uncertainty/jackknife';
import { addOrders, noOrders } from '@tributary/attribution/uncertainty/orders-a-user';
import { partitionOf } from '@tributary/model/user-key';
import { createRandom } from '@tributary/testkit/inputs/random';
import { expect, test } from 'vitest';
import { file, json } from '../../packages/cli/test/path-runs.ts';
import { type AnyRow, type Journey, rowsOf, SHARED, times, walked } from '../../services/api/test/walked.ts';

const random = createRandom(20);
const PATHS = ['a', 'a>b', 'b>a>c', 'c', 'c>b>c', 'd>a', 'b'].map((path) => ({
  path: path.split('>'),
  conversions: random.between(1, 6),
  nulls: random.below(6),
}));
const VALUE = 700;

test.each([1, 2])('order %i: the command line and the API give the same effects, to the last bit', async (order) => {
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
          expect([model, row.channel, modelInfo(model).estimates === 'part' ? valueEffect : valueEffect / 100]).toEqual([
            model,
            row.channel,
            row.valueEffect,
          ]);
      }
    }
  }
});

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

test('intervals of the API are those of the same users in the same groups, to the last bit', async () => {
  const partitions = 16;
  const paths = [['a', 'b'], ['a'], ['b', 'a'], ['b', 'c', 'a'], ['c']];
  const journeys = Array.from({ length: 400 }, (_, i): (Journey & { readonly userId: string })[] => {
    // Few groups know d.
    const own = { path: i % 25 === 1 ? ['d'] : (paths[i % 5] as string[]), userId: `user ${i}` };
    if (i % 4 === 3) return [{ ...own, converted: false }];
    const orders = i % 7 === 0 ? [1, 0] : [0];
    return orders.map((daysAgo) => ({ ...own, converted: true, value: 400 + (i % 9), currency: 'EUR', daysAgo }));
  }).flat();
  const world = await walked(journeys, { attribution: { resetOnConversion: true } }, { partitions });
  const countsOf = (some: readonly Journey[], reward: 'conversions' | 'value') => {
    const counted = some.map(({ path, converted, value = 0 }) => ({
      ...{ path, conversions: Number(converted), nulls: Number(!converted), value: converted ? value : 0 },
    }));
    const coalitions = coalitionsOfPaths(counted);
    return { coalitions, sizes: sizesOf(coalitions, reward), transitions: transitionsOfPaths(counted, 1) };
  };
  const conversionsOf = (some: readonly Journey[]) => some.filter(({ converted }) => converted).length;
  const groupOf = ({ userId }: { readonly userId: string }) => partitionOf(userId, partitions);
  const groups = Array.from({ length: partitions }, (_, group) => journeys.filter((one) => groupOf(one) !== group));
  const rowsOfOrders = Map.groupBy(
    journeys.filter(({ converted }) => converted),
    (one) => JSON.stringify([groupOf(one), one.daysAgo, [...one.path].sort()]),
  );
  const singleOrders = [...rowsOfOrders.values()].flatMap(([one, ...others]) =>
    one === undefined || others.length > 0 ? [] : [{ value: one.value ?? 0, channels: one.path }],
  );
  const ordersOf = (channel: string) => {
    const [own, others] = [noOrders(), noOrders()];
    const users = [
      ...Map.groupBy(
        journeys.filter(({ converted }) => converted),
        ({ userId }) => userId,
      ).values(),
    ];
    for (const orders of users) {
      const path = new Set(orders[0]?.path);
      if (path.has(channel)) addOrders(own, orders.length, 1);
      else addOrders(others, orders.length, path.size);
    }
    return { own, others };
  };
  for (const model of SHARED)
    for (const reward of ['conversions', 'value'] as const) {
      const parameters = { model, reward, alpha: 0.5, seed: 1 } as const;
      const without = groups.map((some) => countsOf(some, reward));
      const outcome = compute({ ...parameters, ...countsOf(journeys, reward), without });
      const channels = ['a', 'b', 'c', 'd'];
      const estimate = (effects: readonly ChannelEffect[], of: readonly Journey[]): Estimate => {
        const at = (channel: string) => effects.find((one) => one.channel === channel);
        const amount = ({ converted, value = 0 }: Journey) => (reward === 'value' ? value : 1) * Number(converted);
        return {
          total: of.reduce((sum, one) => sum + amount(one), 0),
          shares: Float64Array.from(channels, (channel) => at(channel)?.share ?? 0),
          effects: Float64Array.from(channels, (channel) => at(channel)?.effect ?? 0),
        };
      };
      const { channels: expected } = jackknife({
        ...{ model, reward, level: 0.9, channels, is: estimate(outcome.channels, journeys) },
        without: (outcome.without as readonly (readonly ChannelEffect[])[]).map((effects, group) =>
          estimate(effects, groups[group] as Journey[]),
        ),
        conversions: { is: conversionsOf(journeys), without: groups.map(conversionsOf) },
        met: channels.map((channel) => {
          const own = journeys.filter(({ path, converted }) => converted && path.includes(channel));
          return Array.from({ length: partitions }, (_, group) => own.filter((one) => groupOf(one) === group).length);
        }),
        singleOrders: reward === 'value' ? singleOrders : [],
        orders: channels.map(ordersOf),
        alone: channels.map((channel) => {
          const own = journeys.filter(({ path }) => path.every((one) => one === channel));
          return { journeys: own.length, groups: new Set(own.filter(({ converted }) => converted).map(groupOf)).size };
        }),
      });
      const ofPlatform = await rowsOf(world, `model=${model}&intervals=1&value=${reward === 'value' ? 'revenue' : reward}`);
      for (const { channel, share, effect, credit, rank, cautions } of expected) {
        const row = ofPlatform[channel];
        const [low, high] = reward === 'value' ? [row.valueEffectLow, row.valueEffectHigh] : [row.effectLow, row.effectHigh];
        const own = [row.shareLow, row.shareHigh, low, high, row.rank, row.rankTo, row.aboveNext];
        const theirs = [share?.low, share?.high, effect?.low, effect?.high, rank?.from, rank?.to, rank?.aboveNext];
        expect([model, reward, channel, ...own]).toEqual([model, reward, channel, ...theirs.map((figure) => figure ?? null)]);
        expect(row[`${reward}Cautions`]).toBe(cautions.join(' '));
        if (reward === 'conversions')
          expect([row.conversionsLow, row.conversionsHigh]).toEqual([credit?.low ?? null, credit?.high ?? null]);
      }
    }
});
