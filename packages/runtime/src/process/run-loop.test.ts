import { expect, test } from 'vitest';
import { startRunLoop } from './run-loop.ts';

/** Each outcome is one iteration, then the loop is aborted. */
async function run(outcomes: readonly (Error | null)[]) {
  const controller = new AbortController();
  const seen: string[] = [];
  let next = 0;
  const loop = startRunLoop({
    async iterate() {
      const outcome = outcomes[next++];
      if (next >= outcomes.length) controller.abort();
      if (outcome) throw outcome;
    },
    signal: controller.signal,
    backoff: { firstMs: 1, longestMs: 3 },
    isFatal: ({ message }) => message === 'fatal',
    onFailed: ({ message }, waitMs) => seen.push(`${message}: ${waitMs}`),
    onRecovered: () => seen.push('recovered'),
  });
  const ended = await loop.ended.then(
    () => null,
    (error: Error) => error.message,
  );
  return { seen, ended, iterations: next, trouble: loop.trouble()?.message ?? null };
}

const failure = new Error('away');

test('errors are waited out, longer each time up to a bound, and from the beginning after an iteration that succeeded', async () => {
  const { seen, ended, trouble } = await run([null, failure, failure, failure, failure, null, failure, null]);
  expect(seen).toEqual(['away: 1', 'away: 2', 'away: 3', 'away: 3', 'recovered', 'away: 1', 'recovered']);
  expect([ended, trouble]).toEqual([null, null]);
});

test('a fatal error ends the loop, and stays its trouble', async () => {
  const { ended, iterations, trouble } = await run([failure, new Error('fatal'), null, null]);
  expect([ended, iterations, trouble]).toEqual(['fatal', 2, 'fatal']);
});

test('an error while the loop is aborted is none: it ends', async () => {
  expect(await run([null, new Error('fatal')])).toEqual({ seen: [], ended: null, iterations: 2, trouble: null });
});
