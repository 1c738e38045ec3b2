/** What corrections make of one event, and which files of them are refused. */
import { createHash } from 'node:crypto';
import { APPLIED } from '@tributary/model/corrections';
import { type Definitions, type DefinitionsFile, storedDefinitions } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { expect, test } from 'vitest';
import { correct, mayBeCorrected } from '../src/corrections/correct.ts';
import { readDefinitions } from '../src/definitions/file.ts';

type Written = NonNullable<DefinitionsFile['corrections']>[number];

const sha256Hex = (text: string) => createHash('sha256').update(text).digest('hex');
const read = (file: object): Definitions => readDefinitions(JSON.stringify(file), sha256Hex);
const WHO = { author: 'ada', reason: 'typo' };
const RANGE = { from: '2026-11-20', to: '2026-11-23', ...WHO };
const rule = (name: string, rest: Partial<Written>): Written => ({ name, when: 'true', ...RANGE, ...rest }) as Written;
const corrected = (...corrections: Written[]) =>
  read({ corrections, fields: { order: 'properties.order_id', cart: 'properties.cart' } });

const DAY = Date.UTC(2026, 10, 20);
const purchase: Event = {
  ts: DAY + 1,
  type: 'purchase',
  id: 'p',
  userId: 'u',
  receivedAt: DAY,
  source: 's',
  channel: 'search',
  campaign: 'sumer',
  cost: 5,
  value: 100,
  currency: 'EUR',
  properties: { order_id: 4711 },
};
const of = (definitions: Definitions, event: Event = purchase) => {
  const found = correct(event, definitions);
  return found && { by: found.by.map(({ name }) => name), isDropped: found.isDropped, fields: found.fields };
};

test('a correction sets what it names, where its condition holds and within its range, ends half-open', () => {
  const definitions = corrected(rule('a', { when: 'campaign == "sumer"', set: { campaign: 'summer' } }));
  expect(of(definitions)).toEqual({ by: ['a'], isDropped: false, fields: { campaign: 'summer' } });
  expect(of(definitions, { ...purchase, campaign: 'summer' })).toBeUndefined();
  const { campaign: _, ...without } = purchase;
  expect(of(definitions, without)).toBeUndefined();
  const at = (ts: number) => of(definitions, { ...purchase, ts }) !== undefined;
  expect([DAY - 1, DAY, DAY + 3 * 86_400_000 - 1, DAY + 3 * 86_400_000].map(at)).toEqual([false, true, true, false]);
  const besides = corrected(rule('a', { drop: true }), rule('b', { from: '2026-11-19', to: '2026-11-24', value: 0 }));
  const named = (ts: number) => of(besides, { ...purchase, ts })?.by.join();
  expect([DAY - 1, DAY, DAY + 3 * 86_400_000].map(named)).toEqual(['b', 'a,b', 'b']);
  expect(mayBeCorrected(DAY, definitions)).toBe(true);
  expect(mayBeCorrected(DAY - 1, definitions)).toBe(false);
});

test('every condition looks at the event as it was sent; of two that set one field the last has it; a drop wins', () => {
  const swap = corrected(
    rule('a', { when: 'channel == "search"', set: { channel: 'social', cost: 1 } }),
    rule('b', { when: 'channel == "social"', set: { channel: 'search' } }),
    rule('c', { when: 'order == "4711"', value: -3 }),
    rule('d', { when: 'value == 100', set: { cost: 2 } }),
  );
  expect(of(swap)).toEqual({ by: ['a', 'c', 'd'], isDropped: false, fields: { channel: 'social', cost: 2, value: -3 } });
  expect(of(corrected(rule('a', { drop: true }), rule('b', { value: 0 })))).toMatchObject({ by: ['a', 'b'], isDropped: true });
});

test('an event that was corrected before is not asked again, and names that are gone are passed over', () => {
  const definitions = corrected(rule('a', { when: 'false', drop: true }), rule('b', { value: 0 }));
  const applied = (...names: string[]) => of(definitions, Object.assign({}, purchase, { [APPLIED]: names }));
  expect(applied()).toBeUndefined();
  expect(applied('a')).toMatchObject({ isDropped: true });
  expect(applied('gone')).toBeUndefined();
});

