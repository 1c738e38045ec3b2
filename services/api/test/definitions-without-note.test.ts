/** States of workers that do not note since when definitions hold: they may have changed and changed back in between. */
import { expect, test } from 'vitest';
import { shopping } from './shopping.ts';
import { createWorld, NOON, PARTITIONS } from './world.ts';

test.each([
  ['noted as the same', { definitionsSince: 0 }, true],
  ['without a note', { definitionsSince: undefined }, false],
])('law 7: after a rollback, rows since the cut by definitions %s', async (_, note, complete) => {
  const world = await createWorld();
  await shopping(world, 1, 20, NOON - 6 * 3_600_000);
  await world.cut(1);
  await world.publish(1);
  for (let partition = 0; partition < PARTITIONS; partition++)
    await world.commit(partition, { barrier: { generation: 2 } }, { generation: 2, ...(note as { definitionsSince: number }) });
  await world.tick();
  const { meta } = (await world.get('/v1/activity')).body;
  expect(meta).toMatchObject({ generation: 1, complete });
  expect(meta.warnings).toEqual(complete ? [] : [expect.stringContaining('and back')]);
});
