import type { Coalition } from '@tributary/attribution/data-driven/counts';
import { createRandom } from '@tributary/testkit/random';
import { describe, expect, test } from 'vitest';
import { compute, type ModelJob } from '../src/models/compute.ts';
import { createModelRunner } from '../src/models/runner.ts';

function gameOf(players: number, seed = 1): ModelJob {
  const random = createRandom(seed);
  const channels = Array.from({ length: players }, (_, i) => `channel ${i}`);
  const coalitions: Coalition[] = [];
  for (let i = 0; i < 400; i++) {
    const set = channels.filter(() => random.chance(0.2));
    if (set.length > 0) coalitions.push({ channels: set, conversions: random.below(50), nulls: random.below(200), value: 0 });
  }
  const none = { sizes: [], transitions: [], alpha: 0.5, seed, intervals: null };
  return { model: 'rateShapley', reward: 'conversions', coalitions, ...none };
}

describe('the runner of models', () => {
  test('a long game runs beside the event loop, and gives what it gives in it, bit for bit', async () => {
    const runner = createModelRunner();
    const job = gameOf(18);
    let turns = 0;
    const ticking = setInterval(() => turns++, 2);
    const outcome = await runner.run(job);
    clearInterval(ticking);
    expect(outcome).toEqual(compute(job));
    expect(turns).toBeGreaterThan(3);
    await runner.stop();
  });

  test('an error keeps its code on the way back, and the thread goes on', async () => {
    const runner = createModelRunner();
    const wrong = {
      ...gameOf(12),
      coalitions: [...gameOf(12).coalitions, { channels: ['x'], conversions: -1, nulls: 0, value: 0 }],
    };
    await expect(runner.run(wrong)).rejects.toMatchObject({ code: 'invalid_counts', status: 400 });
    expect((await runner.run(gameOf(12))).channels).toHaveLength(12);
    await runner.stop();
  });

  test('a job that takes too long is ended and told so; the next one has a new thread', async () => {
    const runner = createModelRunner({ timeoutMs: 2_000, mostJobs: 4 });
    const endless = { ...gameOf(20), intervals: { replicates: 1_000, level: 0.9 } };
    const asked = performance.now();
    const both = await Promise.allSettled([runner.run(endless), runner.run(gameOf(10))]);
    expect(performance.now() - asked).toBeLessThan(8_000);
    for (const one of both) expect(one).toMatchObject({ status: 'rejected', reason: { code: 'model_timeout', status: 503 } });
    expect((await runner.run(gameOf(10))).channels).toHaveLength(10);
    await runner.stop();
  });

  test('more jobs than may wait are told overloaded, and those that wait are answered', async () => {
    const runner = createModelRunner({ timeoutMs: 30_000, mostJobs: 2 });
    const answers = await Promise.allSettled([1, 2, 3].map((seed) => runner.run(gameOf(14, seed))));
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    expect(answers[2]).toMatchObject({ reason: { code: 'overloaded' } });
    await runner.stop();
  });
});
