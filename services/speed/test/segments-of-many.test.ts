/** Members of segments where there is much of something: events that are nothing to a segment, episodes, users who are due at once. */
import { type Event, encodeEvent } from '@tributary/model/event';
import { DAY_MS } from '@tributary/model/time';
import { signalsOf } from '@tributary/signals/definitions/file';
import { watchedSegments } from '@tributary/signals/members/watched';
import { definitionsOf, SMALL_DEFINITIONS, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { createMemoryStore } from '@tributary/testkit/memory/memory-store';
import { expect, test } from 'vitest';
import { createSpeedWorker } from '../src/pipeline.ts';
import { advanceUser } from '../src/segments/advance-user.ts';

const BEGIN_MS = Date.parse('2026-09-01T00:00:00Z');
const day = (days: number) => BEGIN_MS + days * DAY_MS;
const withSegments = (segments: Record<string, object>) => definitionsOf({ ...SMALL_DEFINITIONS, segments });

function start(definitions: ReturnType<typeof withSegments>) {
  const log = createMemoryLog({ partitions: 1, now: () => day(300) });
  const store = createMemoryStore({ partitions: 1 });
  let commits = 0;
  const committed: number[] = [];
  const newWorker = () =>
    createSpeedWorker({
      log,
      store: store.speed(),
      definitions,
      partitions: [0],
      sha256Hex,
      digestOf: sha256Hex,
      commitId: () => `c${commits++}`,
      limits: { waitMs: 0, outputs: 'segments' },
      onCommitted: ({ commit }) => committed.push(commit.outputs?.length ?? 0),
    });
  let worker = newWorker();
  return {
    committed,
    restart: () => void (worker = newWorker()),
    append: (one: Event) => log.append(0, { kind: 'events', body: encodeEvent(one) }),
    async drain() {
      while ((await worker.runOnce()) > 0);
      await worker.settle();
    },
    async beat(days: number) {
      await log.append(0, { kind: 'heartbeat', body: JSON.stringify({ receivedAt: day(days) }) });
      await this.drain();
    },
    async members(name: string) {
      const version = signalsOf(definitions, sha256Hex).get(name)?.version ?? '';
      return (await store.serving().members(0, { version, after: null, limit: 100 })).users;
    },
  };
}

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
  const platform = start(withSegments({ big: { enter: "type == 'p' && value == 1", ttl: '30d' } }));
  await platform.append(event('first', 0, { value: 1 }));
  for (let n = 0; n < 10_001; n++) await platform.append(event(`e${n}`, 1 + n / 1e5, { value: 2 }));
  await platform.drain();
  expect(await platform.members('big')).toEqual(['ann']);
  platform.restart();
  await platform.beat(31);
  expect(await platform.members('big')).toEqual([]);
});

test('law 7: those who are due at one instant are said some at a time, each once', async () => {
  const segments = Object.fromEntries(
    Array.from({ length: 20 }, (_, i) => [`s${i}`, { enter: `type == 'p' && value >= ${i}`, ttl: '3d' }]),
  );
  const platform = start(withSegments(segments));
  for (let n = 0; n < 600; n++) await platform.append(event(`e${n}`, 0, { userId: `u${n}`, value: 99 }));
  await platform.drain();
  const entered = platform.committed.reduce((sum, lines) => sum + lines, 0);
  platform.committed.length = 0;
  for (let beat = 0; beat < 8; beat++) await platform.beat(4 + beat);
  expect(Math.max(...platform.committed)).toBeLessThanOrEqual(4_000);
  expect([entered, platform.committed.reduce((sum, lines) => sum + lines, 0)]).toEqual([12_000, 12_000]);
  expect(await platform.members('s3')).toEqual([]);
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
  const advance = { userKey: 'ann', afterMs: day(-1), upToMs: day(126), seen: [], isWhole: true };
  const { lines } = advanceUser(segments, { marks, dueMs: Number.POSITIVE_INFINITY }, advance, sha256Hex);
  expect(lines).toHaveLength(4_000);
  for (const { type, from, to } of lines.map((line) => JSON.parse(line)))
    if (type === 'segment.left') expect([30 / 60, 1]).toContain((to - from) / (DAY_MS / 24));
  expect(Math.max(...marks.map(({ walks }) => walks))).toBeLessThanOrEqual(6);
});
