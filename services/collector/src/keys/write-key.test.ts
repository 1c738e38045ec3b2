import { createKey, type KeyRing } from '@tributary/runtime/keys/ring';
import { expect, test } from 'vitest';
import { authoriser } from './write-key.ts';

test('a key of a scope that sends nothing is named by its scope, and one that is not known by nothing', () => {
  const read = createKey('read', 0);
  const find: KeyRing['find'] = (key) => (key === read.key ? { verdict: 'ok', record: read.record } : { verdict: 'unknown' });
  const authorise = authoriser({ find, verify: () => 'unknown', problem: () => undefined }, () => 0);
  const scope = 'the write key must have a scope that may send events (got one with the scope "read", tr_…)';
  expect(authorise(read.key)).toMatchObject({ code: 'invalid_write_key', message: scope });
  expect(authorise(createKey('read', 0).key)).toMatchObject({ message: 'the write key must be known (got one that is not)' });
});
