import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readJson } from './json-text.ts';

test.each([
  ['// what it is\n{}', 'line 1, column 1: JSON has no comments. Remove it'],
  ['{\n  "a": 1, /* one */\n}', 'line 2, column 11: JSON has no comments. Remove it'],
  ['touches:\n  a: b\n', 'line 1, column 1: this is YAML. Write the file as JSON'],
  ['{"a": 1,\n "b": 2,\n}', 'line 3, column 1: a key in quotes must stand here'],
  ["{'a': 1}", 'line 1, column 2: JSON quotes with ". Replace the apostrophes'],
  ['{"a" 1}', 'line 1, column 6: a colon must stand here'],
  ['{"a": 1 "b": 2}', 'line 1, column 9: a comma or } must stand here'],
  ['[1, 2', 'line 1, column 6: the text ends here, and a comma or ] must stand here'],
  ['{"a": }', 'line 1, column 7: a value must stand here'],
  ['{"a": 1}\n{"a": 2}', 'line 2, column 1: only one value may stand in the file'],
  ['{"a": 1, "b": {"a": 2}, "a": 3}', 'line 1, column 25: the key "a" stands twice. Keep one'],
  ['"a', 'line 1, column 1: a text is not closed, or holds a control character or an unknown escape'],
  ['', 'line 1, column 1: the text ends here, and a value is missing'],
  ['['.repeat(200), 'line 1, column 102: nested deeper than 100 levels'],
])('%j is refused by its place', (text, reason) => {
  expect(readJson(text)).toEqual({ ok: false, reason });
});

test('a byte order mark is passed over, and counts for no column', () => {
  expect(readJson('\ufeff{"a":1}')).toEqual({ ok: true, value: { a: 1 } });
  expect(readJson('\ufeffx')).toMatchObject({ reason: expect.stringContaining('line 1, column 1: ') });
});

test('what JSON.parse takes is taken, and nothing else', () => {
  const parses = (text: string) => {
    try {
      return { ok: true, value: JSON.parse(text) as unknown };
    } catch {
      return { ok: false };
    }
  };
  const broken = fc
    .tuple(
      fc.json({ maxDepth: 4 }),
      fc.nat(),
      fc.constantFrom('', '{', '}', '[', ']', ',', ':', '"', '\\', '1', 'x', '\n', '\u0001'),
    )
    .map(([text, at, put]) => `${text.slice(0, at % (text.length + 1))}${put}${text.slice((at % (text.length + 1)) + 1)}`);
  fc.assert(
    fc.property(fc.oneof(fc.json({ maxDepth: 4 }), broken), (text) => {
      const read = readJson(text);
      if (!read.ok && read.reason.includes('stands twice')) return;
      expect(read).toMatchObject(parses(text));
    }),
    { numRuns: 2_000 },
  );
});
