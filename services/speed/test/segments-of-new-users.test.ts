/** Users without a record yet: what segments know of them without asking the store. */
import { expect, test } from 'vitest';
import { day, startFollowing, withSegments } from './following.ts';

const definitions = withSegments({ planner: { enter: "type == 'search'", ttl: '14d' } });

test('law 7: what a new user is to segments is known without the store, though other events come first', async () => {
  const asked: string[] = [];
  const platform = startFollowing({
    definitions,
    storeOf: (speed) => ({
      ...speed,
      duesOf(partition, users) {
        asked.push(...users.map((user) => `when ${user} is due`));
        return speed.duesOf(partition, users);
      },
      loadRecords(partition, users, maxBytes) {
        asked.push(...users);
        return speed.loadRecords(partition, users, maxBytes);
      },
    }),
  });
  await platform.send(['search', 0, 'ann'], ['x', 0, 'bob']);
  await platform.send(['search', 1, 'bob'], ['search', 2, 'ann']);
  expect((await platform.members('planner')).users).toEqual(['ann', 'bob']);
  expect(asked).toEqual(['ann', 'bob']);
  // A worker that begins knows no user.
  platform.restart();
  await platform.send(['search', 3, 'bob']);
  expect(asked.slice(2)).toContain('when bob is due');
  expect(await platform.said('bob')).toEqual(['planner entered 1 until 15']);
});

test('law 7: an instant that is left of a record which is gone is passed once, also where the user is new', async () => {
  const platform = startFollowing({ definitions });
  await platform.send(['search', 0, 'ann']);
  const speed = platform.store.speed();
  const { commitId, position, ...state } = (await speed.loadState(0)) ?? expect.fail('nothing was committed');
  const next = { ...state, position: position as string };
  const due = new Map([['bob', day(5)]]);
  const nothing = { appends: new Map(), rewrites: new Map(), deltas: new Map(), conversions: new Map(), parked: [] };
  await speed.commit({
    ...{ partition: 0, expected: position, expectedCommit: commitId, id: 'left', next },
    ...{ ...nothing, deltasGeneration: 0, pending: 0, overflowed: 0 },
    members: { forgotten: null, strays: [], enters: [], leaves: [], due, unsure: new Map() },
  });
  platform.restart();
  const duesOf = async () => (await speed.duesOf(0, ['ann', 'bob'])).dues;
  await platform.send(['x', 1, 'bob']);
  expect(await duesOf()).toEqual([day(14), day(5)]);
  await platform.beat(6);
  expect(await duesOf()).toEqual([day(14), null]);
});
