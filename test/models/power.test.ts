/** What the planner says against samples of that size: their intervals are as wide as was asked for. */
import { createRandom } from '@tributary/attribution/data-driven/random';
import { type Plan, powerOf } from '@tributary/attribution/uncertainty/power';
import { uncertaintyOf } from '@tributary/attribution/uncertainty/uncertainty';
import { unitsOf } from '@tributary/attribution/uncertainty/units';
import { expect, test } from 'vitest';
import { LEVEL, OPTIONS } from './coverage.ts';
import { rowOf, sampleOf, usersOf, WORLDS, type World } from './worlds.ts';

const worldOf = (name: string) => WORLDS.find((one) => one.name === name) as World;

function drawn(world: World, users: number, seed: number) {
  const sample = usersOf(world, users, createRandom(seed));
  return { sample, conversions: sample.flat().filter(({ value }) => value !== null).length };
}

function planned(name: string, plan: Plan, users = 2_000) {
  const { sample, conversions } = drawn(worldOf(name), users, 77);
  const power = powerOf(sampleOf(sample.map(rowOf)), plan, { ...OPTIONS, seed: 1, replicates: 1_000, level: LEVEL });
  if (typeof power === 'string') throw new Error(power);
  return { power, users: Math.round((users * power.conversions) / conversions) };
}

/** Mean width of the intervals of samples of that size, where they have one: rarer channels may leave no shares. */
function widthOf(name: string, { model, channel }: Plan, users: number): number {
  const widths = Array.from({ length: 30 }, (_, i) => {
    const units = unitsOf(sampleOf(drawn(worldOf(name), users, 1_000 + i).sample.map(rowOf)));
    const answer = uncertaintyOf(units, {
      ...OPTIONS,
      models: [model],
      rewards: ['conversions'],
      replicates: 200,
      level: LEVEL,
      seed: i,
    });
    const share = answer.models[0]?.channels.find((one) => one.channel === channel)?.share;
    return share == null ? [] : [share.high - share.low];
  }).flat();
  expect(widths.length).toBeGreaterThanOrEqual(5);
  return widths.reduce((sum, one) => sum + one, 0) / widths.length;
}

test.each([
  ['plain', 'last', 'social', 0.06],
  ['plain', 'shapley', 'email', 0.04],
  ['users who convert 1 to 9 times', 'last', 'social', 0.08],
  ['users with 5 journeys, one first channel', 'markov', 'social', 0.04],
] as const)('%s, %s, %s: samples of the planned size have intervals of %d', (name, model, channel, width) => {
  const plan = { model, channel, share: undefined, width };
  const { power, users } = planned(name, plan);
  expect(power.like).toBe(channel);
  expect(Math.abs(widthOf(name, plan, users) / width - 1)).toBeLessThan(0.1);
});

test.each([
  ['plain', 'shapley'],
  ['users who convert 1 to 9 times', 'last'],
] as const)('%s, %s: a large channel planned at the share of a small one needs what the small one needs', (name, model) => {
  const small = planned(name, { model, channel: 'email', share: undefined, width: 0.05 }, 5_000).power;
  const large = planned(name, { model, channel: 'search', share: small.share, width: 0.05 }, 5_000).power;
  expect(large.like).toBe('search');
  expect(Math.abs(large.conversions / small.conversions - 1)).toBeLessThan(0.15);
});
