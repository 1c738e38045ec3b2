/** Ends of sessions, user by user: the cases that are known by heart, and the bounds. */
import { DAY_MS, HOUR_MS } from '@tributary/model/time';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { readDefinitions } from '@tributary/signals/definitions/file';
import { watchedSegments } from '@tributary/signals/members/watched';
import { expect, test } from 'vitest';
import { advanceUser } from '../src/segments/advance-user.ts';

const at = (time: string) => Date.parse(`2026-11-20T${time}:00Z`);
const watchedOf = (sections: object) => watchedSegments(readDefinitions(JSON.stringify(sections), sha256Hex), sha256Hex);
const found = watchedOf({ sessions: { web: { gap: '30m', ends: true } } });
if (found === null) throw new Error('there is one');
const sessions = found;

interface Said {
  readonly type: string;
  readonly ts: number;
  readonly from: number;
  readonly takenBack?: readonly { readonly at: number; readonly from: number }[];
}

/** One user whose events come one by one, each when log time is where it says; what is said, and where the user stands then. */
function userOf(userKey: string, lines: string[]) {
  const user = { marks: sessions.list.map((): number[] => []), dueMs: Number.POSITIVE_INFINITY };
  let [afterMs, isWhole] = [-1, true];
  return (logTimeMs: number, ...instants: number[]) => {
    const seen = instants.map((ts) => {
      const event = { ts, type: 'page', id: `${userKey} ${ts}`, userId: userKey, receivedAt: logTimeMs, source: 'test' };
      return { logTimeMs, cause: event.id, added: sessions.marksOf(event), removed: [] };
    });
    const advance = { userKey, afterMs, upToMs: logTimeMs, seen, isWhole, fell: null, says: true };
    const done = advanceUser(sessions, user, advance, sha256Hex);
    lines.push(...done.lines);
    // As the commit does: its index has when the user is due.
    user.dueMs = done.dueMs;
    [afterMs, isWhole] = [logTimeMs, false];
    return done;
  };
}

function netOf(lines: readonly string[]): string[] {
  const net = new Set<string>();
  for (const { type, ts, from, takenBack } of lines.map((line) => JSON.parse(line) as Said))
    if (type === 'session.revised') for (const one of takenBack ?? []) net.delete(`${one.from} ${one.at}`);
    else net.add(`${from} ${ts}`);
  return [...net].sort();
}

function ordersOf<T>(items: readonly T[]): T[][] {
  return items.length < 2
    ? [[...items]]
    : items.flatMap((one, i) => ordersOf(items.toSpliced(i, 1)).map((rest) => [one, ...rest]));
}

test('law 2: the sessions of the textbook are said to have ended in all 24 orders, also where each event comes an hour after the one before', () => {
  const events = [
    ['k1', at('13:02')],
    ['k2', at('13:14')],
    ['k1', at('13:57')],
    ['k1', at('13:20')],
  ] as const;
  let revised = 0;
  for (const hours of [0, 1])
    for (const order of ordersOf(events)) {
      const lines: Record<'k1' | 'k2', string[]> = { k1: [], k2: [] };
      const users = { k1: userOf('k1', lines.k1), k2: userOf('k2', lines.k2) };
      for (const [i, [user, ts]] of order.entries()) users[user](at('14:00') + i * hours * HOUR_MS, ts);
      for (const user of ['k1', 'k2'] as const) users[user](at('19:00'));
      expect(netOf(lines.k1)).toEqual([`${at('13:02')} ${at('13:50')}`, `${at('13:57')} ${at('14:27')}`]);
      expect(netOf(lines.k2)).toEqual([`${at('13:14')} ${at('13:44')}`]);
      revised += lines.k1.filter((line) => line.includes('session.revised')).length;
    }
  expect(revised).toBeGreaterThan(10);
});

test('a session ends at the very instant of its last event and the gap, and an event then begins another', () => {
  const lines: string[] = [];
  const pass = userOf('ann', lines);
  expect(pass(at('13:00'), at('13:00')).dueMs).toBe(at('13:30'));
  pass(at('13:30') - 1);
  expect(lines).toEqual([]);
  pass(at('13:30'));
  expect(lines).toHaveLength(1);
  pass(at('13:30'), at('13:30'));
  pass(at('15:00'));
  expect(netOf(lines)).toEqual([`${at('13:00')} ${at('13:30')}`, `${at('13:30')} ${at('14:00')}`]);
});

test('law 7: what comes more than nine days after it happened revises nothing, and no more is held than 14 days', () => {
  const lines: string[] = [];
  const pass = userOf('ann', lines);
  pass(at('13:00'), at('13:00'));
  pass(at('13:00') + 8 * DAY_MS);
  pass(at('13:00') + 8 * DAY_MS, at('13:20'));
  expect(netOf(lines)).toEqual([`${at('13:00')} ${at('13:50')}`]);
  const before = lines.length;
  pass(at('13:00') + 10 * DAY_MS, at('13:40'));
  pass(at('13:00') + 15 * DAY_MS, at('13:45'));
  expect(lines.slice(before)).toEqual([]);
});

test('law 7: one who never pauses has a session each day, for as long as it goes on', () => {
  const lines: string[] = [];
  const pass = userOf('bot', lines);
  for (let ms = at('00:00'); ms < at('00:00') + 20 * DAY_MS; ms += 20 * 60_000) pass(ms, ms);
  const ends = lines.map((line) => JSON.parse(line) as Said);
  expect(ends.every(({ type, ts }) => type === 'session.ended' && ts % DAY_MS === 0)).toBe(true);
  // The last midnight has not passed.
  expect(ends.map(({ from, ts }) => (ts - from) / HOUR_MS)).toEqual(Array.from({ length: 19 }, () => 24));
});

test('law 7: events that a session lets go of for their number say nothing of members of segments', () => {
  const pass = userOf('bot', []);
  const many = Array.from({ length: 10_200 }, (_, i) => at('13:00') + i);
  expect(pass(at('14:00'), ...many).lostMs).toBeNull();
});

test('only ends that are asked for are followed, and records must be kept for as long as they look back', () => {
  expect(watchedOf({ sessions: { web: { gap: '30m' } } })).toBeNull();
  const short = { sessions: { web: { gap: '30m', ends: true, keep: { age: '5d' } } }, signalRetention: { days: 10 } };
  expect(() => watchedOf(short)).toThrow(/sessions\.web\.ends must look back at most 10d/);
});
