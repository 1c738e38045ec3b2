import { type Event, encodeEvent } from '@tributary/model/event';
import { MOST_LINKS_OF_DAY } from '@tributary/model/identity/links';
import { encodeMessage, messageNumber } from '@tributary/model/identity/message-line';
import { DAY_MS } from '@tributary/model/time';
import { expect, test } from 'vitest';
import { keysOfUser, linksOfKey } from './keys-of.ts';

const NOON = Date.UTC(2026, 10, 20, 12);
const WINDOW = 30 * DAY_MS;
let ids = 0;
const numbered = (number: number) => ({ from: 0, number: messageNumber('1.0000000', number), after: '' });
const line = (of: Partial<Event> & Pick<Event, 'type'>): string =>
  encodeEvent({ id: `e${++ids}`, ts: NOON, receivedAt: NOON, source: 'test', userId: 'ada', ...of });
const record = (...lines: readonly string[]) => lines.map((one) => `${one}\n`).join('');

test('keys are those that events of the user name, until they are undone, and those whose events are here', () => {
  const lent = {
    origin: 'tablet',
    id: 'x',
    ts: NOON,
    isKnown: true,
    path: ['tablet'],
    line: line({ type: 'page', anonymousId: 'tablet' }),
  };
  const put = encodeMessage({ kind: 'put', to: 'ada', item: lent, version: '1' }, numbered(1));
  const said = [
    line({ type: 'identify', anonymousId: 'laptop', ts: NOON - 5 }),
    line({ type: 'alias', properties: { previousId: 'phone' } }),
    line({ type: 'page', anonymousId: 'laptop', ts: NOON - DAY_MS }),
    put,
  ];
  expect(keysOfUser('ada', record(...said), WINDOW)).toEqual([
    { userKey: 'laptop', sinceMs: NOON - DAY_MS, events: 0, isMerged: false },
    { userKey: 'phone', sinceMs: NOON, events: 0, isMerged: true },
    { userKey: 'tablet', sinceMs: null, events: 1, isMerged: false },
  ]);
  const undone = [
    ...said,
    line({ type: 'tributary.undo', properties: { key: 'laptop' } }),
    line({ type: 'page', anonymousId: 'laptop', ts: NOON - DAY_MS }),
  ];
  expect(keysOfUser('ada', record(...undone), WINDOW).map(({ userKey }) => userKey)).toEqual(['phone', 'tablet']);
  const again = [...undone, line({ type: 'identify', anonymousId: 'laptop' })];
  expect(keysOfUser('ada', record(...again), WINDOW)[0]).toEqual({
    userKey: 'laptop',
    sinceMs: NOON,
    events: 0,
    isMerged: false,
  });
});

test('links of a key are listed in time, with those that were undone', () => {
  const link = (to: string, ts: number, number: number, receivedAt = NOON, held?: number) => {
    const said = { id: `${to}\nat ${number}`, to, ts, version: `${number}`, receivedAt, ...(held !== undefined && { held }) };
    return encodeMessage({ kind: 'link', to: 'laptop', link: said }, numbered(number));
  };
  const undo = encodeMessage({ kind: 'unlink', to: 'laptop', from: 'eve', version: '5', receivedAt: NOON }, numbered(5));
  const links = linksOfKey('laptop', record(link('eve', NOON, 2), link('ada', NOON - 9, 3), undo), WINDOW);
  expect(links.map(({ userKey, isUndone }) => [userKey, isUndone])).toEqual([
    ['ada', false],
    ['eve', true],
  ]);
  // More links of a day than count: one that is left out names no user, though it holds what the key had lost by then.
  const many = Array.from({ length: MOST_LINKS_OF_DAY }, (_, n) => link('ada', NOON - n, n + 10));
  const lines = record(...many, link('bob', NOON, 7, NOON + 1, NOON - 9));
  expect(linksOfKey('laptop', lines, WINDOW).filter(({ userKey }) => userKey === 'bob')).toEqual([]);
});
