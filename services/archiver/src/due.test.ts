import { expect, test } from 'vitest';
import { dueSpools, roomIn } from './due.ts';

const LIMITS = { segmentRows: 100, segmentBytes: 1_000, spoolRows: 150, spoolBytes: 1_500, maxAgeMs: 60_000 };
const NOW = 1_000_000;

interface Filling {
  readonly rows: number;
  readonly bytes: number;
  readonly seals: number | null;
  readonly lostTail: boolean;
  readonly openedAtMs: number | null;
  readonly after: string | null;
  readonly upTo: string | null;
}
const spool = (more: Partial<Filling> = {}): Filling => ({
  rows: 10,
  bytes: 100,
  seals: null,
  lostTail: false,
  openedAtMs: NOW - 1_000,
  after: '1',
  upTo: '2',
  ...more,
});

test.each([
  ['a barrier', { seals: 7 }],
  ['its age', { openedAtMs: NOW - 60_000 }],
  ['a tail that the log lost', { lostTail: true }],
])('a spool closes alone for %s', (_why, more) => {
  const [one, other] = [spool(more), spool()];
  expect(dueSpools([other, one], LIMITS, NOW)).toEqual([one]);
});

test.each([
  ['rows of one segment', [spool({ rows: 100 }), spool({ rows: 1 })]],
  ['bytes of one segment', [spool({ bytes: 1_000 }), spool({ bytes: 1 })]],
  ['rows of all', [spool({ rows: 75 }), spool({ rows: 75 })]],
  ['bytes of all', [spool({ bytes: 750 }), spool({ bytes: 750 })]],
])('all close together when they outgrow the bound on the %s', (_what, spools) => {
  expect(dueSpools(spools, LIMITS, NOW)).toEqual(spools);
});

test('what holds nothing is never closed, and below all bounds nothing is', () => {
  expect(dueSpools([spool({ upTo: '1', seals: 7, lostTail: true })], LIMITS, NOW)).toEqual([]);
  expect(dueSpools([spool(), spool()], LIMITS, NOW)).toEqual([]);
});

test('full spools take one more row, so that reading goes on', () => {
  expect(roomIn([spool({ rows: 40 }), spool({ rows: 60 })], LIMITS)).toBe(50);
  expect(roomIn([spool({ rows: 400 })], LIMITS)).toBe(1);
});
