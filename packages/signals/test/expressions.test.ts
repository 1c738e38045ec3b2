import type { Event } from '@tributary/model/event';
import { EVENT_FIELDS, type Fields, propertyField } from '@tributary/signals/expressions/fields';
import { predicateOf } from '@tributary/signals/expressions/function';
import { createParser, ExpressionTrouble } from '@tributary/signals/expressions/parse';
import { RANDOM_FIELDS, randomEvent, randomExpression } from '@tributary/testkit/inputs/generate-signals';
import { createRandom } from '@tributary/testkit/inputs/random';
import { holds } from '@tributary/testkit/oracle/naive-fields';
import { expect, test } from 'vitest';
import { event } from './written.ts';

const FIELDS: Fields = new Map([
  ...EVENT_FIELDS,
  ...Object.entries(RANDOM_FIELDS).map(([name, { from, type }]) => [name, propertyField(from, type)] as const),
]);
const parser = createParser(FIELDS);
const said = (text: string, of: Event) => predicateOf(parser.parse(text), FIELDS)(of);

test('expressions say what CEL says, over random expressions and events', () => {
  const random = createRandom(7);
  let held = 0;
  for (let i = 0; i < 4_000; i++) {
    const text = randomExpression(random);
    const of = randomEvent(random, `e${i}`, 0, 300, 1);
    const expected = holds(text, of, RANDOM_FIELDS);
    expect({ text, of, said: said(text, of) }).toEqual({ text, of, said: expected });
    if (expected) held++;
  }
  expect(held).toBeGreaterThan(500);
  expect(held).toBeLessThan(3_000);
});

test('what is absent is neither equal nor different; present() asks for it', () => {
  const bare = event('a', 'view', 0);
  for (const text of [
    "channel == 'a'",
    "channel != 'a'",
    "!(channel == 'a')",
    "channel in ['a']",
    "channel.contains('')",
    'price < 1.0',
  ])
    expect([text, said(text, bare)]).toEqual([text, false]);
  expect(said("type == 'view' || channel == 'a'", bare)).toBe(true);
  expect(said("channel == 'a' || type == 'view'", bare)).toBe(true);
  expect(said("!(channel == 'a' && type == 'x')", bare)).toBe(true);
  expect([said('present(channel)', bare), said('!present(channel)', bare)]).toEqual([false, true]);
});

test('a field is of its type, or absent', () => {
  const with_ = (properties: Record<string, unknown>) => event('a', 'view', 0, { properties });
  expect(said('price > 1.0', with_({ price: '2' }))).toBe(false);
  expect(said("item == '7'", with_({ item: 7 }))).toBe(true);
  expect(said("item == '7.5'", with_({ item: 7.5 }))).toBe(false);
  expect(said('quantity > 0', with_({ cart: { quantity: 2 } }))).toBe(true);
  expect(said('quantity > 0', with_({ cart: [{ quantity: 2 }] }))).toBe(false);
  expect(said('present(item)', with_(JSON.parse('{"__proto__": {"item": "x"}}') as Record<string, unknown>))).toBe(false);
  expect(said('present(item)', event('a', 'view', 0))).toBe(false);
});

test('numbers are one type: a whole number stands for itself beside prices, and 99.5 beside amounts', () => {
  const priced = event('a', 'view', 0, { value: 100, properties: { price: 3, cart: { quantity: 3 } } });
  for (const text of [
    'price == 3',
    'price in [1, 3]',
    'quantity == price',
    'value > 99.5',
    'value == 0x64',
    'price == 3.0 && value == 1e2',
  ])
    expect([text, said(text, priced)]).toEqual([text, true]);
  expect([said('price != 3', priced), said('price == -3', priced)]).toEqual([false, false]);
});

test('what is not an expression is refused with the character where', () => {
  const trouble = (text: string): readonly [number, string] => {
    try {
      parser.parse(text);
    } catch (cause) {
      if (cause instanceof ExpressionTrouble) return [cause.at, cause.message];
      throw cause;
    }
    return [-1, 'nothing'];
  };
  expect(trouble("type = 'x'")).toEqual([5, expect.stringContaining('=')]);
  expect(trouble("type == 'x' && ")).toEqual([15, 'Unexpected token: EOF']);
  expect(trouble('type == 5')).toEqual([0, 'no such overload: text == number']);
  expect(trouble("true && channle == 'x'")).toEqual([8, 'Unknown variable: channle']);
  expect(trouble('value')).toEqual([0, 'it gives number, and true or false is needed']);
  expect(trouble("type.matches('a+')")[1]).toContain('"type.matches(\'a+\')" is not taken');
  expect(trouble('[1, 2].exists(x, x == value)')[1]).toContain('is not taken');
  expect(trouble('value + 1 == 2')).toEqual([0, expect.stringContaining('"value + 1" is not taken')]);
  expect(trouble('gift < true')[1]).toBe('true and false have no order');
  expect(trouble('type in [channel]')[1]).toContain('a list must hold values alone');
  expect(trouble('timestamp("2026-01-01T00:00:00Z") == timestamp("2026-01-01T00:00:00Z")')[1]).toContain('is not taken');
  expect(trouble(`value == ${2n ** 60n}`)[1]).toContain('is not taken');
  expect(trouble('present(1)')[1]).toContain('is not taken');
  expect(trouble(`${'('.repeat(500)}true${')'.repeat(500)}`)[1]).toContain('it is longer');
  expect(trouble(`${'!'.repeat(300)}true`)[1]).toMatch(/exceeded/i);
  expect(trouble(Array.from({ length: 150 }, () => '1==1').join('&&'))[1]).toMatch(/exceeded/i);
  expect(trouble('type == null')[1]).toContain('no such overload');
  expect(trouble('"a" == type')).toEqual([-1, 'nothing']);
  // The library checks another text, where 3 is 3.0: places are those of what was written.
  expect(trouble("price == 3 && value == 0x10 && chanel == 'x'")).toEqual([31, 'Unknown variable: chanel']);
  expect(trouble("price == 3 && value == 0x10 && value == 'x'")).toEqual([31, 'no such overload: number == text']);
  expect(trouble('value == 3u')).toEqual([0, 'no such overload: number == uint']);
  expect(trouble("type == '\ud83d'")).toEqual([8, expect.stringContaining('lone surrogate')]);
});
