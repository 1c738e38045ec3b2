/** Which types a condition may hold for, read off it, against the condition itself. */
import { EVENT_FIELDS, propertyField } from '@tributary/signals/expressions/fields';
import { predicateOf } from '@tributary/signals/expressions/function';
import { createParser } from '@tributary/signals/expressions/parse';
import { typesOf } from '@tributary/signals/expressions/types-of';
import { RANDOM_FIELDS, randomEvent, randomExpression } from '@tributary/testkit/inputs/generate-signals';
import { createRandom } from '@tributary/testkit/inputs/random';
import { expect, test } from 'vitest';

const FIELDS = new Map([
  ...EVENT_FIELDS,
  ...Object.entries(RANDOM_FIELDS).map(([name, { from, type }]) => [name, propertyField(from, type)] as const),
]);
const parser = createParser(FIELDS);

test('law 5: an event of another type than those read off a condition does not meet it', () => {
  const random = createRandom(12);
  let [narrow, met] = [0, 0];
  for (let i = 0; i < 3_000; i++) {
    const text = random.chance(0.5)
      ? randomExpression(random)
      : `(${randomExpression(random, 1)}) ${random.pick(['&&', '||'])} type == "search"`;
    const term = parser.parse(text);
    const types = typesOf(term);
    const holds = predicateOf(term, FIELDS);
    if (types !== null) narrow++;
    for (let e = 0; e < 8; e++) {
      const event = randomEvent(random, 'e', 0, 10, 1);
      if (!holds(event)) continue;
      met++;
      expect({ text, type: event.type, isOf: types?.has(event.type) ?? true }).toEqual({ text, type: event.type, isOf: true });
    }
  }
  expect(Math.min(narrow, met)).toBeGreaterThan(500);
});

test('types are read off comparisons, lists, and what they are joined by', () => {
  const types = (text: string) => [...(typesOf(parser.parse(text)) ?? ['any'])].sort();
  expect(types("type == 'a'")).toEqual(['a']);
  expect(types("'a' == type && value > 3")).toEqual(['a']);
  expect(types("type in ['a', 'b'] && type == 'b'")).toEqual(['b']);
  expect(types("type == 'a' || type in ['b']")).toEqual(['a', 'b']);
  expect(types("type == 'a' || value > 3")).toEqual(['any']);
  expect(types("type == 'a' && type == 'b'")).toEqual([]);
  expect(types("type != 'a'")).toEqual(['any']);
  expect(types("!(type == 'a')")).toEqual(['any']);
  expect(types('false')).toEqual([]);
});
