import { setImmediate as later } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { runUntilAborted } from './run-loop.ts';

/** How many turns there are before the first rest, each of which says whether there is more. */
async function turnsOf(hasMore: (turn: number) => boolean): Promise<number> {
  const controller = new AbortController();
  let turns = 0;
  const turn = async () => hasMore(++turns);
  const { ended } = runUntilAborted({ turn }, controller.signal, { failed() {}, recovered() {} });
  await later();
  controller.abort();
  await ended;
  return turns;
}

test('an archiver rests after a turn, unless there is more; then after some of them', async () => {
  expect(await turnsOf(() => false)).toBe(1);
  expect(await turnsOf((turn) => turn < 3)).toBe(3);
  expect(await turnsOf(() => true)).toBe(4);
});