test('rows follow what corrections do, not who wrote them or why; earlier versions stop at them', () => {
  const [one, other] = [rule('a', { drop: true }), rule('a', { drop: true, author: 'bob', reason: 'crawler' })];
  expect(corrected(one).version).toBe(corrected(other).version);
  expect(corrected(one).json).not.toBe(corrected(other).json);
  expect(corrected(one).version).not.toBe(read({}).version);
  expect(read({ corrections: [] }).json).toBe(read({}).json);
  const sameInstants = rule('a', { drop: true, from: '2026-11-20T01:00:00+01:00', to: '2026-11-23T00:00:00.000Z' });
  expect(corrected(sameInstants).version).toBe(corrected(one).version);
  const versions = [{ when: 'value == 1' }, { to: '2026-11-24' }, { name: 'b' }].map((more) => {
    return corrected({ ...one, ...more } as Written).version;
  });
  expect(new Set([...versions, corrected(one).version]).size).toBe(4);
  const renamedField = (from: string) =>
    read({ corrections: [rule('a', { when: 'cart == "x"', drop: true })], fields: { cart: from, order: 'properties.o' } });
  expect(renamedField('properties.cart').version).not.toBe(renamedField('properties.basket').version);
  expect(corrected(one, rule('b', { value: 0 })).version).not.toBe(corrected(rule('b', { value: 0 }), one).version);
  const { json, version } = corrected(one);
  expect(JSON.parse(json)).toMatchObject({ rules: 6, corrections: [one] });
  expect(storedDefinitions(json, sha256Hex).version).toBe(version);
});

test.each<[object, string]>([
  [{ when: 'campaing == "a"' }, 'at corrections.0.when must be a condition in CEL on the fields of one event (got '],
  [{ when: 'value' }, 'true or false is needed'],
  [{ when: '' }, 'at corrections.0.when must have at least 1 characters'],
  [{ drop: undefined }, 'at corrections.0 must have one of set, drop and value'],
  [{ value: 0 }, 'at corrections.0 must have one of set, drop and value'],
  [{ drop: false }, 'at corrections.0.drop must be true (got false)'],
  [{ drop: undefined, set: {} }, 'at corrections.0.set must name a field: channel, campaign or cost'],
  [{ drop: undefined, set: { type: 'a' } }, 'at corrections.0.set.type must be one of channel, campaign, cost'],
  [{ drop: undefined, set: { channel: '(start)' } }, 'at corrections.0.set.channel must be none of (start), '],
  [{ drop: undefined, set: { campaign: 'a\tb' } }, 'at corrections.0.set.campaign must hold no control character'],
  [{ drop: undefined, set: { campaign: '\ud800' } }, 'at corrections.0.set.campaign must be well-formed Unicode'],
  [{ drop: undefined, set: { cost: -1 } }, 'at corrections.0.set.cost must be an integer in minor units from 0 to '],
  [{ drop: undefined, value: 0.5 }, 'at corrections.0.value must be an integer in minor units from '],
  [{ from: '2026-11-23' }, 'at corrections.0 must have "from" before "to", at most 366 days'],
  [{ from: '2025-11-20' }, 'at corrections.0 must have "from" before "to", at most 366 days'],
  [{ from: '2026-11-31' }, 'at corrections.0.from must be an instant that the calendar and the clock have (got "2026-11-31")'],
  [
    { from: '20.11.2026' },
    'at corrections.0.from must be an instant such as "2026-11-20T08:00:00Z", or a day such as "2026-11-20"',
  ],
  [{ from: '2026-11-20T08:00' }, 'at corrections.0.from must be an instant such as '],
  [{ reason: undefined }, 'at corrections.0.reason must be text'],
  [{ name: 'a,b' }, 'at corrections.0.name must be a letter, then at most 63 letters, digits, "_" and "-"'],
])('a correction with %j is refused', (more, message) => {
  expect(() => read({ corrections: [{ ...rule('a', { drop: true }), ...more }] })).toThrow(message);
});

test('all together have names of their own, and bounds', () => {
  const many = (count: number, more: object = {}) =>
    read({ corrections: Array.from({ length: count }, (_, i) => ({ ...rule(`n${i}`, { drop: true }), ...more })) });
  expect(() => many(2, { name: 'a' })).toThrow('at corrections must have a name of its own each');
  expect(many(100).corrections).toHaveLength(100);
  expect(() => many(101)).toThrow('at corrections must have at most 100 elements');
  expect(() => many(100, { reason: 'x'.repeat(900) })).toThrow(
    'at corrections must have at most 65536 characters of JSON together',
  );
  const long = Array.from({ length: 40 }, () => 'type == "a"').join(' || ');
  expect(() => many(20, { when: long })).toThrow('hold with all other expressions at most 2000 terms');
});
