/** Intervals of what changed between two windows hold what they say, of users who are in both as well. */
import { createRandom } from '@tributary/attribution/data-driven/random';
import { type GroupedChannel, ofChange, ofRatio } from '@tributary/attribution/uncertainty/jackknife';
import { expect, test } from 'vitest';
import { isAsStated, LEVEL, OPTIONS, truthOf } from './coverage.ts';
import { byGroups } from './groups.ts';
import { type Journey, rowOf, usersOf, WORLDS, type World } from './worlds.ts';

const SAMPLES = 150;
const GROUPS = 16;
const USERS = 3_000;
const MODELS = ['last', 'markov'] as const;
const CHANNELS = ['search', 'social', 'email'];

/** Every journey lies in either window, whatever the user's other journeys: `earlier` of them in the first. */
function windowsOf(
  users: readonly (readonly Journey[])[],
  earlier: number,
  seed: number,
): [before: Journey[][], now: Journey[][]] {
  const random = createRandom(500 + seed);
  const before: Journey[][] = [];
  const now: Journey[][] = [];
  for (const journeys of users) {
    const isEarlier = journeys.map(() => random() < earlier);
    before.push(journeys.filter((_, i) => isEarlier[i]));
    now.push(journeys.filter((_, i) => !isEarlier[i]));
  }
  return [before, now];
}

test.each([
  ['plain', 0.5],
  ['users with 5 journeys, one first channel', 0.5],
  ['plain', 0.35],
] as const)('%s, %d of the journeys in the earlier window: intervals of the change hold it, and of the ratio', (name, part) => {
  const world = WORLDS.find((one) => one.name === name) as World;
  const whole = new Map(MODELS.map((model) => [model, truthOf(world.population, model, USERS)]));
  const cells = new Map<string, { printed: number; held: number }>();
  for (let sample = 0; sample < SAMPLES; sample++) {
    const random = createRandom(77_000 + sample);
    const groups = Array.from({ length: GROUPS }, () => usersOf(world, USERS / GROUPS, random));
    const windows = groups.map((users, group) => windowsOf(users, part, sample * GROUPS + group));
    const options = { ...OPTIONS, models: MODELS, rewards: ['conversions'] as const, replicates: 200, level: LEVEL, seed: 1 };
    const [before, now] = [0, 1].map((at) =>
      byGroups(
        windows.map((both) => (both[at] as Journey[][]).map(rowOf)),
        options,
      ),
    );
    for (const [m, model] of MODELS.entries())
      for (const channel of CHANNELS) {
        const of = (answer: ReturnType<typeof byGroups> | undefined) =>
          answer?.[m]?.channels.find((one) => one.channel === channel) as GroupedChannel;
        const all = whole.get(model)?.get(channel)?.credit as number;
        const figures = [
          ['change', ofChange(of(now), of(before), LEVEL), all * (1 - 2 * part)],
          ['ratio', ofRatio(of(now), of(before), LEVEL), (1 - part) / part],
        ] as const;
        for (const [figure, interval, is] of figures) {
          if (interval === null) continue;
          const key = `${figure} of ${channel} under ${model}`;
          const cell = cells.get(key) ?? { printed: 0, held: 0 };
          cells.set(key, cell);
          cell.printed += 1;
          if (interval.low <= is && interval.high >= is) cell.held += 1;
        }
      }
  }
  for (const figure of ['change', 'ratio'])
    for (const model of MODELS) expect(cells.get(`${figure} of search under ${model}`)?.printed).toBeGreaterThan(0.6 * SAMPLES);
  expect([...cells].filter(([, cell]) => !isAsStated(cell))).toEqual([]);
});
