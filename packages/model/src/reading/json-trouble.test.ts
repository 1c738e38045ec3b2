import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonTrouble, troubleText } from './json-trouble.ts';

const said = (text: string) => {
  const trouble = jsonTrouble(text);
  return trouble === undefined ? undefined : troubleText(trouble);
};

test.each([
  ['{\n  // what counts\n  "a": 1\n}', 'line 2, column 3: JSON has no comments. Remove it'],
  ['{ "a": 1 /* b */ }', 'line 1, column 10: JSON has no comments. Remove it'],
  ['# a\n{}', 'line 1, column 1: JSON has no comments. Remove it'],
  ["{ 'a': 1 }", 'line 1, column 3: JSON has no single quotes. Write double ones'],
  ['conversions:\n  - purchase\n', 'line 1, column 1: this looks like YAML. Write it as JSON'],
  ['---\na: 1', 'line 1, column 1: this looks like YAML. Write it as JSON'],
  ['{"a": 1,\n "b": 2,\n}', 'line 3, column 1: "}" follows a comma. Remove the comma before it'],
  ['{"a": 1\n "b": 2}', 'line 2, column 2: """ stands where "," or "}" belongs'],
  ['{"a": {"b": 1, "c": 2,\n"b": 3}}', 'line 2, column 1: the key "b" stands there twice. Keep one of them'],
  ['{"a": 1, "\\u0061": 2}', 'line 1, column 10: the key "\\u0061" stands there twice. Keep one of them'],
  ['{"a": [1, 2', 'line 1, column 12: the text ends where "," or "]" belongs'],
  ['', 'line 1, column 1: the text ends where a value belongs'],
  ['{"a": yes}', 'line 1, column 7: "y" stands where a value belongs'],
  ['{"a": 01}', 'line 1, column 7: "0" stands where a value belongs'],
  ['{"a": "b\n"}', 'line 1, column 7: """ stands where a value belongs'],
  ['{"a":\u00a01}', 'line 1, column 6: the invisible character U+00A0 stands where a value belongs'],
  [
    `${'['.repeat(101)}1${']'.repeat(101)}`,
    'line 1, column 102: more than 100 levels of brackets stand in each other. Nest less',
  ],
  ['{} {}', 'line 1, column 4: "{" stands where a value belongs'],
])('%j: %s', (text, expected) => {
  expect(said(text)).toBe(expected);
});

test('a hundred levels are read', () => {
  expect(said(`${'['.repeat(100)}1${']'.repeat(100)}`)).toBeUndefined();
});

test('the same key in two objects is not a trouble', () => {
  expect(said('[{"a": {"a": 1}}, {"a": 2}]')).toBeUndefined();
});

test('it agrees with the parser of the engine about what is JSON', () => {
  const isJson = (text: string) => {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  };
  fc.assert(fc.property(fc.json({ maxDepth: 4 }), (text) => /twice/.test(said(text) ?? 'twice')));
  const broken = fc
    .tuple(fc.json({ maxDepth: 3 }), fc.nat(), fc.constantFrom('', ',', '"', '}', '[', '1', '-', '.', 'e', '\\', ' ', '\u0001'))
    .map(([text, at, put]) => `${text.slice(0, at % (text.length + 1))}${put}${text.slice((at % (text.length + 1)) + 1)}`);
  fc.assert(
    fc.property(broken, (text) => /twice/.test(said(text) ?? '') || (said(text) === undefined) === isJson(text)),
    { numRuns: 2_000 },
  );
});
