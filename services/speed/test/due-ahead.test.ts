/** Who is due next, as a worker knows it between reads: against an index that each commit changes and each commit asks. */
import { dueOf, noMembers } from '@tributary/testkit/memory/memory-members';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { afterCommit, type DueAhead, dueAhead, firstDue } from '../src/segments/due-ahead.ts';
import { startFollowing, withSegments } from './following.ts';

const user = fc.constantFrom('ann', 'bo', 'cy', 'dee', 'eva', 'fay', 'gus');
const dues = fc.array(fc.tuple(user, fc.option(fc.nat(30), { nil: null })), { maxLength: 4 });
const commits = fc.array(fc.record({ dues, later: fc.nat(4) }), { maxLength: 20 });

test('law 1: users who are due are those of the index, whatever commits change, at most as many as one commit looks at', () => {
  let [read, kept] = [0, 0];
  fc.assert(
    fc.property(commits, fc.integer({ min: 1, max: 3 }), (all, most) => {
      const index = noMembers();
      let ahead: DueAhead | undefined;
      let upToMs = 0;
      for (const { dues: changed, later } of all) {
        upToMs += later;
        if (ahead === undefined || ahead.toMs < upToMs) {
          ahead = dueAhead(dueOf(index, Number.MAX_SAFE_INTEGER, most));
          read++;
        } else kept++;
        const { users, nextMs } = firstDue(ahead, upToMs, most);
        const asked = dueOf(index, upToMs, most);
        expect([...users.values()]).toEqual(asked.users.map(([, dueMs]) => dueMs));
        for (const [userKey, dueMs] of users) expect(index.due.get(userKey)).toBe(dueMs);
        // The next one may be said to be due earlier than it is, and where there is one more up to then, at once.
        expect(nextMs).toBeLessThanOrEqual(asked.nextMs ?? Number.POSITIVE_INFINITY);
        expect(nextMs <= upToMs).toBe(asked.isMore);
        const due = new Map<string, number | null>([...users.keys()].map((userKey) => [userKey, null]));
        for (const [userKey, dueMs] of changed) due.set(userKey, dueMs === null ? null : upToMs + 1 + dueMs);
        for (const [userKey, dueMs] of due)
          if (dueMs === null) index.due.delete(userKey);
          else index.due.set(userKey, dueMs);
        ahead = afterCommit(ahead, due, most);
        expect(ahead?.users.size ?? 0).toBeLessThanOrEqual(4 * most);
      }
    }),
    { numRuns: 400 },
  );
  expect(Math.min(read, kept)).toBeGreaterThan(100);
});

test.each([
  [1_000, 1],
  [1, 7],
])('law 7: where a commit looks at %i users, the store is asked who is due %i times', async (passedUsers, times) => {
  let asked = 0;
  const platform = startFollowing({
    definitions: withSegments({ planner: { enter: "type == 'search'", ttl: '14d' } }),
    limits: { passedUsers },
    storeOf: (speed) => ({
      ...speed,
      dueUsers(...of) {
        asked++;
        return speed.dueUsers(...of);
      },
    }),
  });
  const users = ['ann', 'bo', 'cy', 'dee', 'eva', 'fay'];
  for (const [i, name] of users.entries()) await platform.send(['search', i, name]);
  await platform.beat(14.5);
  await platform.beat(14.8);
  expect((await platform.members('planner')).users).toEqual(users.slice(1));
  await platform.beat(16.5);
  expect((await platform.members('planner')).users).toEqual(users.slice(3));
  await platform.beat(30);
  await platform.beat(31);
  expect((await platform.members('planner')).users).toEqual([]);
  for (const [i, name] of users.entries())
    expect(await platform.said(name)).toEqual([`planner entered ${i} until ${i + 14}`, `planner left ${i + 14}`]);
  expect(asked).toBe(times);
});
