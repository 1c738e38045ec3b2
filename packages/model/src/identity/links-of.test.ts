import { expect, test } from 'vitest';
import { encodeEvent } from '../event.ts';
import { linksOf, mayLink } from './links-of.ts';

test('law 1: an event of a key to which none lent anything makes the links that it makes by itself, whatever its ids begin and end with', () => {
  const keys = ['x', 'x"', 'x\\', 'x\\"', '"', '\\', ',"anonymousId":"x"'];
  for (const userId of keys)
    for (const anonymousId of keys) {
      const event = { ts: 1, type: 'click', id: 'e', userId, anonymousId, receivedAt: 1, source: 's' };
      const line = encodeEvent(event);
      expect(mayLink({ event, userKey: userId, line }), line).toBe(linksOf(event, '0').length > 0);
    }
});
