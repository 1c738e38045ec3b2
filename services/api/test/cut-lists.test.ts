import type { Event } from '@tributary/model/event';
import { expect, test } from 'vitest';
import { createWorld, event, NOON } from './world.ts';

test('law 7: a query says of each user whether the limit left out older signals', async () => {
  const world = await createWorld();
  for (const [userId, count] of [
    ['two', 2],
    ['three', 3],
    ['four', 4],
  ] as const)
    for (let i = 0; i < count; i++)
      await world.ingest(event({ type: i === 0 ? 'visit' : 'page', userId, id: `${i}`, ts: NOON + i }));
  await world.tick();
  const users = ['two', 'three', 'four', 'stranger'];
  const asked = async (body: object) => {
    const { results } = (await world.post('/v1/signals/query', { users, ...body })).body as {
      results: { signals: Event[]; hasMore: boolean }[];
    };
    return results.map(({ signals, hasMore }) => [signals.map(({ id }) => id).join(''), hasMore]);
  };
  const none = ['', false];
  expect(await asked({ limit: 3 })).toEqual([['10', false], ['210', false], ['321', true], none]);
  expect(await asked({ limit: 2 })).toEqual([['10', false], ['21', true], ['32', true], none]);
  expect(await asked({ limit: 2, names: ['page'] })).toEqual([['1', false], ['21', false], ['32', true], none]);
  expect(await asked({ limit: 2, from: NOON + 2 })).toEqual([none, ['2', false], ['32', false], none]);
});
