/**
 * Law 1 where a path looks back over two touches instead of 1 000, in the fold and in the oracle: users of the tests come to that
 * bound all the time, and what a touch pushes off a path is missed at once.
 */
import { MAX_PATH_TOUCHES } from '@tributary/views/journeys/most-touches';
import { expect, test, vi } from 'vitest';
import { runSeeds } from './simulation-seeds.ts';
import './law-1-merge.test.ts';

vi.mock('../../packages/views/src/journeys/most-touches.ts', () => ({ MAX_PATH_TOUCHES: 2 }));
vi.mock('../../packages/testkit/src/oracle/naive-newest-touches.ts', () => ({ NEWEST_TOUCHES: 2 }));

test('the bound of these tests is two', () => {
  expect(MAX_PATH_TOUCHES).toBe(2);
});

test.each([0, 20, 40])(
  'laws 1–4, 6–8: twenty seeds from %i on of the simulated pipeline',
  async (from) => {
    expect(await runSeeds(from, 20)).toMatchObject({ answer: expect.any(Number), complete: expect.any(Number) });
  },
  300_000,
);
