import { expect, test } from 'vitest';
import type { ImportEvent } from './import-event.ts';
import { createRepeatedIds } from './repeated-ids.ts';

const event = (id: string, more: Partial<ImportEvent> = {}): ImportEvent => {
  return { ts: 0, type: 'purchase', id, userId: 'ana', source: 'csv', historical: true, ...more };
};

test('law 3: items of one order that differ in anything but their id are named, however alike; equal ones are the same event', () => {
  const repeated = createRepeatedIds();
  expect(repeated(event('A-1', { value: 500 }), 2)).toBeNull();
  expect(repeated(event('A-1', { value: 500 }), 3)).toBeNull();
  for (const more of [{ value: 501 }, { value: 500, channel: 'search' }, { value: 500, ts: 1 }])
    expect(repeated(event('A-1', more), 4)).toContain('the id "A-1" is that of line 2, purchase of the same user');
});

test('law 3: an id is that of one user, be they known or anonymous', () => {
  const repeated = createRepeatedIds();
  const users = [{ userId: 'ana' }, { userId: 'ben' }, ...['x', 'y'].map((anonymousId) => ({ anonymousId }))];
  const bare = { ts: 0, type: 'purchase', id: 'A-1', source: 'csv', historical: true } as const;
  for (const [at, user] of users.entries()) expect(repeated({ ...bare, ...user, value: at }, at)).toBeNull();
  for (const [at, user] of users.entries())
    expect(repeated({ ...bare, ...user, value: 9 }, 9), JSON.stringify(user)).toContain(`of line ${at},`);
});

test('law 7: in bounded memory: an id is compared with the next two different ones at least, and forgotten after four', () => {
  let forgets = 0;
  const repeated = createRepeatedIds(2, () => forgets++);
  const again = (id: string) => repeated(event(id, { value: 2 }), 9);
  for (const id of ['a', 'b']) repeated(event(id), 2);
  repeated(event('c'), 3);
  expect([again('b'), forgets]).toEqual([expect.stringContaining('line 2'), 0]);
  for (const id of ['d', 'e', 'f', 'g']) repeated(event(id), 4);
  expect(again('b')).toBeNull();
  expect(forgets).toBeGreaterThan(0);
});
