import { type Event, encodeEvent } from '@tributary/model/event';
import { DAY_MS } from '@tributary/model/time';
import { builtInDefinitions } from '@tributary/runtime/config/definitions';
import { describe, expect, test } from 'vitest';
import { isOfKnownUser } from './identity/keyed-record.ts';
import { isKeyOf, keysOfUser } from './identity/keys-of.ts';
import { cutMark, excessUpTo, linesOf, trimRecord, userFromRecord } from './record.ts';
import { VIEWS } from './registry.ts';
import { stepRules } from './step.ts';
import { NEVER_CUT } from './user-state.ts';

/** The defaults: 90 days, at least 1 000 signals; timelines need 63 days. */
const rules = stepRules(VIEWS, builtInDefinitions());
const NOW = Date.UTC(2026, 10, 1);

function recordOf(count: number, ageDays: number, type = 'page'): string {
  const ts = (i: number) => NOW - ageDays * DAY_MS - count + i;
  const event = (i: number): Event => ({ ts: ts(i), type, id: `${ageDays}-${i}`, userId: 'u', receivedAt: ts(i), source: 't' });
  return Array.from({ length: count }, (_, i) => `${encodeEvent(event(i))}\n`).join('');
}

const idsOf = (record: string) => [...linesOf(record)].map((line) => (JSON.parse(line) as Event).id);

describe('signals are kept as long as either bound of signalRetention allows', () => {
  test.each([
    ['1 500 signals, 70 days old', recordOf(1_500, 70), 1_500],
    ['1 500 signals, 100 days old', recordOf(1_500, 100), 1_000],
    ['5 signals, 100 days old', recordOf(5, 100), 5],
    ['1 500 signals of 100 days, then 400 of today', recordOf(1_500, 100) + recordOf(400, 0), 1_000],
    ['1 500 signals of today, then 400 of 100 days', recordOf(1_500, 0) + recordOf(400, 100), 1_500],
  ])('of %s', (_, record, kept) => {
    const ids = idsOf(trimRecord(record, NOW, rules).record);
    expect(ids).toHaveLength(kept);
    const newest = [...linesOf(record)].map((line) => JSON.parse(line) as Event).sort((a, b) => b.ts - a.ts);
    expect(new Set(ids)).toEqual(new Set(newest.slice(0, kept).map(({ id }) => id)));
  });
});

describe('law 7: a record that outgrew its bound remembers what it lost', () => {
  const record = recordOf(100, 2, 'ad_click') + recordOf(120, 1, 'ad_click');

  test('it keeps the newest half of the bound, by time and not by arrival, and names the newest instant lost', () => {
    const late = recordOf(50, 3, 'ad_click');
    const trimmed = trimRecord(record + late, NOW, rules, record.length);
    const ids = idsOf(trimmed.record);
    expect(ids.length).toBeGreaterThan(90);
    expect(ids.every((id) => id.startsWith('1-'))).toBe(true);
    expect(trimmed.cutTs).toBe(NOW - DAY_MS - ids.length - 1);
    const user = userFromRecord(trimmed.record, NOW, rules);
    expect(user.cutTs).toBe(trimmed.cutTs);
    expect(user.events).toHaveLength(ids.length);
  });

  test('marks last as long as the lines they stand for could: one, the newest, and none past retention', () => {
    const marked = record + cutMark(NOW - 2 * DAY_MS) + cutMark(NOW - 3 * DAY_MS);
    const trimmed = trimRecord(marked, NOW, rules);
    expect(trimmed).toEqual({ record: record + cutMark(NOW - 2 * DAY_MS), cutTs: NOW - 2 * DAY_MS });
    expect(trimRecord(trimmed.record, NOW + 80 * DAY_MS, rules).cutTs).toBe(NOW - 2 * DAY_MS);
    const later = trimRecord(trimmed.record, NOW + 89 * DAY_MS, rules);
    expect([later.cutTs, later.record]).toEqual([NEVER_CUT, record]);
  });

  test('a mark is not an event: readers of a record pass over it', () => {
    const text = recordOf(1, 1) + cutMark(5) + recordOf(1, 0);
    expect(idsOf(text)).toEqual(['1-0', '0-0']);
    const like = `${encodeEvent({ ts: 1, type: 'x', id: 'cut', userId: 'u', receivedAt: 1, source: 't', properties: { cut: true } } as Event)}\n`;
    expect(idsOf(like)).toEqual(['cut']);
  });
});

test('law 1: links of keys outlive the events of a record, whatever their age', () => {
  const link = (type: string) =>
    `${encodeEvent({ ts: NOW - 400 * DAY_MS, type, id: `1.${type}`, userId: 'u', receivedAt: NOW - 400 * DAY_MS, source: 'tributary' })}\n`;
  const links = link('tributary.link') + link('tributary.unlink');
  const { record } = trimRecord(link('tributary.put') + links + recordOf(1_200, 100) + recordOf(1, 0), NOW, rules);
  expect(record.startsWith(links)).toBe(true);
  expect(idsOf(record)).toHaveLength(2 + 1_000);
});

