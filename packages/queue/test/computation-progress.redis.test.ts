/** How far computations are, on a real Redis. */
import { openComputationProgress } from '@tributary/queue/computation-progress';
import { createQueueRig } from '@tributary/testkit/servers/queue-rig';
import { expect, test } from 'vitest';

const rig = createQueueRig();

test('the last report of each computation stays until it is forgotten', async () => {
  const progress = openComputationProgress(rig.connect(), rig.namespace);
  expect(await progress.all()).toEqual(new Map());
  const said = { version: '1', after: 'a', at: 1 };
  for (const name of ['a', 'b', '__proto__']) await progress.note(name, said);
  await progress.note('b', { ...said, at: 2 });
  expect(await progress.all()).toEqual(
    new Map([...['a', '__proto__'].map((name) => [name, said] as const), ['b', { ...said, at: 2 }]]),
  );
  await progress.forget([]);
  await progress.forget(['a', '__proto__']);
  expect([...(await progress.all()).keys()]).toEqual(['b']);
});
