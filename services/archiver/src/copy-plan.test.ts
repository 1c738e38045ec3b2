import { expect, test } from 'vitest';
import { planCopies } from './copy-plan.ts';
import { openSpool, type Spool } from './spool.ts';

function spool(partition: number, days: number, rowsPerDay: number): Spool {
  const made = openSpool('/', partition, 0, 0, null);
  for (let day = days; day > 0; day--) made.rowsByDay.set(new Date(day * 86_400_000).toISOString().slice(0, 10), rowsPerDay);
  return made;
}

test('law 6: every day of every spool is in exactly one part, whatever the limits', () => {
  const spools = [spool(0, 30, 10), spool(1, 1, 5000), spool(2, 400, 1), spool(3, 0, 0), spool(4, 3, 700)];
  for (const limits of [
    { files: 1, rows: 1 },
    { files: 7, rows: 900 },
    { files: 64, rows: 150_000 },
    { files: 10_000, rows: 10_000_000 },
  ])
    for (const one of spools) {
      const parts = planCopies(spools, limits)
        .flat()
        .filter((part) => part.spool === one);
      for (const [day, rows] of one.rowsByDay) {
        const holders = parts.filter((part) => part.fromDay <= day && day <= part.toDay);
        expect(holders, `${day} with ${rows} rows`).toHaveLength(1);
      }
      expect(parts.reduce((sum, part) => sum + part.rows, 0)).toBe([...one.rowsByDay.values()].reduce((a, b) => a + b, 0));
    }
});

test('a COPY stays within its limits but for a single day that is larger; what fits goes together', () => {
  const copies = planCopies([spool(0, 30, 1_000), spool(1, 30, 1_000), spool(2, 30, 1_000), spool(3, 1, 999_999)], {
    files: 64,
    rows: 100_000,
  });
  expect(copies.map((parts) => parts.map((part) => [part.spool.partition, part.files, part.rows]))).toEqual([
    [
      [0, 30, 30_000],
      [1, 30, 30_000],
    ],
    [[2, 30, 30_000]],
    [[3, 1, 999_999]],
  ]);
  expect(planCopies([spool(3, 0, 0)], { files: 1, rows: 1 })).toEqual([]);
});

test('events of thousands of days are a bounded number of files: the newest days, then months, then years', () => {
  const filesOf = (days: number) =>
    planCopies([spool(0, days, 1_000)], { files: 64, rows: 1_000_000 })
      .flat()
      .reduce((sum, part) => sum + part.files, 0);
  expect(filesOf(32)).toBe(32);
  expect(filesOf(500)).toBeLessThanOrEqual(32 + 17);
  expect(filesOf(20_000)).toBeLessThanOrEqual(32 + 48 + 55 + 20_000 / 1000 + 3);
});

test('days of few events share the file of their month, but for the last two and those after a day with many', () => {
  const datesOf = (rowsByDay: Record<string, number>) => {
    const one = spool(0, 0, 0);
    for (const [day, rows] of Object.entries(rowsByDay)) one.rowsByDay.set(day, rows);
    return planCopies([one], { files: 64, rows: 150_000 })
      .flat()
      .map(({ fromDay, toDay, dateLength }) => [fromDay.slice(0, dateLength), toDay.slice(0, dateLength)]);
  };
  const late = { '2026-10-30': 5, '2026-10-31': 5, '2026-11-01': 999, '2026-11-02': 3, '2026-11-03': 1 };
  expect(datesOf(late)).toEqual([
    ['2026-10', '2026-11'],
    ['2026-11-02', '2026-11-03'],
  ]);
  expect(datesOf({ ...late, '2026-10-31': 1_000 })).toEqual([
    ['2026-10', '2026-10'],
    ['2026-10-31', '2026-11-03'],
  ]);
  expect(datesOf({ '2026-11-02': 3, '2026-11-03': 1 })).toEqual([['2026-11-02', '2026-11-03']]);
});
