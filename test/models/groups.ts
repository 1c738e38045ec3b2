/** Samples of users as the platform knows them: counts by group, and no users. */
import type { Reward } from '@tributary/attribution/data-driven/counts';
import { createRandom, type Random } from '@tributary/attribution/data-driven/random';
import { isRule, type ModelName } from '@tributary/attribution/models/catalogue';
import { addAll, emptySums } from '@tributary/attribution/uncertainty/draws';
import { type Estimate, estimatorOf } from '@tributary/attribution/uncertainty/estimators';
import { evidenceOf } from '@tributary/attribution/uncertainty/evidence';
import type { Grouped, SingleOrder } from '@tributary/attribution/uncertainty/grouped';
import { jackknife } from '@tributary/attribution/uncertainty/jackknife';
import { createOrdersOfChannels, type OrdersOfChannels } from '@tributary/attribution/uncertainty/orders-of-channels';
import type { ChannelUncertainty, UncertaintyOptions } from '@tributary/attribution/uncertainty/uncertainty';
import { type UnitRow, unitsOf } from '@tributary/attribution/uncertainty/units';
import { rowsOf, sampleOf, type World } from './worlds.ts';

/** What of an answer is held against the truth. */
export interface Answered {
  readonly model: ModelName;
  readonly reward: Reward;
  readonly channels: readonly Pick<ChannelUncertainty, 'channel' | 'share' | 'credit' | 'effect' | 'ofRatios'>[];
}

type Users = readonly UnitRow[];

/** As by a hash: the users of a group are a sample by themselves. */
export function inGroups(world: World, users: number, groups: number, random: Random): UnitRow[][] {
  return Array.from({ length: groups }, () => rowsOf(world, users / groups, random));
}

/** The answer of each model and reward. */
export function byGroups(groups: readonly Users[], options: UncertaintyOptions): Answered[] {
  const whole = unitsOf(sampleOf(groups.flat()));
  const places = new Map(whole.paths.map(({ path }, at) => [path.join('\n'), at]));
  const own = groups.map((users) => sumsOf(users, places));
  const all = emptySums(whole);
  addAll(whole, all);
  const without = own.map((group) => ({
    conversions: all.conversions.map((x, i) => x - (group.conversions[i] as number)),
    nulls: all.nulls.map((x, i) => x - (group.nulls[i] as number)),
    value: all.value.map((x, i) => x - (group.value[i] as number)),
  }));
  const singleOrders = singleOrdersOf(groups, createRandom(9_000_011 + options.seed));
  const ordersOfAll = ordersOf(groups);
  const countOf = (sums: typeof all) => sums.conversions.reduce((sum, one) => sum + one, 0);
  return options.models.flatMap((model) => {
    const estimator = estimatorOf(model, whole.paths, options);
    const { channels } = estimator;
    const evidence = evidenceOf(whole, estimator);
    const aloneAt = channels.map((channel) =>
      whole.paths.flatMap(({ path }, at) => (path.every((one) => one === channel) ? [at] : [])),
    );
    // Groups of a rule have its credit, and no more.
    const ofRule = isRule(model) ? own.map((sums) => estimator.estimate(sums)('conversions').effects) : null;
    const metBy = (sums: typeof all, channel: number) =>
      sums.conversions.reduce((sum, count, path) => sum + (count > 0 && estimator.counts(path, channel) ? count : 0), 0);
    const met = channels.map((_, channel) =>
      own.map((sums, group) => (ofRule === null ? metBy(sums, channel) : (ofRule[group]?.[channel] as number))),
    );
    const alone = channels.map((_, channel) => ({
      journeys: evidence.byChannel[channel]?.journeysAlone ?? 0,
      groups: own.filter(({ conversions }) => aloneAt[channel]?.some((path) => (conversions[path] as number) > 0)).length,
    }));
    const orders = channels.map((channel) => ordersOfAll.of(channel));
    return options.rewards.map((reward): Answered => {
      const is: Estimate = estimator.estimate(all)(reward);
      const near = estimator.near(all, groups.length);
      if (typeof near === 'string') throw new Error(near);
      const others = without.map((sums) => near(sums)(reward));
      const conversions = { is: countOf(all), without: without.map(countOf) };
      const { level } = options;
      const single = reward === 'value' ? singleOrders : [];
      const counts = { is, without: others, conversions, met, alone, orders, singleOrders: single };
      const asked: Grouped = { model, reward, level, channels, ...counts };
      return { model, reward, channels: jackknife(asked).channels };
    });
  });
}

/** All that a user converts lies within a lookback, in the order in which it is listed; refunds do not count. */
function ordersOf(groups: readonly Users[]): OrdersOfChannels {
  const orders = createOrdersOfChannels();
  for (const { times, journeys } of groups.flat()) {
    const before = new Map<string, number>();
    for (const { path, conversions, value } of journeys) {
      if (conversions === 0) continue;
      const channels = [...new Set(path)].sort();
      orders.add(channels, times);
      const numbers = channels.map((channel) => (value < 0 ? 0 : (before.get(channel) ?? 0) + 1));
      for (const [i, channel] of channels.entries()) if (numbers[i] !== 0) before.set(channel, numbers[i] as number);
      orders.again(channels, numbers, times);
    }
  }
  return orders;
}

/** Days of a window. */
const DAYS = 30;

/** Orders come on any day, and rows tell apart days, sets of channels and groups: values of those that stand alone. */
function singleOrdersOf(groups: readonly Users[], random: Random): SingleOrder[] {
  return groups.flatMap((users) => {
    const rows = new Map<string, SingleOrder[]>();
    for (const { path, conversions, value } of users.flatMap(({ journeys }) => journeys)) {
      if (conversions === 0) continue;
      const key = `${Math.floor(DAYS * random())} ${[...new Set(path)].sort()}`;
      rows.set(key, [...(rows.get(key) ?? []), { value, channels: path }]);
    }
    return [...rows.values()].flatMap((orders) => (orders.length === 1 ? orders : []));
  });
}

function sumsOf(users: Users, places: ReadonlyMap<string, number>) {
  const zeros = () => new Float64Array(places.size);
  const sums = { conversions: zeros(), nulls: zeros(), value: zeros() };
  for (const { times, journeys } of users)
    for (const { path, conversions, nulls, value } of journeys) {
      const at = places.get(path.join('\n')) as number;
      sums.conversions[at] = (sums.conversions[at] as number) + times * conversions;
      sums.nulls[at] = (sums.nulls[at] as number) + times * nulls;
      sums.value[at] = (sums.value[at] as number) + times * value;
    }
  return sums;
}
