/** Law 3 for interventions: two processes that do not see each other, as those of two containers, and one folder. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openJournal } from '../src/interventions/journal.ts';
import { temporaryFolder } from './temporary.ts';

const RULES = [{ name: 'help', cooldownMs: 86_400_000, withinMs: 3_600_000 }];
const NOW_MS = Date.UTC(2026, 10, 21, 8);

test('law 3: where another process has taken the folder, the earlier one decides nothing, and leaves what the later one decided', () => {
  const folder = temporaryFolder('folder');
  const open = () => openJournal(folder, RULES, () => NOW_MS);
  const earlier = open();
  earlier.decide('one', 'help', 'anna', NOW_MS);
  // Both have the id of this process.
  const later = open();
  expect([later.state('one'), later.unfinished]).toEqual(['decided', 1]);
  expect(() => earlier.decide('two', 'help', 'bo', NOW_MS)).toThrow('which another process holds');
  later.decide('two', 'help', 'bo', NOW_MS);
  earlier.close();
  expect(existsSync(join(folder, 'process'))).toBe(true);
  later.decide('three', 'help', 'cy', NOW_MS);
  later.close();
  expect(existsSync(join(folder, 'process'))).toBe(false);
  const last = open();
  expect(['one', 'two', 'three', 'four'].map(last.state)).toEqual(['decided', 'decided', 'decided', 'unknown']);
  last.close();
});
