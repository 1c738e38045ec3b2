import { setImmediate as turn } from 'node:timers/promises';
import { encodeEvent } from '@tributary/model/event';
import { definitionsOf, SMALL_DEFINITIONS, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { createMemoryStore } from '@tributary/testkit/memory/memory-store';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createSpeedWorker } from '../src/pipeline.ts';
import { createGathering } from '../src/read/gathering.ts';

/** `ms`: sets the clock. */
function gatheringAt(startMs = 0) {
  let nowMs = startMs;
  const gathering = createGathering(() => nowMs);
  return { ...gathering, at: (ms: number) => void (nowMs = ms) };
}

/** Reads of `events` each `everyMs`, for a second. */
function follow(eventsPerSecond: number, everyMs: number) {
  const gathering = gatheringAt();
  for (let ms = 0; ms <= 1_000; ms += everyMs) {
    gathering.at(ms);
    gathering.noteRead((eventsPerSecond * everyMs) / 1_000);
  }
  return gathering;
}

test('nothing waits before the first event, after a while without events, or for a few', () => {
  expect(gatheringAt(5).waitMs()).toBe(0);
  const busy = follow(50_000, 2);
  expect(busy.waitMs()).toBe(8);
  busy.at(3_000);
  expect(busy.waitMs()).toBe(0);
  expect(follow(10, 100).waitMs()).toBeLessThan(0.05);
});

test('the window grows with the rate, however the events are cut into reads', () => {
  for (const everyMs of [1, 5, 10]) {
    expect(follow(500, everyMs).waitMs()).toBeCloseTo(1, 0);
    expect(follow(2_000, everyMs).waitMs()).toBeCloseTo(4, 0);
    expect(follow(5_000, everyMs).waitMs()).toBeCloseTo(8, 0);
  }
});

test('the window counts from the read before: what has passed of it is not waited for again', () => {
  const busy = follow(50_000, 5);
  busy.at(1_003);
  expect(busy.waitMs()).toBeCloseTo(5, 1);
  busy.at(1_009);
  expect(busy.waitMs()).toBe(0);
});

test('law 7: no wait is longer than 8 ms, whatever was read and whenever', () => {
  const reads = fc.array(fc.record({ afterMs: fc.double({ min: 0, max: 1e9, noNaN: true }), events: fc.nat(1e9) }));
  fc.assert(
    fc.property(reads, (all) => {
      const gathering = gatheringAt();
      let nowMs = 0;
      for (const { afterMs, events } of all) {
        gathering.at((nowMs += afterMs));
        expect(gathering.waitMs()).toBeGreaterThanOrEqual(0);
        expect(gathering.waitMs()).toBeLessThanOrEqual(8);
        gathering.noteRead(events);
        expect(gathering.waitMs()).toBeLessThanOrEqual(8);
      }
    }),
  );
});

/** A worker after a read of `events` events, with a clock that stands still; what each later commit has counted. */
async function workerAfter(events: number) {
  const log = createMemoryLog({ partitions: 1 });
  let id = 0;
  const line = () =>
    encodeEvent({
      ts: 1_794_650_000_000,
      type: 'click',
      id: `${++id}`,
      userId: 'u',
      receivedAt: 1_794_650_000_000,
      source: 'test',
    });
  const append = (count: number) => log.append(0, { kind: 'events', body: Array.from({ length: count }, line).join('\n') });
  const counted: number[] = [];
  const worker = createSpeedWorker({
    log,
    store: createMemoryStore({ partitions: 1 }).speed(),
    definitions: definitionsOf(SMALL_DEFINITIONS),
    partitions: [0],
    sha256Hex,
    digestOf: sha256Hex,
    commitId: () => `before ${id}`,
    now: () => 0,
    onCommitted: (batch) => counted.push(batch.counted),
  });
  await append(events);
  await worker.runOnce();
  await worker.settle();
  counted.length = 0;
  return { worker, append, counted };
}

describe('a worker', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
  afterEach(() => void vi.useRealTimers());

  test('without load commits an event when it comes', async () => {
    const { worker, append, counted } = await workerAfter(1);
    const reading = worker.runOnce();
    await append(1);
    vi.advanceTimersByTime(1);
    await reading;
    await worker.settle();
    expect(counted).toEqual([1]);
  });

  test('under load commits what has come in 8 ms at once', async () => {
    const { worker, append, counted } = await workerAfter(2_000);
    const reading = worker.runOnce();
    for (let ms = 0; ms < 7; ms++) {
      await append(1);
      await turn();
      vi.advanceTimersByTime(1);
    }
    await turn();
    expect(counted).toEqual([]);
    await append(1);
    vi.advanceTimersByTime(1);
    expect(await reading).toBe(8);
    await worker.settle();
    expect(counted).toEqual([8]);
  });

  test('under load stops at once', async () => {
    const { worker } = await workerAfter(2_000);
    const controller = new AbortController();
    const reading = worker.runOnce(controller.signal);
    await turn();
    controller.abort();
    expect(await reading).toBe(0);
  });
});
