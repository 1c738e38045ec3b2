/** How far each partition is, while events flow. */
import { StatusAnswer } from '@tributary/contract/groups/operations';
import { expect, test, vi } from 'vitest';
import { createWorld, event } from './world.ts';

test('a partition whose events are applied as they come is not behind, however often it is asked', async () => {
  const world = await createWorld();
  await world.ingest(event({ type: 'page', userId: 'ada' }));
  await world.tick();
  const { ends } = world.deps.logReach;
  vi.spyOn(world.deps.logReach, 'ends').mockImplementation(async () => {
    await world.ingest(event({ type: 'page', userId: 'ada' }));
    return ends();
  });
  const { partitions } = StatusAnswer.parse((await world.get('/v1/status')).body);
  expect(partitions.filter(({ behind }) => behind !== false)).toEqual([]);
});
