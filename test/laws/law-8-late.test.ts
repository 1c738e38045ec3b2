import { storedDefinitions } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { encodeEvent } from '@tributary/model/event';
import { HOUR_MS } from '@tributary/model/time';
import { arbitraryLog } from '@tributary/testkit/inputs/arbitrary-log';
import { definitionsOf, SMALL_DEFINITIONS, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { createLedger } from '@tributary/testkit/simulation/ledger';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { merge, speedFold } from './speed-fold.ts';

const definitions = definitionsOf(SMALL_DEFINITIONS);
const LATENESS = definitions.latenessMs;
const NOON = Date.UTC(2026, 2, 1, 12);

const at = (ts: number, id: string, type: string, receivedAt: number, more: Partial<Event> = {}): Event => ({
  ts,
  id,
  type,
  receivedAt,
  source: 'test',
  userId: 'ana',
  ...more,
});

test('law 8: rows not frozen stay exact, late events are pending, and all is exact after the next generation', () => {
  fc.assert(
    fc.property(arbitraryLog({ inTime: false, maxEvents: 30 }), fc.nat(30), (events, cut) => {
      const cuts = [Math.min(cut, events.length)];
      const ledger = createLedger(definitions, (json) => storedDefinitions(json, sha256Hex));
      const note = (log: readonly Event[]) =>
        ledger.note(
          log.map((event, i) => ({
            partition: 0,
            position: `${i}`.padStart(4, '0'),
            kind: 'events',
            body: encodeEvent(event),
            appendedMs: event.receivedAt,
          })),
        );
      note(events.slice(0, cuts[0]));
      ledger.note([
        {
          partition: 0,
          position: '5000',
          kind: 'barrier',
          body: JSON.stringify({ generation: 1, definitions: definitions.json }),
          appendedMs: 0,
        },
      ]);
      note(events.slice(cuts[0]));
      const expected = ledger.expected(1, '9999');

      const fold = speedFold(events, { definitions, cuts });
      expect(differences(merge(naive(events.slice(0, cuts[0]), definitions), fold, 1), expected.rows)).toEqual([]);
      const pending = fold.fates.slice(cuts[0]).filter((fate) => fate === 'late').length;
      expect(pending).toBeGreaterThanOrEqual(expected.pendingFrom);
      expect(pending).toBeLessThanOrEqual(expected.pendingTo);

      const next = speedFold(events, { definitions, cuts: [events.length] });
      expect(differences(merge(naive(events, definitions), next, 1), naive(events, definitions))).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

test('law 8: the edge of lateness is sharp: one millisecond decides, and the late one is pending', () => {
  const now = at(NOON, 'now', 'scroll', NOON);
  const inTime = speedFold([now, at(NOON - LATENESS + 1, 'x', 'buy', NOON)], { definitions });
  const late = speedFold([now, at(NOON - LATENESS, 'x', 'buy', NOON)], { definitions });
  expect(inTime.fates).toEqual(['counted', 'counted']);
  expect(late.fates).toEqual(['counted', 'late']);
  expect(inTime.deltas[0]?.get('conversions')?.size).toBe(1);
  expect(late.deltas[0]?.get('conversions')?.size ?? 0).toBe(0);
});

test('law 8: a late touch changes the conversions that are not frozen, and only those', () => {
  const frozen = at(NOON - LATENESS, 'frozen', 'buy', NOON - LATENESS);
  const open = at(NOON - LATENESS + 1, 'open', 'Order Completed', NOON);
  const touch = at(NOON - LATENESS - HOUR_MS, 'touch', 'click', NOON, { channel: 'search' });
  const fold = speedFold([frozen, open, touch], { definitions });
  expect(fold.fates).toEqual(['counted', 'counted', 'late']);
  const credited = [...(fold.deltas[0]?.get('credit')?.keys() ?? [])].map((key) => key.split('\t').slice(2, 4).join(' to '));
  expect(new Set(credited)).toEqual(new Set(['buy to (unattributed)', 'Order Completed to search']));
});

test('law 8: an event beyond retention is pending and leaves no trace in later paths', () => {
  const retention = LATENESS + definitions.lookbackMs;
  const past = at(NOON - retention, 'old', 'click', NOON, { channel: 'search' });
  const fold = speedFold([at(NOON, 'now', 'scroll', NOON), past, at(NOON, 'c', 'buy', NOON)], { definitions });
  expect(fold.fates).toEqual(['counted', 'late', 'counted']);
  expect(fold.deltas[0]?.get('touches')?.size ?? 0).toBe(0);
});

test('law 8: a timeline that outgrows its bound says so', () => {
  const many = Array.from({ length: 30 }, (_, i) => at(NOON + i, `e${i}`, 'click', NOON + i, { channel: 'search' }));
  expect(speedFold(many, { definitions, maxEvents: 30 }).overflowed).toBe(0);
  expect(speedFold(many, { definitions, maxEvents: 20 }).overflowed).toBeGreaterThan(0);
});
