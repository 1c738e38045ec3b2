import { TributaryError } from '@tributary/model/errors';
import { expect, test } from 'vitest';
import { createJoinedShares } from './joined-shares.ts';

const LATE = new TributaryError('store_unavailable', 'no answer in time');
const JOINED = new Map([['user', Buffer.from('line')]]);

test('law 7: commits of a rebuild are halved by what is late alone, down to a bound, until the partition is read from the log', () => {
  const shares = createJoinedShares();
  shares.failed({ partition: 1 }, LATE);
  shares.failed({ partition: 1, joined: JOINED }, new TributaryError('store_refused', 'no commit'));
  shares.failed({ partition: 1, joined: JOINED }, new Error('a bug'));
  expect(shares.of(1)).toBe(1);
  const seen = Array.from({ length: 9 }, () => {
    shares.failed({ partition: 1, joined: JOINED }, LATE);
    return 1 / shares.of(1);
  });
  expect(seen).toEqual([2, 4, 8, 16, 32, 64, 128, 128, 128]);
  expect(shares.of(2)).toBe(1);
  shares.rebuilt(1);
  expect(shares.of(1)).toBe(1);
});
