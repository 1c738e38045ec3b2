import { expect, test } from 'vitest';
import { encodeMessage, keyOfMessage } from './message-line.ts';

test.each(['u-1', 'Björk', '用户', 'a "b" \\ c', '\u0001', '","userId":"other'])(
  'law 1: a message goes to the key that it names: %j',
  (to) => {
    const numbered = { from: 3, number: '5-0.0000000.0000000', after: '' };
    const line = (userId?: string) =>
      JSON.stringify({ ts: 1, type: 'click', id: 'e"', ...(userId !== undefined && { userId }), receivedAt: 2 });
    const item = { origin: 'cookie', id: 'e', ts: 1, isKnown: true, path: ['cookie'], line: line() };
    const link = { id: `${to}\nat e`, to, ts: 1, version: '1', receivedAt: 2 };
    const said = [
      { kind: 'put', to, item, version: '1' },
      { kind: 'put', to, item: { ...item, line: line('"other') }, version: '1' },
      { kind: 'take', to, item, version: '1' },
      { kind: 'link', to, link },
      { kind: 'unlink', to, from: 'ada', version: '1', receivedAt: 2 },
      { kind: 'withdraw', to, of: 'x', by: 'y', erasure: '1', hops: 1, version: '1', receivedAt: 2 },
    ] as const;
    for (const message of said) expect(keyOfMessage(encodeMessage(message, numbered))).toBe(to);
  },
);
