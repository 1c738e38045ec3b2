/** Whose records are that are not events. */
import { expect, test } from 'vitest';
import { usersNamed } from './users-named.ts';

const BINARY = { ce_specversion: '1.0', ce_userid: 'bob' };

test('law 9: a record that is not an event is of the user that it names, and of no other that is merely in it', () => {
  for (const [record, users] of [
    ['{"ts":1,"type":"","userId":"ada","properties":{"by":"eve"}}', ['ada']],
    ['{"userId":7}', ['7']],
    ['{"userId":12345678901234567890}', ['12345678901234567890']],
    ['{"userKey":null,"userId":"","anonymousId":"anon-2","by":"eve"}', ['anon-2']],
    ['{"anonymousId":"anon-1","type":"x"}', ['anon-1']],
    [JSON.stringify({ undecodable: 'not_json', key: 'ada', value: '{"type":"x"}', headers: {} }), ['ada']],
    [JSON.stringify({ undecodable: 'x', key: 'k', value: '{"userId":"eve"}', headers: { ce_userid: 'bob' } }), ['eve']],
    [JSON.stringify({ undecodable: 'x', key: 'k', value: '{"userId":"eve"}', headers: '{"ce_userid":"bob","ce_' }), ['eve']],
    [JSON.stringify({ undecodable: 'x', key: null, value: '{"type":"x"}', headers: { ce_userid: 'bob' } }), ['bob']],
    [
      JSON.stringify({ undecodable: 'x', key: 'k', value: '{}', headers: { ce_userid: '', ce_anonymousid: 'anon-3' } }),
      ['anon-3'],
    ],
    [JSON.stringify({ undecodable: 'x', key: 'k', value: '{}', headers: { ce_partitionkey: 'bob' } }), ['bob']],
    [JSON.stringify({ undecodable: 'x', key: 'k', value: '{"userId":"eve"}', headers: BINARY }), ['eve', 'bob']],
    [JSON.stringify({ undecodable: 'x', key: 'k', value: '{"partitionkey":"eve"}', headers: {} }), ['eve']],
    [
      JSON.stringify({ undecodable: 'x', key: 'k', value: '{"specversion":"1.0","anonymousid":"anon-4"}', headers: {} }),
      ['anon-4'],
    ],
  ] as const)
    expect(usersNamed(record), record).toEqual(users);
});

test('law 9: where a record names no user, or cannot be read, any text in it may be one', () => {
  const message = JSON.stringify({ undecodable: 'x', key: 'k', value: '{"userId":"ada' });
  const cut = '{"ce_userid":"bob","ce_source":"sssss';
  for (const [record, user] of [
    [JSON.stringify({ undecodable: 'x', key: 'k', value: '{"type":"x"}', headers: cut }), 'bob'],
    [JSON.stringify({ undecodable: 'x', key: 'k', value: '{"type":"x"}', headers: cut }), 'k'],
    ['{"ts":1,"note":{"who":["eve","ada"]}}', 'ada'],
    ['{"ada":1}', 'ada'],
    ['{"ts":1,"broken":"ada', 'ada'],
    ['{"ts":1,"userId":"ada","x', 'ada'],
    ['{"userId":"m\\u00fcrker@example.org","x', 'mürker@example.org'],
    ['{"userId":"a\\"b"', 'a"b'],
    [message, 'ada'],
    [message, 'k'],
    // A letter keeps the beginning of a long one.
    [`${message.slice(0, -3)}… (cut: 9000 characters, all of them in the archive)`, 'k'],
    [JSON.stringify({ undecodable: 'x', value: '{"userId":"ada","list":[1,2' }).slice(0, -5), 'ada'],
    [JSON.stringify({ undecodable: 'x', base64: Buffer.from('\xff{"userId":"ada"').toString('base64') }), 'ada'],
  ] as const)
    expect(usersNamed(record), record).toContain(user);
});

test('a record of any size and depth is looked at in a time that grows with it', () => {
  const deep = `${'['.repeat(50_000)}"ada"${']'.repeat(50_000)}`;
  expect(usersNamed(deep)).toEqual(['ada']);
  expect(usersNamed(JSON.stringify(Array.from({ length: 200_000 }, (_, i) => `${i}`)))).toHaveLength(10_000);
  expect(usersNamed(`"${'\\'.repeat(200_001)}`).length).toBeLessThan(3);
});
