/** Law 5 of conditions: of any event the SQL of an expression says what its function says, over random expressions and archived events of any content. */
import { parquetFiles } from '@tributary/archive/compute/relations';
import { openDuckDb } from '@tributary/archive/duckdb';
import { archivedPast } from '@tributary/archive/history/archived-past';
import { EVENT_COLUMNS, LATER_COLUMNS } from '@tributary/archive/layout';
import type { Event } from '@tributary/model/event';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { readDefinitions } from '@tributary/signals/definitions/file';
import { EVENT_FIELDS, type Fields, propertyField } from '@tributary/signals/expressions/fields';
import { predicateOf } from '@tributary/signals/expressions/function';
import { createParser } from '@tributary/signals/expressions/parse';
import { fieldSql, termSql } from '@tributary/signals/expressions/sql';
import type { FieldTerm } from '@tributary/signals/expressions/term';
import { randomExpression, type Vocabulary } from '@tributary/testkit/inputs/generate-signals';
import { createRandom, type Random } from '@tributary/testkit/inputs/random';
import { expect, test } from 'vitest';
import { createWorld } from '../../jobs/recompute/test/world.ts';

/** Keys that mean something to paths of JSON, and to JavaScript. */
const KEYS = ['price', '*', 'a*b', '0', '/', '~', '__proto__', 'constructor', 'Ω', '#-1', '$', 'a b', '-'];
const TYPES = ['text', 'integer', 'number', 'boolean'] as const;
const OWN = TYPES.flatMap((type) => KEYS.flatMap((key) => [[type, [key]] as const, [type, ['cart', key]] as const]));
const NAMED = OWN.map(([type, steps], i) => [`${type}${i}`, type, ['properties', ...steps].join('.')] as const);
const FIELDS: Fields = new Map([
  ...EVENT_FIELDS,
  ['price', propertyField('properties.price', 'number')],
  ...NAMED.map(([name, type, from]) => [name, propertyField(from, type)] as const),
]);
const named = (type: (typeof TYPES)[number]) => NAMED.filter((one) => one[1] === type).map(([name]) => name);
const WORDS = [
  '',
  'a',
  'A',
  'ab',
  '0',
  '1',
  'é',
  'e\u0301',
  '\uffff',
  '\ud7ff',
  '\u{10ffff}',
  '😀',
  '～',
  "it's",
  '"',
  '\\',
  '%',
  '_',
  '$1',
  'a\u0000b',
  '\n',
  '-0',
  '1.0',
];
const VOCABULARY: Vocabulary = {
  words: WORDS,
  texts: ['type', 'channel', 'page', 'source', 'currency', 'userId', 'anonymousId', ...named('text')],
  integers: ['value', 'cost', 'ts', 'receivedAt', ...named('integer'), ...named('number')],
  flags: ['historical', ...named('boolean')],
};
const NUMBERS = [
  0,
  -0,
  1,
  -1,
  0.5,
  1.5,
  1e9,
  1e9 + 0.5,
  -1e9,
  1e-7,
  5e-324,
  2 ** 53 - 1,
  2 ** 53,
  -(2 ** 53 - 1),
  1e21,
  1e300,
  299,
  3,
];

function randomValue(random: Random): unknown {
  return random.pick<() => unknown>([
    () => random.pick(WORDS),
    () => random.pick(WORDS),
    () => random.pick(NUMBERS),
    () => random.pick(NUMBERS),
    () => random.chance(0.5),
    () => random.pick<unknown>([null, [], [1], {}, { a: 1 }, ['a']]),
  ])();
}

