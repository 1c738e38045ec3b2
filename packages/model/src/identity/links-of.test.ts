import { expect, test } from 'vitest';
import { type Event, encodeEvent } from '../event.ts';
import { linksOf, mayLink, SAYING_TYPES } from './links-of.ts';

test('law 1: an event of a key to which none lent anything makes the links that it makes by itself, whatever its ids begin and end with', () => {
  const keys = ['x', 'x"', 'x\\', 'x\\"', '"', '\\', ',"anonymousId":"x"'];
  for (const userId of keys)
    for (const anonymousId of keys) {
      const event = { ts: 1, type: 'click', id: 'e', userId, anonymousId, receivedAt: 1, source: 's' };
      const line = encodeEvent(event);
      expect(mayLink({ event, userKey: userId, line }), line).toBe(linksOf(event, '0').length > 0);
    }
});

test('law 1: a line that somebody wrote in another order, with spaces or escapes, links as well', () => {
  const head = '{"ts":1,"type":"click","id":"e","receivedAt":1,"source":"s"';
  const lines = [
    `${head},"properties":{"anonymousId":"ada"},"userId":"ada","anonymousId":"cookie"}`,
    `${head},"userId":"ada","anonymousId" : "cookie"}`,
    `${head},"anonymousId":"ada","userId":"ada","anonymousId":"cookie"}`,
    `${head},"userId":"ada","\\u0061nonymousId":"cookie"}`,
    `${head},"anonymousId":"ada","userId":"ada","anonymousI\\u0064":"cookie"}`,
  ];
  for (const line of lines) {
    const event = JSON.parse(line) as Event;
    expect(linksOf(event, '0')).toHaveLength(1);
    expect(mayLink({ event, userKey: 'ada', line }), line).toBe(true);
  }
});

test('law 1: where a line was read in place, two ids that it was sent with say that it may link, and nothing else of it but its type', () => {
  const event: Event = { ts: 1, type: 'click', id: 'e', userId: 'ada', receivedAt: 1, source: 's' };
  const may = (type: string, hasBothIds: boolean) =>
    mayLink({ event: { type }, userKey: 'ada', line: encodeEvent({ ...event, type }), hasBothIds });
  expect(may('click', true)).toBe(true);
  expect(may('click', false)).toBe(false);
  for (const type of SAYING_TYPES) expect(may(type, false)).toBe(true);
});
