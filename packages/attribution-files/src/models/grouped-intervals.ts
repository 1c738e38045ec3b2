/**
 * How sure the models are of a file whose users stand in the groups of a platform, the partitions of its log: the same intervals, to the
 * last bit, as a report of the same events has there (packages/reports/src/credit/uncertainty.ts).
 *
 *   users → groups by hash → every model over all, and over all groups but one → jackknife
 */

import type { Reward } from '@tributary/attribution/data-driven/counts';
import { isRule } from '@tributary/attribution/models/catalogue';
import { compute } from '@tributary/attribution/models/shared-models';
import { creditByRule } from '@tributary/attribution/paths/credit';
import type { PathTransform } from '@tributary/attribution/paths/transforms';
import { pathKey, type WeightedPath } from '@tributary/attribution/paths/weighted-path';
import type { Shape } from '@tributary/attribution/rules/rules';
import type { CautionCode } from '@tributary/attribution/uncertainty/caution-codes';
import type { Estimate } from '@tributary/attribution/uncertainty/estimators';
import type { Grouped, SingleOrder } from '@tributary/attribution/uncertainty/grouped';
import { jackknife, notRun } from '@tributary/attribution/uncertainty/jackknife';
import { createOrdersOfChannels, type OrdersOfChannels } from '@tributary/attribution/uncertainty/orders-of-channels';
import type { ModelUncertainty, Uncertainty } from '@tributary/attribution/uncertainty/uncertainty';
import type { Sample } from '@tributary/attribution/uncertainty/units';
import { InputError } from '@tributary/importing/failures';
import { CREDIT_UNIT_MICROS } from '@tributary/model/amounts/money';
import { byCodePoint } from '@tributary/model/code-points';
import { partitionOf } from '@tributary/model/user-key';
import { changed } from './attribute.ts';
import { type FileModel, inputOf, journeysOf, type ModelAnswer, type ModelOptions } from './models.ts';

export interface GroupOptions extends ModelOptions {
  readonly shape: Shape;
  readonly order: number;
  readonly level: number;
  readonly groups: number;
}

type Paths = readonly WeightedPath[];

/** Throws an input error where users are not known. */
export function uncertaintyByGroups(
  { kind, rows }: Sample,
  change: PathTransform,
  answers: readonly ModelAnswer[],
  options: GroupOptions,
): Uncertainty {
  if (kind !== 'user' || rows.some(({ user = '' }) => user === ''))
    throw new InputError(
      `--groups must be asked of a file that names the user of each journey, also of those that ended without a conversion (got ${options.groups}). Use --events, or name the column of users with --map user=COLUMN.`,
    );
  const groups = Array.from({ length: options.groups }, (): WeightedPath[] => []);
  for (const { user = '', journeys } of rows) groups[partitionOf(user, options.groups)]?.push(...changed(journeys, change));
  const orders = ordersOfUsers(rows.map(({ journeys }) => changed(journeys, change)));
  const counted = countedIn(groups, orders);
  return {
    ...{ unit: 'user', groups: options.groups, replicates: 0, seed: options.seed, level: options.level, cautions: [] },
    models: answers.flatMap(({ model }) => options.rewards.map((reward) => ofModel(model, reward, counted, options))),
  };
}

/**
 * How often users order over each channel, as the view `orderNumbers` counts it. Where journeys have no times, in the order of their paths and values, for
 * that of the rows says nothing: the k-th that has a channel is the k-th over it. What takes value back (refunds) does not count.
 */
export function ordersOfUsers(users: readonly Paths[]): OrdersOfChannels {
  const counted = createOrdersOfChannels();
  for (const journeys of users) {
    const before = new Map<string, number>();
    for (const { path, conversions, value, orders } of inOneOrder(journeys.filter((one) => one.conversions > 0))) {
      const channels = [...new Set(path)].sort(byCodePoint);
      counted.add(channels, conversions);
      for (let one = 0; one < conversions; one++) {
        const numbers = channels.map((channel) =>
          orders === undefined ? (value < 0 ? 0 : (before.get(channel) ?? 0) + 1) : (orders.get(channel) ?? 1),
        );
        for (const [i, channel] of channels.entries()) if (numbers[i] !== 0) before.set(channel, numbers[i] as number);
        counted.again(channels, numbers, 1);
      }
    }
  }
  return counted;
}

function inOneOrder(journeys: Paths): Paths {
  const key = ({ value, conversions, ...one }: WeightedPath) =>
    `${pathKey({ ...one, value, conversions })}\n${value} ${conversions}`;
  return journeys
    .map((one) => [key(one), one] as const)
    .sort(([a], [b]) => byCodePoint(a, b))
    .map(([, one]) => one);
}

/** What the groups know of conversions, whatever the model. */
interface Counted {
  readonly orders: OrdersOfChannels;
  readonly groups: readonly Paths[];
  readonly all: Paths;
  /** All groups but one, by group. */
  readonly without: readonly Paths[];
  readonly singleOrders: readonly SingleOrder[];
}

function countedIn(groups: readonly Paths[], orders: OrdersOfChannels): Counted {
  return {
    orders,
    groups,
    all: groups.flat(),
    without: groups.map((_, group) => groups.filter((_other, at) => at !== group).flat()),
    singleOrders: groups.flatMap(singleOrdersIn),
  };
}

