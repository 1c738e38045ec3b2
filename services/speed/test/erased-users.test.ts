/** Who was erased is said by each commit, and changes with few. */
import { erasedText } from '@tributary/store/format/state';
import { expect, test } from 'vitest';
import { passLifts } from '../src/apply/apply-erasure.ts';
import { createErasedUsers } from '../src/partitions/erased-users.ts';

test('law 9: a user who was erased or lifted since is in what the next commit says; where none was, nothing is put together again', () => {
  const erased = createErasedUsers(['a', 'b']);
  const first = erased.digests();
  expect([erased.digests() === first, erasedText(first)]).toEqual([true, 'a,b']);
  erased.add('c');
  expect(erasedText(erased.digests())).toBe('a,b,c');
  erased.delete('a');
  expect(erasedText(erased.digests())).toBe('b,c');
  erased.delete('b');
  erased.delete('c');
  expect([erasedText(erased.digests()), erased.size, erased.has('c')]).toEqual(['-', 0, false]);
  // A commit that is under way says what was true of it.
  expect(erasedText(first)).toBe('a,b');
});

test('law 7: lifts that were passed are looked at once', () => {
  const places = ['1', '3', '5'].map((position) => [`of ${position}`, { position, isLifted: position !== '3' }] as const);
  const run = { erased: createErasedUsers(['of 1', 'of 3', 'of 5']), until: new Map(places) };
  passLifts(run, '3');
  expect([[...run.until.keys()], run.erased.digests()]).toEqual([['of 5'], ['of 3', 'of 5']]);
});
