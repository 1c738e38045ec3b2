import { expect, test } from 'vitest';
import { DURABLE_SETTINGS } from './durability.ts';

test('law 6: what could lose an acknowledged write is not accepted, what only evicts expiring keys is', () => {
  const accepted = (name: string) => {
    const { accepts } = DURABLE_SETTINGS.find(({ setting }) => setting === name) as (typeof DURABLE_SETTINGS)[number];
    return (...values: string[]) => values.filter((value) => accepts(value));
  };
  expect(accepted('appendonly')('yes', 'no', '')).toEqual(['yes']);
  expect(accepted('appendfsync')('always', 'everysec', 'no', '')).toEqual(['always']);
  expect(accepted('no-appendfsync-on-rewrite')('no', 'yes', '')).toEqual(['no']);
  expect(accepted('maxmemory-policy')('noeviction', 'volatile-ttl', 'allkeys-lru', 'allkeys-random', '')).toEqual([
    'noeviction',
    'volatile-ttl',
  ]);
});
