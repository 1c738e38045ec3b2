/** The contract of the stores about members of segments: every adapter runs it. */
import type { MemberChanges } from '@tributary/store/speed-store';
import { describe, expect, test } from 'vitest';
import { commitOf, P, type StoreUnderTest } from './store-under-test.ts';

const watched = { key: 'k', sinceMs: 7, isWhole: true };
const NONE: MemberChanges = {
  forgotten: null,
  strays: [],
  enters: [],
  leaves: [],
  due: new Map<string, number | null>(),
  unsure: new Map<string, number>(),
};

/** A commit that follows members, at log time 1 000 or another. */
function following(expected: string | null, position: string, members: Partial<MemberChanges>, logTimeMs = 1_000) {
  const commit = commitOf(expected, position);
  return { ...commit, next: { ...commit.next, logTimeMs, watched }, members: { ...NONE, ...members } };
}

const page = (version: string, after: string | null = null, limit = 10) => ({ version, after, limit });

export function describeMembersContract(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`members contract: ${name}`, () => {
    test('law 7: where segments were never followed, that is what is read, not a segment without members', async () => {
      const { speed, serving } = await make();
      expect(await serving.members(P, page('v'))).toMatchObject({ kept: null, watched: null });
      await speed.commit(commitOf(null, 'p1'));
      expect(await serving.members(P, page('v'))).toMatchObject({ kept: { logTimeMs: 1_000 }, watched: null });
      expect(await speed.loadState(P)).not.toHaveProperty('watched');
    });

    test('invariant 1: who enters and leaves is in the commit, which is sent again without effect; pages are by bytes', async () => {
      const { speed, serving } = await make();
      const names = ['zoe', 'Anna', 'é', '😀', '～', 'anna', ' '];
      const enters = names.map((user) => ['v', user] as const);
      const first = following(null, 'p1', { enters: [...enters, ['w', 'zoe']] });
      expect(await speed.commit(first)).toBe('committed');
      expect(await speed.commit(first)).toBe('already');
      expect(await speed.commit(following('p0', 'p2', { leaves: enters }))).toBe('fenced');
      const inOrder = [' ', 'Anna', 'anna', 'zoe', 'é', '～', '😀'];
      expect(await serving.members(P, page('v'))).toMatchObject({ watched, count: 7, unsure: 0, users: inOrder });
      expect((await serving.members(P, page('v', 'anna', 2))).users).toEqual(['zoe', 'é']);
      expect((await serving.members(P, page('v', 'anna!', 1))).users).toEqual(['zoe']);
      expect(await serving.members(P, page('v', null, 0))).toMatchObject({ count: 7, users: [] });
      expect((await serving.members(1, page('v'))).count).toBe(0);
      await speed.commit(
        following('p1', 'p2', {
          leaves: [
            ['v', 'zoe'],
            ['v', 'absent'],
          ],
          enters: [['v', 'Anna']],
        }),
      );
      expect(await serving.members(P, page('v'))).toMatchObject({ count: 6, users: inOrder.filter((user) => user !== 'zoe') });
      expect((await serving.members(P, page('w'))).users).toEqual(['zoe']);
    });

    test('law 7: what a commit says that does not follow members is not taken for their state', async () => {
      const { speed, serving } = await make();
      await speed.commit(following(null, 'p1', { enters: [['v', 'ann']] }));
      expect(await speed.loadState(P)).toMatchObject({ watched });
      await speed.commit(commitOf('p1', 'p2'));
      const state = await speed.loadState(P);
      expect(state).not.toHaveProperty('watched');
      expect(state?.wasWatched).toBe(true);
      expect((await serving.members(P, page('v'))).watched).toBeNull();
      await speed.commit(following('p2', 'p3', { forgotten: ['v'], enters: [['v', 'bo']] }));
      expect(await serving.members(P, page('v'))).toMatchObject({ watched, users: ['bo'] });
    });

    test('law 9: lists of segments that are defined no more are found by a walk, and forgotten', async () => {
      const { speed, serving } = await make();
      const [due, unsure] = [new Map([['ann', 5_000]]), new Map([['bo', 5_000]])];
      const enters = ['v', 'w'].map((version) => [version, 'ann'] as const);
      await speed.commit(following(null, 'p1', { enters, due, unsure }));
      const lists = new Set<string>();
      for (let cursor: string | null | undefined; cursor !== null; ) {
        const step: Awaited<ReturnType<typeof speed.scanUsers>> = await speed.scanUsers(P, cursor ?? null);
        for (const list of step.lists) lists.add(list);
        cursor = step.cursor;
      }
      expect([...lists].sort()).toEqual(['v', 'w']);
      await speed.commit(following('p1', 'p2', { strays: ['w'] }));
      expect(await serving.members(P, page('w'))).toMatchObject({ count: 0, unsure: 1, dueMs: 5_000 });
      expect(await serving.members(P, page('v'))).toMatchObject({ count: 1 });
      // Where nothing is left, and that was said, a state without it is that of a platform without segments.
      const none = following('p2', 'p3', { forgotten: ['v'] });
      await speed.commit({ ...none, next: { ...none.next, watched: { key: '-', sinceMs: 1_000, isWhole: true } } });
      await speed.commit(commitOf('p3', 'p4'));
      expect(await speed.loadState(P)).not.toHaveProperty('wasWatched');
    });

    test('users are due in the order of their instants, as many as asked for, and once each', async () => {
      const { speed, serving } = await make();
      expect(await speed.dueUsers(P, 10_000, 5)).toEqual({ commitId: '', users: [], isMore: false, nextMs: null });
      const due = new Map([
        ['a', 30],
        ['b', 10],
        ['c', 20],
        ['d', 20],
      ]);
      await speed.commit(following(null, 'p1', { due }));
      expect(await speed.dueUsers(P, 9, 5)).toEqual({ commitId: 'commit of p1', users: [], isMore: false, nextMs: 10 });
      expect(await speed.dueUsers(P, 20, 5)).toEqual({
        commitId: 'commit of p1',
        users: [
          ['b', 10],
          ['c', 20],
          ['d', 20],
        ],
        isMore: false,
        nextMs: 30,
      });
      expect(await speed.dueUsers(P, 20, 2)).toEqual({
        commitId: 'commit of p1',
        users: [
          ['b', 10],
          ['c', 20],
        ],
        isMore: true,
        nextMs: 20,
      });
      expect(await speed.duesOf(P, ['d', 'x', 'a'])).toEqual({ commitId: 'commit of p1', dues: [20, null, 30] });
      expect((await serving.members(P, page('v'))).dueMs).toBe(10);
      expect((await serving.members(P - 1, page('v'))).dueMs).toBeNull();
      await speed.commit(
        following('p1', 'p2', {
          due: new Map([
            ['b', 40],
            ['c', null],
            ['e', 5],
          ]),
        }),
      );
      expect(await speed.dueUsers(P, 100, 9)).toEqual({
        commitId: 'commit of p2',
        users: [
          ['e', 5],
          ['d', 20],
          ['a', 30],
          ['b', 40],
        ],
        isMore: false,
        nextMs: null,
      });
      await speed.commit(following('p2', 'p3', { forgotten: [], due: new Map([['f', 1]]) }));
      expect(await speed.dueUsers(P, 100, 9)).toEqual({
        commitId: 'commit of p3',
        users: [['f', 1]],
        isMore: false,
        nextMs: null,
      });
    });

    test('law 1: thousands enter, leave and are due in one commit, each in their own list', async () => {
      const { speed, serving } = await make();
      const users = Array.from({ length: 2_501 }, (_, i) => `u${String(i).padStart(4, '0')}`);
      const entered = users.flatMap((user, i) => [['v', user] as const, ...(i % 2 === 0 ? [['w', user] as const] : [])]);
      const due = new Map(users.map((user, i) => [user, 5_000 + i]));
      await speed.commit(following(null, 'p1', { enters: entered, due }));
      const listed = async (version: string) => (await serving.members(P, page(version, null, 9_999))).users;
      const dues = async () => (await speed.dueUsers(P, Number.MAX_SAFE_INTEGER, 9_999)).users;
      expect([await listed('v'), (await listed('w')).length]).toEqual([users, 1_251]);
      expect(await dues()).toEqual([...due]);
      const left = users.filter((_, i) => i % 5 !== 0);
      const changed = new Map(users.map((user, i) => [user, i % 5 === 0 ? 9_000 + i : null]));
      await speed.commit(following('p1', 'p2', { leaves: left.map((user) => ['v', user] as const), due: changed }));
      const stay = users.filter((_, i) => i % 5 === 0);
      expect([await listed('v'), (await listed('w')).length]).toEqual([stay, 1_251]);
      expect(await dues()).toEqual(stay.map((user) => [user, changed.get(user)]));
    });

    test('law 7: users of whom events are missing are counted until that matters no more', async () => {
      const { speed, serving } = await make();
      await speed.commit(
        following(null, 'p1', {
          unsure: new Map([
            ['a', 2_000],
            ['b', 3_000],
          ]),
        }),
      );
      await speed.commit(following('p1', 'p2', { unsure: new Map([['a', 1_500]]) }));
      expect((await serving.members(P, page('v'))).unsure).toBe(2);
      await speed.commit(following('p2', 'p3', {}, 2_000));
      expect((await serving.members(P, page('v'))).unsure).toBe(1);
      await speed.commit(following('p3', 'p4', { forgotten: [] }, 2_000));
      expect((await serving.members(P, page('v'))).unsure).toBe(0);
    });

    test('law 9: of an erased user it is not known any more that events are missing', async () => {
      const { speed, serving } = await make();
      const unsure = new Map([
        ['a', 2_000],
        ['b', 3_000],
      ]);
      await speed.commit(following(null, 'p1', { unsure }));
      await speed.commit(following('p1', 'p2', { unsure: new Map([['a', null]]) }));
      expect((await serving.members(P, page('v'))).unsure).toBe(1);
    });

    test('a walk over all users gives each who was there when it began, whatever their names', async () => {
      const { speed } = await make();
      const users = [...Array.from({ length: 3_000 }, (_, i) => `user ${i}`), 'u:', '*', '[a]', 'é'];
      await speed.commit(commitOf(null, 'p1', { appends: new Map(users.map((user) => [user, '{}\n'])) }));
      const found = new Set<string>();
      let cursor: string | null = null;
      do {
        const step = await speed.scanUsers(P, cursor);
        for (const user of step.users) found.add(user);
        cursor = step.cursor;
      } while (cursor !== null);
      expect([...found].sort()).toEqual(users.sort());
      expect(await speed.scanUsers(P, null)).toMatchObject({ commitId: 'commit of p1' });
      expect(await speed.scanUsers(P - 1, null)).toMatchObject({ commitId: '', users: [] });
    });
  });
}
