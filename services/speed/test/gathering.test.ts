import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createGathering } from '../src/gathering.ts';

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
