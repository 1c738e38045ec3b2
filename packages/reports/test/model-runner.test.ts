import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Coalition } from '@tributary/attribution/data-driven/counts';
import { compute, type ModelJob } from '@tributary/attribution/models/shared-models';
import type { Asker } from '@tributary/runtime/http/turns-of-keys';
import { createRandom } from '@tributary/testkit/inputs/random';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { remembered } from '../src/runner/remembered-outcomes.ts';
import { createModelRunner, LATE, type ModelAsker, NobodyWaits } from '../src/runner/runner.ts';

function gameOf(players: number, seed = 1): ModelJob {
  const random = createRandom(seed);
  const channels = Array.from({ length: players }, (_, i) => `channel ${i}`);
  const coalitions: Coalition[] = [];
  for (let i = 0; i < 400; i++) {
    const set = channels.filter(() => random.chance(0.2));
    if (set.length > 0) coalitions.push({ channels: set, conversions: random.below(50), nulls: random.below(200), value: 0 });
  }
  const none = { sizes: [], transitions: [], alpha: 0.5, seed, without: null };
  return { model: 'rateShapley', reward: 'conversions', coalitions, ...none };
}

const A: Asker = { key: 'a', isGone: () => false };
/** Asks with the same key, and has time. */
const PATIENT: ModelAsker = { ...A, untilMs: () => performance.now() + 60_000 };
const B: Asker = { key: 'b', isGone: () => false };
/** For more than a minute, and light to send: all groups are one object. */
const endless: ModelJob = { ...gameOf(20), without: new Array<ModelJob>(500_000).fill(gameOf(20)) };

