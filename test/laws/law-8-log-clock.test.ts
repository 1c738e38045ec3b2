/** The one clock that no writer can set is the log's own: it bounds how far a record moves log time. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fillSpool, openSpool } from '@tributary/archiver/spool';
import type { LogEntry } from '@tributary/log/port';
import { type Event, encodeEvent } from '@tributary/model/event';
import { DAY_MS, HOUR_MS } from '@tributary/model/time';
import { sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeBatch } from '../../services/speed/src/read/decode.ts';

const NOW = 1_794_650_000_000;
let ids = 0;
const entry = (receivedAt: number, appendedMs: number, more: Partial<Event> = {}): LogEntry => ({
  partition: 0,
  position: String(++ids).padStart(8, '0'),
  kind: 'events',
  body: encodeEvent({ ts: receivedAt, type: 'click', id: `e${ids}`, userId: 'u', receivedAt, source: 'test', ...more }),
  appendedMs,
});
const heartbeat = (receivedAt: number, appendedMs: number): LogEntry => ({
  ...entry(0, appendedMs),
  kind: 'heartbeat',
  body: JSON.stringify({ receivedAt }),
});
const decode = (entries: readonly LogEntry[], logTimeMs = NOW) => decodeBatch(entries, logTimeMs, 0, 1, sha256Hex);

test('law 8: a record from 200 days ahead is parked, and what comes after it is in time', () => {
  const batch = decode([entry(NOW + 200 * DAY_MS, NOW + 1_000), entry(NOW + 2_000, NOW + 2_000)]);
  expect(batch.parked).toMatchObject([{ code: 'received_in_future' }]);
  expect(batch.arrivals).toHaveLength(1);
  expect(batch.logTimeMs).toBe(NOW + 2_000);
});

test('law 8: a clock that is hours ahead loses no event, and moves log time no further than the log itself is', () => {
  const batch = decode([entry(NOW + 5 * HOUR_MS, NOW + 1_000), heartbeat(NOW + 90 * DAY_MS, NOW + 3_000)]);
  expect(batch.arrivals.map(({ logTimeMs }) => logTimeMs)).toEqual([NOW + 1_000]);
  expect(batch.logTimeMs).toBe(NOW + 3_000);
});

test('law 8: log time that once ran ahead comes back with the next entry', () => {
  expect(decode([heartbeat(NOW, NOW)], NOW + 200 * DAY_MS).logTimeMs).toBe(NOW);
  // Brokers' clocks differ a little: log time does not go back for that.
  expect(decode([heartbeat(NOW, NOW)], NOW + 1_000).logTimeMs).toBe(NOW + 1_000);
});

test('law 8: log time never leads the log, and both layers keep the same events, whatever the clocks of writers', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-clock-'));
  const ahead = fc.integer({ min: -3 * DAY_MS, max: 3 * DAY_MS });
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(ahead, { minLength: 1, maxLength: 20 }), fc.integer({ min: 1, max: 20 }), async (leads, step) => {
        const entries = leads.map((lead, i) => entry(NOW + i * step + lead, NOW + i * step));
        const whole = decode(entries);
        expect(whole.logTimeMs).toBeLessThanOrEqual(NOW + leads.length * step);
        const spool = openSpool(folder, 0, ids, 0, null);
        await fillSpool(spool, entries, 1, { rows: 1_000, bytes: 1e9 }, NOW);
        expect([spool.rows, spool.deadRows]).toEqual([whole.arrivals.length, whole.parked.length]);
        // Read one by one, in another process, it is decided alike.
        let logTimeMs = NOW;
        for (const one of entries) logTimeMs = decode([one], logTimeMs).logTimeMs;
        expect(logTimeMs).toBe(whole.logTimeMs);
      }),
      { numRuns: 100 },
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});