function randomEvent(random: Random, i: number): Event {
  const some = () => Object.fromEntries(KEYS.filter(() => random.chance(0.6)).map((key) => [key, randomValue(random)]));
  const cart = random.chance(0.8) ? some() : random.pick<unknown>([[some()], ['a', 1, true], 'a', 7, null]);
  const shown = WORDS.filter((word) => word !== '' && !/\p{Cc}/u.test(word));
  const maybe = (name: string, value: () => unknown) => (random.chance(0.6) ? { [name]: value() } : {});
  const event = {
    ts: 1 + i,
    type: random.pick(shown),
    id: `e${i}`,
    receivedAt: 1 + random.below(400),
    source: random.pick(shown),
    userId: random.pick(shown),
    ...maybe('anonymousId', () => random.pick(shown)),
    ...maybe('channel', () => random.pick(shown)),
    ...maybe('page', () => random.pick(shown)),
    ...maybe('currency', () => 'EUR'),
    ...maybe('value', () => random.pick([0, 1, -1, 3, 299, 999_999_999_999])),
    ...maybe('cost', () => random.below(5)),
    ...maybe('historical', () => true),
    ...maybe('properties', () =>
      JSON.parse(`{"cart":${JSON.stringify(cart)},${JSON.stringify(some()).slice(1)}`.replace(',}', '}')),
    ),
  };
  return JSON.parse(JSON.stringify(event)) as Event;
}

const EVENTS = 40;
const EXPRESSIONS = 10_000;
const AT_A_TIME = 20;

test('law 5: the SQL of an expression holds for the events for which its function holds', async () => {
  const random = createRandom(11);
  const events = Array.from({ length: EVENTS }, (_, i) => randomEvent(random, i));
  const parser = createParser(FIELDS);
  const world = await createWorld(readDefinitions('{}', sha256Hex));
  try {
    await world.ingest(events);
    await world.run();
    const past = await archivedPast(world.dataDir, new AbortController().signal, () => {});
    const session = await openDuckDb({ memoryLimit: '256MB', threads: 1, tempDir: world.dataDir });
    try {
      const archived = parquetFiles(world.dataDir, past?.files ?? [], EVENT_COLUMNS, LATER_COLUMNS);
      const paths: string[] = [];
      const fields = [...FIELDS].map(([name, { type, steps }], i) => {
        const field: FieldTerm = { op: 'field', type, name, ...(steps !== undefined && { steps }) };
        return `${fieldSql(field, (text) => `$${paths.push(text)}`)} AS field_${i}`;
      });
      await session.run(`CREATE TABLE held AS SELECT id, ${fields.join(', ')} FROM ${archived}`, paths);
      const places = new Map([...FIELDS.keys()].map((name, i) => [name, `field_${i}`]));
      const column = ({ name }: FieldTerm) => places.get(name) as string;
      let [held, not] = [0, 0];
      for (let from = 0; from < EXPRESSIONS; from += AT_A_TIME) {
        const texts = Array.from({ length: AT_A_TIME }, () => randomExpression(random, 3, VOCABULARY));
        const terms = texts.map((text) => parser.parse(text));
        const values: string[] = [];
        const bind = (text: string) => `$${values.push(text)}`;
        const columns = terms.map((term) => `coalesce(${termSql(term, { bind, column })}, false)`);
        const [ids = [], ...said] = await session.columns(`SELECT id, ${columns.join(', ')} FROM held`, values);
        expect(ids.length).toBe(EVENTS);
        const functions = terms.map((term) => predicateOf(term, FIELDS));
        const byId = new Map(events.map((event) => [event.id, event]));
        for (const [i, holds] of functions.entries())
          for (const [at, id] of ids.entries()) {
            const event = byId.get(String(id)) as Event;
            const expected = holds(event);
            if (said[i]?.[at] !== expected)
              expect({ text: texts[i], event, sql: said[i]?.[at] }).toEqual({ text: texts[i], event, sql: expected });
            if (expected) held++;
            else not++;
          }
      }
      expect(held + not).toBe(EVENTS * EXPRESSIONS);
      expect(Math.min(held, not)).toBeGreaterThan((EVENTS * EXPRESSIONS) / 20);
    } finally {
      await session.close();
    }
  } finally {
    await world.close();
  }
}, 600_000);
