/** Adoption of events by users (decision 43), as a model of its own: the engines do not have it yet. */
import { expect, test } from 'vitest';
import { randomOf, runSeeds, simulate } from './identity-simulation.ts';

/** `node test/laws/identity-soak.ts 20000` runs more. */
const SEEDS = 400;

test('laws 1, 2 and 3: with links, undone links, circles, lost writes, repeated lines and barriers between, each answer is what the log says, and a complete one what was sent', () => {
  const total = runSeeds(0, SEEDS);
  // It must have met what it is about.
  for (const [name, least] of [
    ['checked', 20],
    ['complete', 2],
    ['inFlight', 5],
    ['messages', 10],
    ['repeated', 2],
  ] as const)
    expect(total[name] / SEEDS, name).toBeGreaterThan(least);
});

test('laws 1 and 7: keys that lose events lend none of them to links that come, nor take any back by what does not count any more: each counts once', () => {
  const total = runSeeds(0, SEEDS / 2, { loses: true });
  for (const [name, least] of [
    ['complete', 2],
    ['floors', 3],
    ['held', 0.2],
  ] as const)
    expect(total[name] / (SEEDS / 2), name).toBeGreaterThan(least);
});

test('law 7: an answer that never calls itself incomplete would be wrong while messages are in flight', () => {
  expect(() => {
    for (let seed = 0; seed < 50; seed++) simulate(randomOf(seed), 120, { neverIncomplete: true });
  }).toThrow(/complete at/);
});
