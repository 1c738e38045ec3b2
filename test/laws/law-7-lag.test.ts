/** Law 7 over time: an answer that calls itself complete lacks nothing that the log has held for as long as the bound. */

import { assessSpeed, furthestOf, type LogSeen, seeLog } from '@tributary/serving/freshness/speed-health';
import type { LogReach } from '@tributary/serving/ports';
import { createRandom } from '@tributary/testkit/inputs/random';
import { createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { expect, test } from 'vitest';

const PARTITIONS = 3;
const PATIENCE_MS = 10_000;
const POLL_EVERY_MS = 1_000;

const BOUNDS = { patienceMs: PATIENCE_MS, latenessMs: () => 3 * 86_400_000 };

/** After its clock was ahead, every id of the log lies in the future: whatever waits is dated later than now. */
const ageless = (log: LogReach): LogReach => ({
  ...log,
  ageAfter: async (after) => new Map([...(await log.ageAfter(after)).keys()].map((partition) => [partition, -60_000])),
});

/**
 * A log, a worker that applies `share` of what is written, readers that ask in between, and a process that restarts. Without
 * ages in the log, a process knows of an entry from the first look on that saw it wait.
 */
async function live(seed: number, share: number, agesKnown = true): Promise<{ answers: number; complete: number; late: number }> {
  const random = createRandom(seed);
  let nowMs = 1_000_000;
  const log = createMemoryLog({ partitions: PARTITIONS, now: () => nowMs });
  const appended: { readonly partition: number; readonly position: string; readonly atMs: number }[] = [];
  const applied = new Array<string | null>(PARTITIONS).fill(null);
  const states = () =>
    applied.map((position) => position && { position, logIdentity: '', logTimeMs: nowMs, generation: 0, definitions: '' });
  let seen: LogSeen | null = null;
  const reach = agesKnown ? log : ageless(log);
  let startedMs = nowMs;
  const found = { answers: 0, complete: 0, late: 0 };
  for (let lookAtMs = nowMs; nowMs < 1_060_000; nowMs += 100) {
    const partition = random.below(PARTITIONS);
    if (random.chance(0.7)) {
      const position = await log.append(partition, { kind: 'heartbeat', body: '' });
      appended.push({ partition, position, atMs: nowMs });
    }
    for (const [p, position] of applied.entries()) {
      const next = appended.find((entry) => entry.partition === p && entry.position > (position ?? ''));
      if (next !== undefined && random.chance(share / PARTITIONS)) applied[p] = next.position;
    }
    if (random.chance(0.005)) {
      seen = null;
      startedMs = nowMs;
    }
    if (nowMs >= lookAtMs || seen === null) {
      seen = await seeLog(reach, states() as never, null, seen, () => nowMs);
      lookAtMs = nowMs + POLL_EVERY_MS;
    }
    const { lagMs, missing } = assessSpeed({ states: states() as never, manifest: null, furthest: [] }, nowMs, BOUNDS, seen);
    const unread = appended.filter(({ partition: p, position }) => position > (applied[p] ?? ''));
    const sinceMs = agesKnown ? Number.NEGATIVE_INFINITY : startedMs;
    const seenMs = agesKnown ? 0 : POLL_EVERY_MS;
    const oldestMs = Math.max(0, ...unread.map(({ atMs }) => nowMs - Math.max(atMs, sinceMs) - seenMs));
    found.answers++;
    if (oldestMs >= PATIENCE_MS) found.late++;
    if (missing.length === 0) {
      found.complete++;
      expect(oldestMs, `seed ${seed}: complete at ${nowMs}`).toBeLessThan(PATIENCE_MS);
    }
    expect(lagMs, `seed ${seed}: lag at ${nowMs}`).toBeGreaterThanOrEqual(oldestMs - POLL_EVERY_MS);
    expect(lagMs, `seed ${seed}: lag at ${nowMs}`).toBeLessThanOrEqual(oldestMs + 15_000);
  }
  return found;
}

test.each([1, 2, 3, 4, 5, 6])(
  'law 7: a complete answer lacks no entry older than the bound, also of a worker that falls behind and after restarts, seed %i',
  async (seed) => {
    const slow = await live(seed, 0.3);
    expect(slow.complete).toBeGreaterThan(20);
    expect(slow.late).toBeGreaterThan(100);
    const quick = await live(seed, 3);
    expect(quick).toMatchObject({ late: 0, complete: quick.answers });
  },
);

test.each([1, 2, 3, 4, 5, 6])(
  'law 7: an entry that a process saw wait for as long as the bound is reported, though the log calls it new, seed %i',
  async (seed) => {
    const slow = await live(seed, 0.3, false);
    expect(slow.complete).toBeGreaterThan(20);
    expect(slow.late).toBeGreaterThan(50);
    const quick = await live(seed, 3, false);
    expect(quick).toMatchObject({ late: 0, complete: quick.answers });
  },
);

const NOW = 1_000_000_000_000;
const at = (position: string | null, logTimeMs = NOW) =>
  position === null ? null : { position, logIdentity: '', logTimeMs, generation: 0, definitions: '' };
const id = (ms: number, sequence: number) => `${String(ms).padStart(15, '0')}-${String(sequence).padStart(10, '0')}`;
const idle = (ends: readonly (string | null)[], newestMs: readonly (number | null)[] = ends.map(() => null)): LogSeen => ({
  atMs: NOW,
  waiting: ends.map(() => null),
  newestMs,
  starts: ends.map(() => null),
  ends,
  knownThen: null,
});

test('law 7: a store at an older position than was seen is reported at once, until it has caught up', () => {
  const before = furthestOf([null, '5', '7', null], [at('4'), at('6'), null, null]);
  expect(before).toEqual(['4', '6', '7', null]);
  const holes = (states: Parameters<typeof assessSpeed>[0]['states']) =>
    assessSpeed({ states, manifest: null, furthest: before }, NOW, BOUNDS, idle(['4', '6', '7', null])).missing.map(
      ({ text }) => text,
    );
  expect(holes([at('4'), at('7'), at('7'), null])).toEqual([]);
  const lost = assessSpeed({ states: [at('3'), at('6'), null, null], manifest: null, furthest: before }, NOW, BOUNDS, null);
  expect(lost.missing.map(({ reason, partition }) => [reason, partition])).toEqual([
    ['writes_lost', 0],
    ['writes_lost', 2],
    ['log_unknown', null],
  ]);
  expect(holes([at('3'), at('6'), null, null])).toEqual([
    expect.stringMatching(/^partition 0: the speed layer stands at 3 and was at 4 before/),
    expect.stringMatching(/^partition 2: the speed layer stands at the beginning and was at 7 before/),
  ]);
});

test('law 7: a log that is dated ahead of this clock is reported; what waits in it, and log time beyond the lateness, are holes', () => {
  const lead = 200 * 86_400_000;
  const ahead = id(NOW + lead, 3);
  const health = (position: string, logTimeMs: number, seen: LogSeen) =>
    assessSpeed({ states: [at(position, logTimeMs)], manifest: null, furthest: [] }, NOW, BOUNDS, seen);
  expect(health(id(NOW + 1_000, 0), NOW, idle([id(NOW + 1_000, 0)], [NOW + 1_000]))).toMatchObject({ missing: [], notes: [] });
  expect(health(ahead, NOW, idle([ahead], [NOW + lead]))).toMatchObject({
    missing: [],
    notes: [
      {
        partition: 0,
        text: expect.stringMatching(/^partition 0: .* dated 2002-03-28T01:46:40.000Z, 200 d 0 h ahead of this clock/),
      },
    ],
  });
  const waiting = [{ end: ahead, appendedMs: NOW + lead, unreached: [] }];
  const gap = (text: RegExp) => ({ reason: 'clock_ahead', partition: 0, text: expect.stringMatching(text) });
  expect(health(id(NOW, 0), NOW, { ...idle([ahead]), waiting }).missing).toEqual([
    gap(/^partition 0: .* ahead of this clock: how long it has waited is not known/),
  ]);
  expect(health(ahead, NOW + lead, idle([ahead])).missing).toEqual([
    gap(/^partition 0: log time is 2002-03-28.*events of now are late/),
  ]);
  expect(health(ahead, NOW + 86_400_000, idle([null])).missing).toEqual([]);
});

test("law 7: what is appended while the log's clock is ahead is dated so, and the answer says it", async () => {
  const reach: LogReach = {
    ...createMemoryLog({ partitions: 2, now: () => NOW }),
    ends: async () => ['5', null],
    dateOf: (position) => NOW + Number(position) * 86_400_000,
  };
  const states = [at('5'), null];
  const seen = await seeLog(reach, states, null, null, () => NOW);
  expect(seen.newestMs).toEqual([NOW + 5 * 86_400_000, null]);
  const { notes } = assessSpeed({ states, manifest: null, furthest: [] }, NOW, BOUNDS, seen);
  expect(notes).toEqual([{ partition: 0, text: expect.stringMatching(/^partition 0: .*5 d 0 h ahead of this clock/) }]);
});

test('law 7: a clock that went back does not make an old look a new one', () => {
  const { lagMs, missing } = assessSpeed(
    { states: [at('4')], manifest: null, furthest: [] },
    NOW - 3_600_000,
    BOUNDS,
    idle(['4']),
  );
  expect(lagMs).toBeNull();
  expect(missing).toEqual([
    {
      reason: 'log_unknown',
      partition: null,
      text: expect.stringContaining('the end of the log has been unknown for 1 h 0 min'),
    },
  ]);
});
