import { setTimeout as sleep } from 'node:timers/promises';
import { startHeartbeats } from '@tributary/log/heartbeat';
import type { EventLog } from '@tributary/log/port';
import { TributaryError } from '@tributary/model/errors';
import { createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { describe, expect, it } from 'vitest';

const readAll = (log: EventLog) =>
  log.read(new Map(Array.from({ length: log.partitions }, (_, p) => [p, null])), { maxEntries: 1_000, waitMs: 0 });

describe('heartbeats', () => {
  it('reach the idle partitions only, carry the clock of the collector, and end with the signal', async () => {
    const log = createMemoryLog({ partitions: 4 });
    const abort = new AbortController();
    let nowMs = 1_000;
    const done = startHeartbeats({
      log,
      idleMs: 20,
      now: () => (nowMs += 1),
      signal: abort.signal,
      wasActive: (partition) => partition % 2 === 0,
    });
    await expect.poll(async () => (await readAll(log)).length).toBeGreaterThanOrEqual(4);
    abort.abort();
    await done;
    const entries = await readAll(log);
    expect(new Set(entries.map(({ partition, kind }) => `${partition} ${kind}`))).toEqual(
      new Set(['1 heartbeat', '3 heartbeat']),
    );
    const times = entries.filter(({ partition }) => partition === 1).map(({ body }) => JSON.parse(body) as unknown);
    expect(times).toEqual(times.map((_, i) => ({ receivedAt: 1_001 + i })));
    await sleep(60);
    expect(await readAll(log)).toHaveLength(entries.length);
  });

  it('a round that the log refuses is reported, and the next one tries again', async () => {
    const log = createMemoryLog({ partitions: 1 });
    log.failNextAppend('not-applied');
    const errors: unknown[] = [];
    const abort = new AbortController();
    const done = startHeartbeats({
      log,
      idleMs: 10,
      now: () => 5,
      signal: abort.signal,
      wasActive: () => false,
      onError: (error) => errors.push(error),
    });
    await expect.poll(async () => (await readAll(log)).length).toBeGreaterThan(0);
    abort.abort();
    await done;
    expect(errors).toEqual([expect.any(TributaryError)]);
  });

  it('rounds do not pile up while the log hangs', async () => {
    let appends = 0;
    const append = () => {
      appends += 1;
      return sleep(150, 'position');
    };
    const abort = new AbortController();
    const log = { partitions: 3, append };
    const done = startHeartbeats({ log, idleMs: 5, now: () => 0, signal: abort.signal, wasActive: () => false });
    await sleep(100);
    abort.abort();
    await done;
    expect(appends).toBe(3);
  });
});
