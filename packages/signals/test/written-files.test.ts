/** Definitions as files have them, YAML and JSON: what is read, and where what is wrong stands. */

import { readFileSync } from 'node:fs';
import { jsonPlaces } from '@tributary/signals/definitions/json-places';
import { readWritten } from '@tributary/signals/definitions/written';
import { jsonOfYaml } from '@tributary/signals/definitions/yaml';
import { processorMs } from '@tributary/testkit/stopwatch';
import { expect, test } from 'vitest';
import { sha256Hex } from './written.ts';

test('places of keys and items: nested, quoted, in lists of lists', () => {
  expect(
    jsonPlaces('{"a": [1, {"b\\"c": 2}],\n "x.y": {"z": [[5]]}, "e": {}, "f": []}').map(({ path, line, column }) => [
      path,
      line,
      column,
    ]),
  ).toEqual([
    ['a', 1, 2],
    ['a.0', 1, 8],
    ['a.1', 1, 11],
    ['a.1.b"c', 1, 12],
    ['x.y', 2, 2],
    ['x.y.z', 2, 10],
    ['x.y.z.0', 2, 16],
    ['x.y.z.0.0', 2, 17],
    ['e', 2, 23],
    ['f', 2, 32],
  ]);
});

const READ = `# What a product team asks
fields:
  item: properties.item
  price: {from: properties.price, type: number}
signals:
  lastViews: {type: product_view, fields: [item, price], keep: {count: 20, age: 90d}}
  views1h: {count: product_view, window: 1h}
  no: {count: "no", where: &shoes item == 'shoes'}
  yes: {sum: purchase.value, window: 30d, where: *shoes}
sessions:
  web: {}
segments:
  planner:
    enter: >-
      type == 'search' ||
      type == 'view'
    ttl: 14d
touches: {404: {windowDays: 1e1, defaultChannel: ~}}
signalRetention: {days: 0x5A}
`;
const MEANT = {
  fields: { item: 'properties.item', price: { from: 'properties.price', type: 'number' } },
  signals: {
    lastViews: { type: 'product_view', fields: ['item', 'price'], keep: { count: 20, age: '90d' } },
    views1h: { count: 'product_view', window: '1h' },
    no: { count: 'no', where: "item == 'shoes'" },
    yes: { sum: 'purchase.value', window: '30d', where: "item == 'shoes'" },
  },
  sessions: { web: {} },
  segments: { planner: { enter: "type == 'search' || type == 'view'", ttl: '14d' } },
  touches: { '404': { windowDays: 10, defaultChannel: null } },
  signalRetention: { days: 90 },
};

test('YAML says what the same in JSON says', () => {
  expect(JSON.parse(jsonOfYaml(READ).json)).toEqual(MEANT);
  expect(readWritten(READ, sha256Hex).json).toBe(readWritten(JSON.stringify(MEANT), sha256Hex).json);
  expect(readWritten(`\ufeff${READ}`, sha256Hex).json).toBe(readWritten(`\ufeff${JSON.stringify(MEANT)}`, sha256Hex).json);
  // As a key of JSON it is a member; assigned, it would be a prototype.
  expect(Object.keys(JSON.parse(jsonOfYaml('__proto__: {a: 1}').json))).toEqual(['__proto__']);
});

test('the example of the documents is the same in YAML and in JSON', () => {
  const [yaml = '', json = ''] = ['signals.yaml', 'signals.json'].map((name) =>
    readFileSync(new URL(`../../../docs/examples/${name}`, import.meta.url), 'utf8'),
  );
  expect(readWritten(yaml, sha256Hex).json).toBe(readWritten(json, sha256Hex).json);
});

const lines = (...given: string[]) => given.join('\n');

