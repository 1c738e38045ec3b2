import { expect, test } from 'vitest';
import { describeTroubles } from '../src/troubles.ts';

test('a role that ends is quoted once for each reason, and by name', () => {
  const describe = describeTroubles();
  const ended = (name: string, said: string | undefined, againInMs: number | null = 250) =>
    describe({ type: 'ended', name, how: 'exit code 1', againInMs, said });
  expect(ended('speed', 'no log.')).toBe('  speed ended with exit code 1; starting it again in 0.3 s\n    It said: no log.');
  expect(ended('speed', 'no log.', 500)).toBe('  speed ended with exit code 1, for the same reason; starting it again in 0.5 s');
  expect(ended('archiver', 'no log.')).toContain('It said: no log.');
  expect(ended('speed', 'no disk.')).toContain('It said: no disk.');
  expect(ended('speed', undefined)).toBe('  speed ended with exit code 1; starting it again in 0.3 s');
  expect(ended('speed', 'no.', null)).toBe('  speed ended with exit code 1; it is not started again\n    It said: no.');
});

test('a role that is ready for the first time is not news; one that was not, or ended, is', () => {
  const describe = describeTroubles();
  const ready = (isRestart: boolean, wasUnready: boolean) =>
    describe({ type: 'ready', name: 'api', isRestart, wasUnready, said: undefined });
  expect([ready(false, false), ready(false, true), ready(true, false)]).toEqual([
    undefined,
    '  api is ready now',
    '  api is ready again',
  ]);
  expect(describe({ type: 'unready', name: 'api', why: 'soon', said: undefined })).toBe('  api runs and is not ready: soon');
});
