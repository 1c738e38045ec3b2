/** Law 7 over time: an answer that calls itself complete lacks nothing that the log has held for as long as the bound. */
import { createMemoryLog } from '@tributary/testkit/memory-log';
import { createRandom } from '@tributary/testkit/random';
import { expect, test } from 'vitest';
import { assessSpeed, type LogSeen, seeLog } from '../../services/api/src/speed-health.ts';

const PARTITIONS = 3;
const PATIENCE_MS = 10_000;
const LOOK_EVERY_MS = 1_000;

/** A log, a worker that applies `share` of what is written, readers that ask in between, and a process that restarts. */
async function live(seed: number, share: number): Promise<{ answers: number; complete: number; late: number }> {
  const random = createRandom(seed);
  let nowMs = 1_000_000;
  const log = createMemoryLog({ partitions: PARTITIONS, now: () => nowMs });
  const appended: { readonly partition: number; readonly position: string; readonly atMs: number }[] = [];
  const applied = new Array<string | null>(PARTITIONS).fill(null);
  const states = () =>
    applied.map((position) => position && { position, logIdentity: '', logTimeMs: nowMs, generation: 0, definitions: '' });
  let seen: LogSeen | null = null;
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
    if (random.chance(0.005)) seen = null;
    if (nowMs >= lookAtMs || seen === null) {
      seen = await seeLog(log, states() as never, null, () => nowMs);
      lookAtMs = nowMs + LOOK_EVERY_MS;
    }
    const { lagMs, missing } = assessSpeed(states() as never, nowMs, PATIENCE_MS, seen, null);
    const unread = appended.filter(({ partition: p, position }) => position > (applied[p] ?? ''));
    const oldestMs = Math.max(0, ...unread.map(({ atMs }) => nowMs - atMs));
    found.answers++;
    if (oldestMs >= PATIENCE_MS) found.late++;
    if (missing.length === 0) {
      found.complete++;
      expect(oldestMs, `seed ${seed}: complete at ${nowMs}`).toBeLessThan(PATIENCE_MS);
    }
    expect(lagMs, `seed ${seed}: lag at ${nowMs}`).toBeGreaterThanOrEqual(oldestMs - LOOK_EVERY_MS);
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
