import { expect, test } from 'vitest';
import { minimise, parseMinimise } from './minimise.ts';

const hash = (text: string) => `h(${text.length})`;
const EVENT = {
  ts: 1,
  type: 'x',
  id: 'a',
  userId: 'ada',
  receivedAt: 1,
  source: 's',
  page: '/orders?mail=ada@example.org',
  properties: {
    ip: '192.0.2.7',
    email: 'ada@example.org',
    traits: { email: 'ada@example.org', age: 36 },
    people: [{ email: 'a@b' }, { email: ['c@d', { x: 1 }, null, true] }, 'text'],
    'traits.email': 'a name with a point',
  },
};
const run = (text: string) => minimise(EVENT, parseMinimise(text) ?? [], hash);

test('a field is dropped or hashed where the rule says, and nothing else changes', () => {
  const before = structuredClone(EVENT);
  expect(run('drop:properties.ip, hash:properties.traits.email')).toEqual({
    ...EVENT,
    properties: { ...EVENT.properties, ip: undefined, traits: { email: 'h(15)', age: 36 } },
  });
  expect(Object.keys(run('drop:properties.ip').properties ?? {})).not.toContain('ip');
  expect(run('drop:page')).not.toHaveProperty('page');
  expect(run('hash:page').page).toBe('h(28)');
  expect(run('hash:properties.traits.age').properties?.['traits']).toEqual({ email: 'ada@example.org', age: 'h(2)' });
  expect(run('drop:properties.nothing,drop:properties.ip.deeper,drop:element')).toEqual(EVENT);
  expect(EVENT).toEqual(before);
});

test('lists are passed through, values within them are hashed one by one, and objects that should be hashed are dropped', () => {
  expect(run('hash:properties.people.email').properties?.['people']).toEqual([
    { email: 'h(3)' },
    { email: ['h(3)', null, true] },
    'text',
  ]);
  expect(run('hash:properties.traits').properties).not.toHaveProperty('traits');
});

test('a name at any depth is found in every object and list, and no longer text is', () => {
  const { properties } = run('drop:properties.**.email');
  expect(JSON.stringify(properties)).not.toMatch(/"email"/);
  expect(properties).toMatchObject({ 'traits.email': 'a name with a point', people: [{}, {}, 'text'] });
  expect(run('hash:properties.**.traits.email').properties?.['traits']).toEqual({ email: 'h(15)', age: 36 });
});

test.each([
  '',
  'properties.ip',
  'drop:',
  'drop:ip',
  'drop:userId',
  'hash:userId',
  'drop:type',
  'drop:value',
  'drop:properties',
  'drop:properties.',
  'drop:properties.a..b',
  'drop:properties.**',
  'drop:properties.*.ip',
  'mask:properties.ip',
  'drop:properties.ip,',
  Array.from({ length: 51 }, (_, i) => `drop:properties.p${i}`).join(','),
])('what cannot be read as rules is refused: %s', (text) => {
  expect(parseMinimise(text)).toBeNull();
});