test('law 1: a record that loses events by its length keeps the links of its key, which decide about all that comes', () => {
  const joined = { ...rules, definitions: { ...rules.definitions, joinedMs: 30 * DAY_MS } };
  const link = `{"ts":${NOW - 20 * DAY_MS},"type":"tributary.link","id":"0/1.0000000.0000000/","userId":"u"}\n`;
  const { record, cutTs } = trimRecord(link + recordOf(1_000, 10), NOW, joined, 20_000);
  expect(record.length).toBeLessThan(20_000);
  expect(record.startsWith(link)).toBe(true);
  // What it lost, its mark says.
  expect(cutTs).toBeGreaterThan(NOW - 11 * DAY_MS);
});

test('laws 1 and 9: however many messages come to a key, its record says whether it is that of a user, once any event of it came', () => {
  const joinedRules = { ...rules, definitions: { ...rules.definitions, joinedMs: 30 * DAY_MS } };
  const said = { $tributary: { id: 'x', type: 'page', path: ['x'], version: '1' } };
  const messages = recordOf(1_200, 100, 'tributary.put').replaceAll('"t"}', `"t","properties":${JSON.stringify(said)}}`);
  const anonymous = recordOf(3, 200).replaceAll('"userId"', '"anonymousId"');
  const trimmed = (record: string) => trimRecord(record + messages, NOW, joinedRules).record;
  expect(isOfKnownUser(linesOf(trimmed(recordOf(2, 300) + anonymous)))).toBe(true);
  expect(isKeyOf(new Set(['ada']), trimmed(recordOf(2, 300) + anonymous), false)).toBe(false);
  expect(isKeyOf(new Set(['ada']), trimmed(anonymous), false)).toBe(true);
  expect([...linesOf(trimmed(recordOf(2, 300) + anonymous))]).toHaveLength(1_000 + 2);
  // Where keys are not joined, nothing more is kept.
  expect([...linesOf(trimRecord(recordOf(2, 300) + messages, NOW, rules).record)]).toHaveLength(1_000);
});

test('law 9: a record names the other keys of its user however long ago they were named, and what was undone stays undone', () => {
  const joinedRules = { ...rules, definitions: { ...rules.definitions, joinedMs: 30 * DAY_MS } };
  let made = 0;
  const line = (ageDays: number, more: Partial<Event>) => {
    const at = NOW - ageDays * DAY_MS;
    const event: Event = { ts: at, type: 'identify', id: `n${++made}`, userId: 'u', receivedAt: at, source: 'test', ...more };
    return `${encodeEvent(event)}\n`;
  };
  const named =
    line(400, { anonymousId: 'old-cookie' }) +
    line(395, { anonymousId: 'old-cookie', type: 'page' }) +
    line(390, { type: 'alias', properties: { previousId: 'old-user' } }) +
    line(380, { anonymousId: 'not-theirs' }) +
    line(370, { type: 'tributary.undo', properties: { key: 'not-theirs' } });
  const { record } = trimRecord(named + recordOf(1_200, 100), NOW, joinedRules);
  expect(keysOfUser('u', record, 30 * DAY_MS).map(({ userKey }) => userKey)).toEqual(['old-cookie', 'old-user']);
  // The newest line of each, beside those that are kept as ever.
  expect(idsOf(record)).toHaveLength(1_000 + 3);
  const many = Array.from({ length: 600 }, (_, n) => line(400, { anonymousId: `cookie-${n}` })).join('');
  expect(idsOf(trimRecord(many + recordOf(1_200, 100), NOW, joinedRules).record)).toHaveLength(1_000 + 500);
});

test('law 7: a record that is too long says up to when it loses events while it has some to lose', () => {
  const record = recordOf(1_000, 10);
  const lost = excessUpTo(record, 20_000, NOW - 30 * DAY_MS) as number;
  expect(lost).toBeGreaterThan(NOW - 11 * DAY_MS);
  expect(excessUpTo(record, record.length, NOW - 30 * DAY_MS)).toBeNull();
  expect(excessUpTo(record + cutMark(NOW), 20_000, NOW - 30 * DAY_MS)).toBeNull();
  // What is kept of its key however old it is leaves with no message, and its mark has left.
  expect(excessUpTo(record, 20_000, NOW)).toBeNull();
  const links = `{"ts":${NOW - 20 * DAY_MS},"type":"tributary.link","id":"0/1.0000000.0000000/","userId":"u"}\n`.repeat(200);
  expect(excessUpTo(links, 10_000, NOW - 30 * DAY_MS)).toBeNull();
});
