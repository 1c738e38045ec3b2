import { expect, test } from 'vitest';
import { identityNote } from './identity-note.ts';

test('law 1: a file that would join keys of one person says so, and one that a run refuses for it does', () => {
  const [apart, joined, less] = [{}, { identity: { days: 30 } }, { identity: { days: 20 } }];
  expect(identityNote(apart, apart)).toBeNull();
  expect(identityNote(joined, joined)).toBeNull();
  expect(identityNote(apart, joined)).toContain('cannot be turned off again');
  expect(identityNote(joined, less)).toContain('identity must stay {"days":30}');
  expect(identityNote(joined, less)).toContain('(got {"days":20})');
  expect(identityNote(joined, apart)).toContain('(got none)');
});
