/** Signals wait for nothing but records, also where types are named. */
import { expect, test } from 'vitest';
import { createWorld, event, NOON } from './world.ts';

test('law 7: signals of named types do not wait for rows that a report reads whole', async () => {
  const world = await createWorld({ limits: { freshMs: 1_000 } });
  await world.ingest(event({ type: 'page', ts: NOON - 1 }));
  await world.cut(1);
  await world.publish(1);
  await world.tick();
  expect((await world.get('/v1/conversions')).status).toBe(200);
  // From here on to read rows whole takes a while, as large ones do, on a connection of its own.
  const { readWhole } = world.deps.store;
  const { promise: opened, resolve: open } = Promise.withResolvers<void>();
  Object.assign(world.deps.store, {
    readWhole: async (...asked: Parameters<typeof readWhole>) => {
      await opened;
      return readWhole(...asked);
    },
  });
  const paths = world.get('/v1/paths');
  const query = { users: ['u1'], names: ['page'] };
  const named = [await world.get('/v1/users/u1/signals?names=page'), await world.post('/v1/signals/query', query)];
  expect(named.map(({ status }) => status)).toEqual([200, 200]);
  open();
  expect((await paths).status).toBe(200);
});
