import fc from 'fast-check';
import { expect, test } from 'vitest';
import { msOfCalendar, readInstant } from './read-instant.ts';

const msOf = (value: unknown) => {
  const read = readInstant(value, 'ts');
  return read.ok ? read.value : undefined;
};

test('an instant is the same in seconds, milliseconds, microseconds and RFC 3339', () => {
  const ms = Date.UTC(2026, 10, 21, 12, 0, 0, 123);
  for (const value of [ms, ms / 1000, ms * 1000, ms * 1000 + 999, '2026-11-21T12:00:00.123Z', '2026-11-21T13:00:00.1239+01:00'])
    expect([value, msOf(value)]).toEqual([value, ms]);
  expect(msOf(1_763_726_400)).toBe(Date.UTC(2025, 10, 21, 12));
});

test('law 3: what was read, read again, is the same instant', () => {
  const digits = fc
    .integer({ min: 1, max: 16 })
    .chain((n) => fc.integer({ min: 10 ** (n - 1), max: Math.min(10 ** n, 2 ** 53 - 1) }));
  const text = fc.date({ min: new Date(0), max: new Date('2286-01-01'), noInvalidDate: true }).map((date) => date.toISOString());
  const early = fc.integer({ min: 0, max: 2e10 }).map((ms) => new Date(ms).toISOString());
  let read = 0;
  fc.assert(
    fc.property(fc.oneof(digits, text, early, fc.double({ min: 1e9, max: 1e10, noNaN: true })), (value) => {
      const ms = msOf(value);
      if (ms === undefined) return;
      read++;
      expect(msOf(ms)).toBe(ms);
      if (typeof value === 'string') expect(ms).toBe(Date.parse(value));
    }),
    { numRuns: 1_000 },
  );
  expect(read).toBeGreaterThan(500);
});

test('a date with a time is one that calendar and clock have, at every door', () => {
  expect(msOfCalendar('2028-02-29')).toBe(Date.UTC(2028, 1, 29));
  expect(msOfCalendar('0099-12-31T00:30:00+01:00')).toBe(Date.parse('0099-12-30T23:30:00Z'));
  for (const text of ['2026-02-29', '2026-13-01', '2026-00-10', '2026-01-00'])
    expect([text, msOfCalendar(text), msOf(`${text}T08:00:00Z`)]).toEqual([text, undefined, undefined]);
  for (const time of ['24:00:00Z', '08:60:00Z', '08:00:60Z', '08:00:00+24:00', '08:00:00+01:60', '08:00:00+99:99'])
    expect([time, msOfCalendar(`2026-01-31T${time}`), msOf(`2026-01-31T${time}`)]).toEqual([time, undefined, undefined]);
});

test('what no sender can mean is refused, with the forms that are read', () => {
  for (const value of ['1970-01-20T11:22:05.600Z', 17_637_264_00.5e9, 1.5, 1e300, '1763726400', 'now', {}, true])
    expect(readInstant(value, 'ts')).toMatchObject({
      ok: false,
      code: 'invalid_field',
      message: expect.stringContaining('seconds (10)'),
    });
});
