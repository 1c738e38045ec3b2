/** Intervals of what changed between two windows hold what they say, of users who are in both as well. */
import { createRandom } from '@tributary/attribution/data-driven/random';
import { type GroupedChannel, ofChange } from '@tributary/attribution/uncertainty/jackknife';
import { expect, test } from 'vitest';
import { LEVEL, OPTIONS } from './coverage.ts';
import { byGroups } from './groups.ts';
import { type Journey, rowOf, usersOf, WORLDS, type World } from './worlds.ts';

const SAMPLES = 150;
const GROUPS = 16;
const MODELS = ['last', 'markov'] as const;

/** Every journey lies in either window, whatever the user's other journeys: no change is expected. */
function windowsOf(users: readonly (readonly Journey[])[], seed: number): [before: Journey[][], now: Journey[][]] {
  const random = createRandom(500 + seed);
  const before: Journey[][] = [];
  const now: Journey[][] = [];
  for (const journeys of users) {
    const isEarlier = journeys.map(() => random() < 0.5);
    before.push(journeys.filter((_, i) => isEarlier[i]));
    now.push(journeys.filter((_, i) => !isEarlier[i]));
  }
  return [before, now];
}

test.each(['plain', 'users with 5 journeys, one first channel'])('%s: no change, and the intervals say so', (name) => {
  const world = WORLDS.find((one) => one.name === name) as World;
  const printed = new Map<string, number>();
  const held = new Map<string, number>();
  for (let sample = 0; sample < SAMPLES; sample++) {
    const random = createRandom(77_000 + sample);
    const groups = Array.from({ length: GROUPS }, () => usersOf(world, 2_000 / GROUPS, random));
    const windows = groups.map((users, group) => windowsOf(users, sample * GROUPS + group));
    const options = { ...OPTIONS, models: MODELS, rewards: ['conversions'] as const, replicates: 200, level: LEVEL, seed: 1 };
    const [before, now] = [0, 1].map((at) =>
      byGroups(
        windows.map((both) => (both[at] as Journey[][]).map(rowOf)),
        options,
      ),
    );
    for (const [m, model] of MODELS.entries())
      for (const channel of ['search', 'social']) {
        const of = (answer: ReturnType<typeof byGroups> | undefined) =>
          answer?.[m]?.channels.find((one) => one.channel === channel) as GroupedChannel;
        const interval = ofChange(of(now), of(before), LEVEL);
        if (interval === null) continue;
        const key = `${model} ${channel}`;
        printed.set(key, (printed.get(key) ?? 0) + 1);
        if (interval.low <= 0 && interval.high >= 0) held.set(key, (held.get(key) ?? 0) + 1);
      }
  }
  for (const [key, count] of printed) {
    expect(count).toBeGreaterThan(0.9 * SAMPLES);
    expect([key, Math.abs((held.get(key) ?? 0) / count - LEVEL) < 3 * Math.sqrt((LEVEL * (1 - LEVEL)) / count)]).toEqual([
      key,
      true,
    ]);
  }
  expect(printed.size).toBe(4);
});
