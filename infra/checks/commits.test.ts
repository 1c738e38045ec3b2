/** Subjects of commits, from the one on at which the check began. Where the history is not there (a shallow clone, an archive), it cannot be looked at. */
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { REPOSITORY } from './source-files.ts';

const BEGAN_AT = '9147d3f2';
const MAX_CHARACTERS = 71;

function git(...argv: readonly string[]): string | undefined {
  try {
    return execFileSync('git', argv, { cwd: REPOSITORY, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return undefined;
  }
}

/** Without those of merges, which git words. Undefined without the history. */
function subjects(): string[] | undefined {
  if (git('merge-base', '--is-ancestor', BEGAN_AT, 'HEAD') === undefined) return undefined;
  return git('log', '--no-merges', '--format=%s', `${BEGAN_AT}..HEAD`)?.split('\n').filter(Boolean);
}

function wrong(subject: string): boolean {
  return subject.length > MAX_CHARACTERS || !/^[A-Z]/.test(subject) || subject.endsWith('.');
}

test('a subject is short, begins with a capital and ends without a period', () => {
  expect(['Add a test', `Add ${'x'.repeat(68)}`, 'add a test', 'Add a test.'].map(wrong)).toEqual([false, true, true, true]);
});

const known = subjects();

test.skipIf(known === undefined)(`the subject of each commit since ${BEGAN_AT} is one`, () => {
  expect(known?.filter(wrong)).toEqual([]);
});