/** Orders that stand alone among those of their day, type and set of channels. */
function singleOrdersIn(paths: Paths): SingleOrder[] {
  const converting = paths.filter(({ conversions }) => conversions > 0);
  const rows = Map.groupBy(converting, ({ filed = '', path }) => `${filed}\t${[...new Set(path)].sort(byCodePoint).join('\t')}`);
  return [...rows.values()].flatMap(([one, ...others]) =>
    others.length === 0 && one?.conversions === 1 ? [{ value: one.value, channels: one.path }] : [],
  );
}

function ofModel(model: FileModel, reward: Reward, counted: Counted, options: GroupOptions): ModelUncertainty {
  const asked = isRule(model) ? ofRule(model, reward, counted, options) : ofCounts(model, reward, counted, options);
  const { cautions, channels } =
    asked.refused !== null
      ? notRun(asked.channels, asked.refused)
      : jackknife({
          ...asked,
          ...{ model, reward, level: options.level },
          conversions: { is: conversionsOf(counted.all), without: counted.without.map(conversionsOf) },
          orders: asked.channels.map((channel) => counted.orders.of(channel)),
          singleOrders: reward === 'value' ? counted.singleOrders : [],
        });
  return {
    ...{ model, reward, cautions, seen: null },
    channels: channels.map(({ amounts: _, ...of }, i) => ({
      ...of,
      effect: isRule(model) ? null : of.effect,
      shareIs: asked.is.shares[i] as number,
      witnesses: null,
      converted: asked.met[i]?.reduce((sum, one) => sum + one, 0) ?? 0,
    })),
  };
}

interface Figures extends Pick<Grouped, 'channels' | 'is' | 'without' | 'met' | 'alone'> {
  /** Why the model was not run without each group. */
  readonly refused: CautionCode | null;
}

/** As the platform counts them, each conversion by itself: to the micro and the minor unit. */
function ofRule(model: Parameters<typeof creditByRule>[1], reward: Reward, counted: Counted, { shape }: GroupOptions): Figures {
  const creditOf = (paths: Paths) => creditByRule(paths, model, shape);
  const all = creditOf(counted.all);
  const channels = [...all]
    .filter(([, { creditMicros, valueMinor }]) => creditMicros !== 0 || valueMinor !== 0)
    .map(([channel]) => channel)
    .sort(byCodePoint);
  const estimate = (paths: Paths): Estimate => {
    const credits = creditOf(paths);
    const amounts = Float64Array.from(channels, (channel) => {
      const { creditMicros = 0, valueMinor = 0 } = credits.get(channel) ?? {};
      return reward === 'value' ? valueMinor : creditMicros / CREDIT_UNIT_MICROS;
    });
    const total = amountIn(paths, reward);
    return { total, shares: amounts.map((amount) => (total === 0 ? 0 : amount / total)), effects: amounts };
  };
  const ofGroups = counted.groups.map(creditOf);
  return {
    channels,
    is: estimate(counted.all),
    without: counted.without.map(estimate),
    met: channels.map((channel) =>
      ofGroups.map((credits) => Math.max(0, credits.get(channel)?.creditMicros ?? 0) / CREDIT_UNIT_MICROS),
    ),
    ...{ alone: [], refused: null },
  };
}

function ofCounts(
  model: Exclude<FileModel, Parameters<typeof creditByRule>[1]>,
  reward: Reward,
  counted: Counted,
  options: GroupOptions,
): Figures {
  const { seed, alpha, order } = options;
  const input = (paths: Paths) => inputOf(model, journeysOf(paths, order), { reward, seed, alpha });
  const outcome = compute({ model, ...input(counted.all), without: counted.without.map(input) });
  const [refused, without] = typeof outcome.without === 'string' ? [outcome.without, []] : [null, outcome.without ?? []];
  const channels = outcome.channels.map(({ channel }) => channel).sort(byCodePoint);
  const estimate = (effects: typeof outcome.channels, paths: Paths): Estimate => {
    const total = amountIn(paths, reward);
    const attributed = amountIn(
      paths.filter(({ path }) => path.length > 0),
      reward,
    );
    const part = total === 0 ? 0 : attributed / total;
    const byChannel = new Map(effects.map((one) => [one.channel, one]));
    return {
      total,
      shares: Float64Array.from(channels, (channel) => (byChannel.get(channel)?.share ?? 0) * part),
      effects: Float64Array.from(channels, (channel) => byChannel.get(channel)?.effect ?? 0),
    };
  };
  const isOf = (channel: string) => (paths: Paths) => paths.filter(({ path }) => path.includes(channel));
  const isAlone = (channel: string) => (paths: Paths) =>
    paths.filter(({ path }) => path.length > 0 && path.every((one) => one === channel));
  return {
    channels,
    is: estimate(outcome.channels, counted.all),
    refused,
    without: counted.without.map((paths, group) => estimate(without[group] ?? [], paths)),
    met: channels.map((channel) => counted.groups.map((paths) => conversionsOf(isOf(channel)(paths)))),
    alone: channels.map((channel) => ({
      journeys: isAlone(channel)(counted.all).reduce((sum, { conversions, nulls }) => sum + conversions + nulls, 0),
      groups: counted.groups.map(isAlone(channel)).filter((paths) => conversionsOf(paths) > 0).length,
    })),
  };
}

function amountIn(paths: Paths, reward: Reward): number {
  return paths.reduce((sum, path) => sum + path[reward], 0);
}

function conversionsOf(paths: Paths): number {
  return amountIn(paths, 'conversions');
}
