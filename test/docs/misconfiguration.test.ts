/** docs/misconfiguration.md has each row that misconfiguration.ts runs, and nothing of the machine that it ran on. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ROWS } from './misconfiguration-later-rows.ts';
import { shownLines } from './misconfiguration-text.ts';

const page = readFileSync(new URL('../../docs/misconfiguration.md', import.meta.url), 'utf8');

test('every row is on the page, in order, each with what came', () => {
  const rows = page.match(/^\| \d+[a-z]? \|.*$/gm) ?? [];
  expect(rows.map((row) => row.split(' | ')[0]?.slice(2))).toEqual(ROWS.map(({ row }) => row));
  // 124: a role was still running when its time was up.
  for (const row of rows) expect(row).toMatch(/exit (?!124)\d+ \|$/);
  expect(page).not.toMatch(/not run here|\/tmp\/|\/home\/|\/root\//);
});

test('no row ends in a stack or a defect', () => {
  const now = (page.match(/^\| \d+[a-z]? \|.*$/gm) ?? []).map((row) => row.split(' | ').at(-1));
  expect(now.filter((text) => /\.[jt]s:\d+:\d+|this is a defect|uncaught/.test(text ?? ''))).toEqual([]);
});

test('folders, ports, keys and identities of the machine are left out; of a log its last words are shown', () => {
  const fatal = '{"level":60,"msg":"port 21002 is taken","fix":"Free it."}';
  const output = `{"level":30,"msg":"x"}\n${fatal}\nin /tmp/w1/d: tw_0123456789ab_${'0'.repeat(48)}\n\nin /tmp/w1/d: tw_0123456789ab_${'0'.repeat(48)}\nlast\n`;
  const shown = shownLines(output, { places: { '/tmp/w1': '…', '/tmp/w1/d': 'D' }, port: 21_000, redisPort: 30_000, lines: 2 });
  expect(shown).toEqual(['port 7402 is taken. Free it.', 'in D: tw_…']);
});
