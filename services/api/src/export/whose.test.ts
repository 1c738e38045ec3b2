import { expect, test } from 'vitest';
import { whoseText } from './whose.ts';

const line = (fields: object) => JSON.stringify({ ts: 1, type: 'x', id: 'a', ...fields });

test.each([
  ['the user of the event', line({ userId: 'ada' }), 'own'],
  ['an anonymous one', line({ anonymousId: 'ada' }), 'own'],
  ['an output', line({ userKey: 'ada', cause: 'c' }), 'own'],
  ['an event of another user from the same browser', line({ userId: 'eve', anonymousId: 'ada' }), 'named'],
  ['a property of another user', line({ userId: 'eve', properties: { list: [{ by: 'ada' }] } }), 'named'],
  ['a name of a property', line({ userId: 'eve', properties: { ada: 1 } }), 'named'],
  ['an event without any user', line({ properties: { by: 'ada' } }), 'named'],
  ['a text that only begins alike', line({ userId: 'adam', properties: { by: 'ada lovelace' } }), null],
  ['another user', line({ userId: 'eve' }), null],
  ['what is cut off', '{"ts":1,"userId":"ada","prop', 'text'],
  ['what is cut off of another', '{"ts":1,"userId":"eve","prop', null],
  ['escapes that we do not write', '{"userId":"\\u0061da"}', 'own'],
])('whose it is: %s', (_, text, whose) => {
  expect(whoseText(text, 'ada')).toBe(whose);
});

test('a message of another producer is of the user whom its value, its header or its key names, in this order', () => {
  const message = (kept: object) => JSON.stringify({ undecodable: 'x', message: 'm', at: 't-0-1', headers: {}, ...kept });
  expect(whoseText(message({ key: 'eve', value: '{"userId":"ada"}' }), 'ada')).toBe('own');
  expect(whoseText(message({ key: 'ada', value: '{"userId":"eve"}' }), 'ada')).toBe('named');
  expect(whoseText(message({ key: 'ada', value: '{' }), 'ada')).toBe('own');
  expect(whoseText(message({ key: 'eve', headers: { ce_userid: 'ada' }, value: '{}' }), 'ada')).toBe('own');
  expect(whoseText(message({ value: 'ada bought' }), 'ada')).toBe('text');
  const base64 = Buffer.from('\xffada\xff', 'latin1').toString('base64');
  expect(whoseText(JSON.stringify({ undecodable: 'x', at: 't', base64 }), 'ada')).toBe('text');
});

test('text that nests without an end is looked through without a deep stack', () => {
  expect(whoseText(`${'['.repeat(200_000)}"ada"${']'.repeat(200_000)}`, 'ada')).toBe('named');
});