describe('the runner of models', () => {
  test('a long game runs beside the event loop, and gives what it gives in it, bit for bit', async () => {
    const runner = createModelRunner();
    const job = gameOf(18);
    let turns = 0;
    const ticking = setInterval(() => turns++, 2);
    const outcome = await runner.run(job, A);
    clearInterval(ticking);
    expect(outcome).toEqual(compute(job));
    expect(turns).toBeGreaterThan(3);
    await runner.stop();
  });

  test('it can be started before its first job, which then finds the thread there; one that is stopped meanwhile says so', async () => {
    const runner = createModelRunner();
    await runner.start();
    expect((await runner.run(gameOf(12), A)).channels).toHaveLength(12);
    await runner.stop();
    const stopped = createModelRunner();
    const starting = expect(stopped.start()).rejects.toThrow('ended before it was ready');
    await stopped.stop();
    await starting;
  });

  test('an error keeps its code on the way back, and the thread goes on', async () => {
    const runner = createModelRunner();
    const wrong = {
      ...gameOf(12),
      coalitions: [...gameOf(12).coalitions, { channels: ['x'], conversions: -1, nulls: 0, value: 0 }],
    };
    await expect(runner.run(wrong, A)).rejects.toMatchObject({ code: 'invalid_counts', status: 400 });
    expect((await runner.run(gameOf(12), A)).channels).toHaveLength(12);
    await runner.stop();
  });

  test('law 7: a job that takes too long is ended and reported; those that wait, also of its key, are computed', async () => {
    const runner = createModelRunner({ timeoutMs: 3_000, mostJobs: 8 });
    const slow = runner.run(endless, A);
    const refused = expect(slow).rejects.toMatchObject({ code: 'model_timeout', status: 503 });
    await sleep(1_000);
    // A new thread has to start for it, which takes more than what the first has left where the machine is busy.
    const next = runner.run(gameOf(10), PATIENT);
    await refused;
    expect((await next).channels).toHaveLength(10);
    await runner.stop();
  });

  test('law 7: models of one question share its time: a comparison of many does not hold its key for many times as long', async () => {
    const runner = createModelRunner({ timeoutMs: 60_000, mostJobs: 8 });
    const begunMs = performance.now();
    await expect(runner.run(endless, { ...A, untilMs: () => begunMs + 1_000 })).rejects.toMatchObject({
      code: 'model_timeout',
      status: 503,
    });
    expect(performance.now() - begunMs).toBeLessThan(20_000);
    expect((await runner.run(gameOf(10), A)).channels).toHaveLength(10);
    await runner.stop();
  });

  test('law 7: a job that is in the way of other keys runs for half of the time only', async () => {
    const runner = createModelRunner({ timeoutMs: 8_000, mostJobs: 8 });
    const refused = expect(runner.run(endless, A)).rejects.toThrow('ran for 4 s while those of other keys wait');
    expect((await runner.run(gameOf(10), B)).channels).toHaveLength(10);
    await refused;
    await runner.stop();
  });

  test('law 7: keys take turns, and one key alone has half of the places', async () => {
    const runner = createModelRunner({ timeoutMs: 60_000, mostJobs: 8 });
    const order: string[] = [];
    const run = (asker: Asker, seed: number) => runner.run(gameOf(14, seed), asker).then(() => order.push(asker.key));
    const greedy = await Promise.allSettled([
      ...[1, 2, 3, 4].map((seed) => run(A, seed)),
      expect(runner.run(gameOf(14, 5), A)).rejects.toMatchObject({
        code: 'overloaded',
        message: '4 models are being computed for this key already, and 4 for all keys',
      }),
      run(B, 6),
    ]);
    expect(greedy.map(({ status }) => status)).toEqual(new Array(6).fill('fulfilled'));
    expect(order).toEqual(['a', 'b', 'a', 'a', 'a']);
    await runner.stop();
  });

  test('law 7: a job whose askers have all gone is not begun', async () => {
    const runner = createModelRunner({ timeoutMs: 60_000, mostJobs: 8 });
    let isGone = false;
    const first = runner.run(gameOf(14), A);
    const left = expect(runner.run(endless, { key: 'b', isGone: () => isGone })).rejects.toThrow(
      'no request waits for the model',
    );
    isGone = true;
    expect((await first).channels).toHaveLength(14);
    await left;
    expect((await runner.run(gameOf(12), B)).channels).toHaveLength(12);
    await runner.stop();
  });

  test('law 7: a job that two ask for goes on when one of them has gone', async () => {
    const asked: Asker[] = [];
    const held = Promise.withResolvers<ReturnType<typeof compute>>();
    const run = (asker: Asker) => {
      asked.push(asker);
      return held.promise;
    };
    const counts = [{}] as const;
    const gone = { a: false, b: false };
    const both = (['a', 'b'] as const).map((key) => remembered(counts, 'same', { key, isGone: () => gone[key] }, run));
    expect(asked).toHaveLength(1);
    gone.a = true;
    expect(asked[0]?.isGone()).toBe(false);
    gone.b = true;
    expect(asked[0]?.isGone()).toBe(true);
    held.resolve(compute(gameOf(3)));
    expect(await both[0]).toBe(await both[1]);
  });

  test('law 7: who asks in the moment in which a job was given up, as all had left, is not given their failure', async () => {
    let begun = 0;
    const counts = [{}] as const;
    const run = async (asker: Asker) => {
      begun++;
      if (asker.isGone()) throw new NobodyWaits();
      return compute(gameOf(3));
    };
    const left = remembered(counts, 'same', { key: 'a', isGone: () => true }, run);
    const failed = left.catch(() => null);
    const here = remembered(counts, 'same', B, run);
    expect((await here).channels).toHaveLength(3);
    expect(await failed).toBe(await here);
    expect(begun).toBe(2);
    const alone = remembered(counts, 'other', { key: 'a', isGone: () => true }, run);
    await expect(alone).rejects.toThrow('no request waits for the model');
    expect((await remembered(counts, 'other', B, run)).channels).toHaveLength(3);
  });

  test('a run that throws before it is one fails with its own cause, and is not remembered', async () => {
    const counts = [{}] as const;
    const throwing = () => {
      throw new TypeError('the cause');
    };
    await expect(remembered(counts, 'same', B, throwing)).rejects.toThrow('the cause');
    expect((await remembered(counts, 'same', B, async () => compute(gameOf(3)))).channels).toHaveLength(3);
  });

  test('law 7: what begins again for who is there has their turn, not that of who left', async () => {
    const counts = [{}] as const;
    const names: string[] = [];
    const runOf = (own: string) => async (asker: Asker) => {
      names.push(`${own} as ${asker.key}`);
      if (asker.isGone()) throw new NobodyWaits();
      // The question of who left has no time left.
      if (own === 'a') throw new Error('the time of a is over');
      return compute(gameOf(3));
    };
    const left = remembered(counts, 'same', { key: 'a', isGone: () => true }, runOf('a'));
    left.catch(() => undefined);
    const here = remembered(counts, 'same', B, runOf('b'));
    expect((await here).channels).toHaveLength(3);
    expect(names).toEqual(['a as a', 'b as b']);
  });

  describe('of those who ask for the same model', () => {
    /** A run on a runner of its own, once `heard` has come, for who asks and has `leftMs`. */
    function questions(job: ModelJob, heard?: Promise<void>) {
      const runner = createModelRunner({ timeoutMs: 60_000, mostJobs: 8 });
      let begun = 0;
      const counts = [{}] as const;
      const ask = (key: string, leftMs: number) => {
        const until = performance.now() + leftMs;
        return remembered(counts, 'same', { key, isGone: () => false, untilMs: () => until }, async (askers) => {
          begun++;
          await heard;
          return runner.run(job, askers);
        });
      };
      return { runner, ask, begun: () => begun };
    }

    test('law 7: who has more time than who asked first has it, and the first is answered at their own time', async () => {
      const heard = Promise.withResolvers<void>();
      const { runner, ask, begun } = questions(gameOf(20), heard.promise);
      const first = expect(ask('a', 1)).rejects.toMatchObject({ code: 'model_timeout', status: 503 });
      const more = ask('b', 60_000);
      // The millisecond of the first may be over by now: without a second one there is nothing to begin for.
      heard.resolve();
      await first;
      expect((await more).channels).toHaveLength(20);
      expect(begun()).toBe(1);
      await runner.stop();
    });

    test('law 7: who has less time than who asked first is answered at their own', async () => {
      const { runner, ask } = questions(endless);
      let isAnswered = false;
      const first = ask('a', 60_000).finally(() => {
        isAnswered = true;
      });
      const ended = expect(first).rejects.toThrow('the API stops');
      await expect(ask('b', 100)).rejects.toMatchObject({ code: 'model_timeout', status: 503 });
      expect(isAnswered).toBe(false);
      await runner.stop();
      await ended;
    });

    test('law 7: a model that all have waited for long enough is ended', async () => {
      const { runner, ask } = questions(endless);
      const both = [ask('a', 50), ask('b', 500)].map((one) => expect(one).rejects.toMatchObject({ code: 'model_timeout' }));
      expect((await runner.run(gameOf(10), A)).channels).toHaveLength(10);
      await Promise.all(both);
      await runner.stop();
    });

    test('law 7: who asks in the moment in which the time of the others is over has a run of their own time', async () => {
      const counts = [{}] as const;
      let begun = 0;
      const over = { key: 'a', isGone: () => false, untilMs: () => 0 };
      const run = async (asker: ModelAsker) => {
        if (++begun === 1) throw new NobodyWaits(LATE);
        return compute(gameOf(2, asker.key === 'b' ? 1 : 2));
      };
      const first = remembered(counts, 'same', over, run);
      first.catch(() => undefined);
      const here = remembered(counts, 'same', { ...B, untilMs: () => performance.now() + 60_000 }, run);
      expect((await here).channels).toHaveLength(2);
      expect(begun).toBe(2);
    });
  });

  test('law 7: a failure forgets its own run alone: who asks the same shares the one that began meanwhile', async () => {
    const counts = [{}] as const;
    const [first, second] = [Promise.withResolvers<never>(), Promise.withResolvers<ReturnType<typeof compute>>()];
    const failed = remembered(counts, 'same', A, () => first.promise);
    // With 64 more all are let go.
    for (let other = 0; other < 64; other++) void remembered(counts, `other ${other}`, A, () => second.promise);
    let begun = 0;
    const run = () => {
      begun++;
      return second.promise;
    };
    const one = remembered(counts, 'same', A, run);
    first.reject(new Error('any'));
    await expect(failed).rejects.toThrow('any');
    const two = remembered(counts, 'same', B, run);
    second.resolve(compute(gameOf(3)));
    expect(await one).toBe(await two);
    expect(begun).toBe(1);
  });

  test('law 7: who asks for what is known already is not kept', async () => {
    const counts = [{}] as const;
    await remembered(counts, 'same', A, async () => compute(gameOf(3)));
    const askers: WeakRef<object>[] = [];
    for (let i = 0; i < 100; i++) {
      const asker: Asker = { key: 'a', isGone: () => false };
      askers.push(new WeakRef(asker));
      await remembered(counts, 'same', asker, async () => compute(gameOf(3)));
    }
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    await sleep(1);
    collect();
    expect(askers.filter((one) => one.deref() !== undefined).length).toBeLessThan(5);
  });

  test('law 7: each client that stays has the outcome, whenever others ask and leave, and a run is shared', async () => {
    const asker = fc.record({ asks: fc.nat(12), leaves: fc.option(fc.nat(14), { nil: 99 }) });
    let again = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(asker, { minLength: 1, maxLength: 6 }),
        fc.array(fc.nat(4), { minLength: 12, maxLength: 12 }),
        async (all, waits) => {
          const counts = [{}] as const;
          let now = 0;
          let running = 0;
          const runOf = (stays: boolean) => async (one: Asker) => {
            expect(++running).toBe(1);
            try {
              // Until its turn comes, and until its failure arrives.
              for (let left = waits.at(now % 12) ?? 0; left > 0; left--) await Promise.resolve();
              if (one.isGone()) throw new NobodyWaits();
              return compute(gameOf(2, stays ? 1 : 2));
            } finally {
              running--;
            }
          };
          const asked: Promise<void>[] = [];
          let begun = 0;
          for (; now < 15; now++) {
            for (const { asks, leaves } of all) {
              if (asks !== now) continue;
              const isGone = () => now >= leaves;
              const outcome = remembered(counts, 'same', { key: String(begun++), isGone }, runOf(leaves === 99));
              asked.push(
                outcome.then(
                  () => undefined,
                  (error) => {
                    if (leaves === 99) throw new Error(`who stays was given: ${error.message}`);
                    expect(error).toBeInstanceOf(NobodyWaits);
                  },
                ),
              );
            }
            await Promise.resolve();
          }
          if (asked.length > 1) again++;
          await Promise.all(asked);
        },
      ),
      { numRuns: 2_000 },
    );
    expect(again).toBeGreaterThan(500);
  });
});
