/** Members of segments where there is much of something: events that are nothing to a segment, episodes, users who are due at once. */
import type { Event } from '@tributary/model/event';
import { DAY_MS } from '@tributary/model/time';
import { watchedSegments } from '@tributary/signals/members/watched';
import { sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { expect, test } from 'vitest';
import { advanceUser } from '../src/segments/advance-user.ts';
import { day, startFollowing, withSegments } from './following.ts';

const event = (id: string, ts: number, more: Partial<Event> = {}): Event => ({
  ts: day(ts),
  type: 'p',
  id,
  userId: 'ann',
  receivedAt: day(ts),
  source: 'test',
  ...more,
});

test('law 1: who entered by an event that the record does not tell any more leaves, though a worker began in between', async () => {
  const platform = startFollowing({ definitions: withSegments({ big: { enter: "type == 'p' && value == 1", ttl: '30d' } }) });
  await platform.append(event('first', 0, { value: 1 }));
  for (let n = 0; n < 10_001; n++) await platform.append(event(`e${n}`, 1 + n / 1e5, { value: 2 }));
  await platform.drain();
  expect((await platform.members('big')).users).toEqual(['ann']);
  platform.restart();
  await platform.beat(31);
  expect((await platform.members('big')).users).toEqual([]);
});

test('law 7: those who are due at one instant are said some at a time, each once', async () => {
  const segments = Object.fromEntries(
    Array.from({ length: 20 }, (_, i) => [`s${i}`, { enter: `type == 'p' && value >= ${i}`, ttl: '3d' }]),
  );
  const platform = startFollowing({ definitions: withSegments(segments) });
  for (let n = 0; n < 600; n++) await platform.append(event(`e${n}`, 0, { userId: `u${n}`, value: 99 }));
  await platform.drain();
  const entered = platform.committed.reduce((sum, lines) => sum + lines, 0);
  platform.committed.length = 0;
  for (let beat = 0; beat < 8; beat++) await platform.beat(4 + beat);
  expect(Math.max(...platform.committed)).toBeLessThanOrEqual(4_000);
  expect([entered, platform.committed.reduce((sum, lines) => sum + lines, 0)]).toEqual([12_000, 12_000]);
  expect((await platform.members('s3')).users).toEqual([]);
});

/** Marks that count how often somebody goes over all of them. */
class CountedMarks extends Array<number> {
  walks = 0;
  override [Symbol.iterator]() {
    this.walks++;
    return super[Symbol.iterator]();
  }
}

test('law 7: a thousand episodes that pass at once are a few walks over the marks, each left with its own beginning', () => {
  const definitions = withSegments({
    hourly: { enter: "type == 'p'", ttl: '1h' },
    away: { enter: "type == 'p'", absence: { not: "type == 'p'", for: '1h' }, ttl: '30m' },
  });
  const segments = watchedSegments(definitions, sha256Hex);
  if (segments === null) throw new Error('there are two');
  const marks = segments.list.map(() => new CountedMarks());
  for (let n = 0; n < 1_000; n++)
    for (const [i, mark] of segments.marksOf(event(`e${n}`, n / 8))) (marks[i] as CountedMarks).push(mark);
  const advance = { userKey: 'ann', afterMs: day(-1), upToMs: day(126), seen: [], isWhole: true, fell: null, says: true };
  const { lines } = advanceUser(segments, { marks, dueMs: Number.POSITIVE_INFINITY }, advance, sha256Hex);
  expect(lines).toHaveLength(4_000);
  for (const { type, from, to } of lines.map((line) => JSON.parse(line)))
    if (type === 'segment.left') expect([30 / 60, 1]).toContain((to - from) / (DAY_MS / 24));
  expect(Math.max(...marks.map(({ walks }) => walks))).toBeLessThanOrEqual(6);
});
