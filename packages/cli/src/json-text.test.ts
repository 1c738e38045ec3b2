import { expect, test } from 'vitest';
import { readJson } from './json-text.ts';

test.each([
  ['{\n  "a": 1, /* one */\n}', 'line 2, column 11: JSON has no comments. Remove it'],
  ['{"a": 1, "b": {"a": 2}, "a": 3}', 'line 1, column 25: the key "a" stands there twice. Keep one of them'],
  ['', 'line 1, column 1: the text ends where a value belongs'],
])('%j is refused by its place', (text, reason) => {
  expect(readJson(text)).toEqual({ ok: false, reason });
});

test('a byte order mark is passed over, and counts for no column', () => {
  expect(readJson('\ufeff{"a":1}')).toEqual({ ok: true, value: { a: 1 } });
  expect(readJson('\ufeffx')).toMatchObject({ reason: expect.stringContaining('line 1, column 1: ') });
});
