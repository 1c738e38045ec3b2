/** Lies about members of segments, and what time does to them. */
import type { Mutation } from './mutation-list.ts';

export const MUTATIONS_OF_MEMBERS: readonly Mutation[] = [
  {
    lie: 'users who are due are looked at but for the first',
    law: '1',
    file: 'services/speed/src/apply/follow-members.ts',
    from: 'return new Map(users);',
    to: 'return new Map(users.slice(1));',
  },
  {
    lie: 'time passes for a segment at the end of a commit alone',
    law: '3',
    file: 'services/speed/src/segments/advance-user.ts',
    from: '    passTime(one.logTimeMs);\n',
    to: '',
  },
  {
    lie: 'what an event out of order takes back of a segment is not said',
    law: '2',
    file: 'services/speed/src/segments/advance-user.ts',
    from: 'if (revision.takenBack.length > 0)',
    to: 'if (revision.takenBack.length > 9)',
  },
  {
    lie: 'a user who is to be looked at again is so when the last of their segments has something happen',
    law: '1',
    file: 'services/speed/src/segments/advance-user.ts',
    from: 'dueMs = Math.min(dueMs, nextMs);',
    to: 'dueMs = nextMs;',
  },
  {
    lie: 'members are known before every user was looked at',
    law: '7',
    file: 'services/speed/src/apply/follow-members.ts',
    from: 'following.isWhole = cursor === null;',
    to: 'following.isWhole = true;',
  },
  {
    lie: 'a state that a worker left which does not follow members says who is in',
    law: '7',
    file: 'packages/store/src/format/state.ts',
    from: 'key !== undefined && of === commit ?',
    to: 'key !== undefined ?',
  },
  {
    lie: 'the types of one of two conditions are those of both',
    law: '5',
    file: 'packages/signals/src/expressions/types-of.ts',
    from: 'left === null || right === null ? null : new Set([...left, ...right])',
    to: 'left',
    test: 'packages/signals/test/types-of.test.ts',
  },
  {
    lie: 'a user whose record lost events is known as others are',
    law: '7',
    file: 'services/speed/src/segments/record-marks.ts',
    from: 'lostMs: lostMs === NEVER_CUT ? null : lostMs',
    to: 'lostMs: null',
    test: 'services/speed/test/segments.test.ts',
  },
  {
    lie: 'a segment that is new says what lies before it',
    law: '7',
    file: 'services/speed/src/apply/follow-members.ts',
    from: 'Math.min(following.atMs, user.dueMs - 1) : following.sinceMs;',
    to: 'Math.min(following.atMs, user.dueMs - 1) : 0;',
    test: 'services/speed/test/segments.test.ts',
  },
  {
    lie: 'a user who waits to be looked at is as if time had passed for them',
    law: '1',
    file: 'services/speed/src/apply/follow-members.ts',
    from: 'isKnown ? Math.min(following.atMs, user.dueMs - 1) :',
    to: 'isKnown ? following.atMs :',
    test: 'services/speed/test/segments.test.ts',
  },
];
