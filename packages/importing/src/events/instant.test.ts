import { parseInstant as ofQuestions } from '@tributary/contract/shapes/instants';
import { readInstant } from '@tributary/model/reading/read-instant';
import { describe, expect, test } from 'vitest';
import { parseDuration, parseInstant } from './instant.ts';

describe('instants of exports', () => {
  test.each([
    ['2026-11-21', '2026-11-21T00:00:00.000Z'],
    ['2026-11-21 08:30', '2026-11-21T08:30:00.000Z'],
    ['2026-11-21T08:30:05Z', '2026-11-21T08:30:05.000Z'],
    ['2026-11-21T08:30:05.123456+02:00', '2026-11-21T06:30:05.123Z'],
    ['2026-11-21 08:30:05-0530', '2026-11-21T14:00:05.000Z'],
    ['1763712000', '2025-11-21T08:00:00.000Z'],
    ['1763712000123456', '2025-11-21T08:00:00.123Z'],
    ['1763712000123', '2025-11-21T08:00:00.123Z'],
    ['2024-02-29', '2024-02-29T00:00:00.000Z'],
  ])('%s', (text, iso) => {
    expect(new Date(parseInstant(text) ?? Number.NaN).toISOString()).toBe(iso);
  });

  test.each([
    '',
    '21/11/2026',
    '11/21/2026',
    '2026-02-29',
    '2026-13-01',
    '2026-11-21T25:00',
    'yesterday',
    '12345',
    '1e12',
    '2026-11-21T08:61',
    '0099-11-21',
    '1970-01-21T09:55:12Z',
    '0001763712000',
  ])('"%s" is refused', (text) => {
    expect(parseInstant(text)).toBeNull();
  });

  test('a number means one instant at every door: in events, in imports and in questions', () => {
    const ms = Date.UTC(2025, 10, 21, 12);
    for (const number of [ms / 1_000, ms, ms * 1_000]) {
      const ofEvents = readInstant(number, 'ts');
      expect([ofEvents.ok && ofEvents.value, ofQuestions(String(number)), parseInstant(String(number))]).toEqual([ms, ms, ms]);
    }
  });

  test('durations', () => {
    expect(['90s', '15m', '1h', '2d', '250ms'].map(parseDuration)).toEqual([90_000, 900_000, 3_600_000, 172_800_000, 250]);
    expect(['1', 'h', '-1h', '1.5h', '1w'].map(parseDuration)).toEqual([null, null, null, null, null]);
  });
});