test.each([
  ['touches:\n\tvisit: {}', 'the definitions must be YAML (got line 2, column 1: a tab cannot indent). Use spaces.'],
  ['signals: {a: {count: view}', 'the definitions must be YAML (got line 1, column 27: Flow map'],
  ["signals:\n  a: {count: view, where: type == 'a': 3}", 'the definitions must be YAML (got line 2,'],
  ['signals: a: b', 'line 1, column 10: a value has a second ": " in its line). Put quotes around the value.'],
  ['latenessDays: 3\n---\nlatenessDays: 4', 'a second document begins). Keep one of them.'],
  ['%YAML 1.1\n---\nlatenessDays: 3', 'it says that it is YAML 1.1). Remove the line that begins with %YAML.'],
  [
    'latenessDays: 3\nsignals: {}\nlatenessDays: 4',
    'line 3, column 1: the key "latenessDays" stands there twice). Keep one of them.',
  ],
  ['latenessDays: !!float 3', 'line 1, column 23: it has the tag "tag:yaml.org,2002:float"). Remove it.'],
  [
    'latenessDays: !<tag:yaml.org,2002:js/function> "f"',
    'line 1, column 48: it has the tag "tag:yaml.org,2002:js/function"). Remove it.',
  ],
  ['latenessDays: .inf', 'line 1, column 15: Infinity is not a number that JSON has)'],
  ['latenessDays: .NaN', 'NaN is not a number that JSON has)'],
  ['[1, 2]: 3', 'the definitions must be JSON'],
  ['? [1, 2]\n: 3', 'line 1, column 3: a key must be a name). Put quotes around it.'],
  ['signals: *all', 'line 1, column 10: the alias *all names no anchor before it)'],
  ['signals: &all {a: *all}', 'line 1, column 19: the alias *all stands within what it names). Write it out.'],
  [`a: ${'['.repeat(200)}${']'.repeat(200)}`, 'more than 100 levels stand in each other). Nest less.'],
  [`a: ${'['.repeat(90_000)}`, 'the definitions must be YAML (got line 1, column '],
  [`a: ${'x'.repeat(262_144)}`, 'the definitions must have at most 262144 characters (got more)'],
  [`{"a": "${'x'.repeat(262_144)}"}`, 'the definitions must have at most 262144 characters (got more)'],
  ['just words', 'definitions, at the top must be an object (got "just words")'],
  ['', 'definitions, at the top must be an object (got null)'],
  [
    lines('signals:', '  a:', '    count: view', '    window: 91d'),
    'definitions, line 4, column 5, at signals.a.window must look back at most 90d, as records are kept no longer (got 91d). Shorten it, or raise signalRetention.days.',
  ],
  [
    lines('segments:', '  ok: {enter: "true"}', '  bad: {ttl: 1d}'),
    'definitions, line 3, column 3, at segments.bad.enter must be text (got nothing)',
  ],
  [
    lines('signals:', '  a: {type: [x, 7]}'),
    'definitions, line 2, column 7, at signals.a.type must be an event type, a list of them, or "*" for all',
  ],
  [lines('w: &w', '  count: view', '  windw: 1h', 'signals:', '  a: *w'), 'definitions, line 1, column 1, at w must be one of'],
  [
    lines('signals:', '  a: &w {count: view, where: "true"}', '  b: *w', '  a.b: *w'),
    'definitions, line 4, column 3, at signals.a.b must be a letter',
  ],
])('what is wrong in a file is named by line and column: %#', (text, message) => {
  expect(() => readWritten(text, sha256Hex)).toThrow(message);
});

test('a long name above a long list does not become a copy of it for each item', () => {
  const [name, items] = ['k'.repeat(100_000), Array.from({ length: 60_000 }, () => '1').join(',')];
  const before = process.memoryUsage().heapUsed;
  for (const text of [`{"${name}": [${items}]}`, `? ${name}\n: [${items}]`])
    expect(() => readWritten(text, sha256Hex)).toThrow('must be one of');
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(500 * 1024 * 1024);
});

test('what aliases stand for is bounded: nine lines do not become a thousand million values', () => {
  const bomb = ['a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]'];
  for (let i = 1; i < 10; i++) bomb.push(`a${i}: &a${i} [${Array.from({ length: 9 }, () => `*a${i - 1}`).join(', ')}]`);
  const refused = 'with aliases written out it has more than 262144 characters';
  const empty = ['a0: &a0 []', ...Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`)];
  const maps = ['a0: &a0 {}', ...Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} {x: *a${i}, y: *a${i}}`)];
  const tookMs = processorMs(() => {
    for (const written of [bomb, empty, maps]) expect(() => readWritten(written.join('\n'), sha256Hex)).toThrow(refused);
  });
  expect(tookMs).toBeLessThan(5_000);
});

test.each([
  [
    'an unknown field',
    'signals: {a: {sum: purchase.price}}',
    'line 1, column 15, at signals.a.sum must name a field of events, or one under "fields" (got "price"). Write {"fields": {"price": "properties.price"}} to take it from properties.',
  ],
  [
    'a type error',
    'signals: {a: {count: view, where: channel > 3}}',
    'at signals.a.where must be a condition in CEL on the fields of one event (got "channel > 3": at character 1, no such overload: text > number)',
  ],
  [
    'a cycle',
    'signals: {a: {count: view, window: {session: a}}}',
    'at signals.a.window.session must be a name under "sessions": it is empty (got "a")',
  ],
  ['a cycle of aliases', 'signals: &s {a: *s}', 'line 1, column 17: the alias *s stands within what it names). Write it out.'],
  [
    'an unbounded window',
    'signals: {a: {count: view, window: lifetime}}',
    'at signals.a.window must be a duration such as 7d, "retained", {"tumbling": "1d"} or {"session": NAME} (got "lifetime")',
  ],
  [
    'a clash',
    'signals: {a: {count: view}}\nsessions: {a: {}}',
    'at sessions.a must have a name of its own among signals, sessions and segments (got "a"). Rename it.',
  ],
  [
    '10 000 terms',
    `signals: {${Array.from({ length: 60 }, (_, i) => `a${i}: {count: view, where: "${Array.from({ length: 45 }, () => '1==1').join('||')}"}`).join(', ')}}`,
    'must hold with all other expressions at most 2000 terms',
  ],
  [
    'a window longer than retention',
    'signals: {a: {count: view, window: 31d}}\nsignalRetention: {days: 30}',
    'at signals.a.window must look back at most 30d, as records are kept no longer (got 31d). Shorten it, or raise signalRetention.days.',
  ],
])('%s is refused before anything changes', (_, text, message) => {
  expect(() => readWritten(text, sha256Hex)).toThrow(message);
});
