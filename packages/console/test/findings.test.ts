/** What the console says of the state of the platform, and how it splits differences: each judged alone. */
import { RECONCILIATION_EXAMPLE } from '@tributary/contract/groups/reconciliation';
import { expect, test } from 'vitest';
import { classesIn, classRowsOf, differencesOf, figureIn, nameIn, sumName } from '../src/app/pages/class-rows.ts';
import { type Finding, findingsOf, type Seen } from '../src/app/pages/findings.ts';

const NOON = Date.UTC(2026, 10, 20, 12);
const HOUR = 3_600_000;
const partition = {
  ...{ partition: 0, position: '1', logEnd: '1', behind: false as boolean | null, logTime: NOON, lagMs: 12, generation: 7 },
};
const schedule = {
  ...{ name: 'default', everyMs: HOUR, cron: null, timeZone: 'UTC', mode: 'incremental' as const, promote: 'auto' as const },
  ...{ catchUp: 'once' as const, paused: false, by: 'x', at: NOON - 9 * HOUR, lastDoneAt: NOON as number | null },
  next: [1, 2, 3].map((i) => NOON + i * HOUR),
};
const WELL: Seen = {
  status: {
    partitions: [partition],
    generation: { current: 7, served: 7, sequence: 9, failure: null },
    lastRun: null,
    ...{ pending: 0, complete: true, reasons: [], warnings: [], computations: [], definitions: 'd', definitionsInForce: null },
  },
  schedules: [schedule],
  rejections: { collectors: [{ collector: 'http://c:7400', since: null, problem: null }] },
  reconciliations: [{ generation: 7, reconciliation: RECONCILIATION_EXAMPLE }],
};
const shown = (seen: Seen): Record<string, Finding['is']> =>
  Object.fromEntries(findingsOf(seen, NOON).map(({ check, is }) => [check, is]));
const GOOD = shown(WELL);

test('where all is well nothing is to be done', () => {
  expect(new Set(Object.values(GOOD))).toEqual(new Set(['good']));
  expect(findingsOf(WELL, NOON).every(({ fix }) => fix === null)).toBe(true);
});

const status = (of: Partial<Seen['status']>): Partial<Seen> => ({ status: { ...WELL.status, ...of } });
const ranNow = status({ lastRun: { at: NOON, generation: 7, nothingNew: true } });
const engine = (of: object): Partial<Seen> => ({
  reconciliations: [{ generation: 7, reconciliation: { ...RECONCILIATION_EXAMPLE, ...of } }],
});
type Computation = NonNullable<Seen['status']['computations']>[number];
const computations = (...changes: readonly Partial<Computation>[]) =>
  status({
    computations: changes.map((one, i) => ({
      ...{ name: `c${i}`, version: '1', state: 'STANDS_STILL' as const, lagMs: 0, reportedAt: NOON - 90_000 },
      ...one,
    })),
  });
test.each<[what: string, of: Partial<Seen>, check: string, is: Finding['is']]>([
  [
    'an incomplete answer',
    status({ complete: false, reasons: ['behind'], warnings: ['partition 3 is behind'] }),
    'Answers',
    'bad',
  ],
  ['a generation that cannot be read', status({ generation: { ...WELL.status.generation, failure: 'x' } }), 'Generation', 'bad'],
  ['an older generation', status({ generation: { ...WELL.status.generation, served: 6 } }), 'Generation', 'late'],
  ['no generation', status({ generation: { ...WELL.status.generation, current: null } }), 'Generation', 'late'],
  ['a partition that is behind', status({ partitions: [{ ...partition, behind: true }] }), 'Partitions', 'late'],
  ['one of which nothing is known', status({ partitions: [partition, { ...partition, behind: null }] }), 'Partitions', 'bad'],
  ['a run that is overdue', { schedules: [{ ...schedule, lastDoneAt: NOON - 3 * HOUR }] }, 'Schedules', 'bad'],
  ['a run that never ended', { schedules: [{ ...schedule, lastDoneAt: null }] }, 'Schedules', 'bad'],
  [
    'a full run that is overdue though another run ended',
    { ...ranNow, schedules: [{ ...schedule, mode: 'full', lastDoneAt: NOON - 3 * HOUR }] },
    'Schedules',
    'bad',
  ],
  [
    'an incremental run that another run made up for',
    { ...ranNow, schedules: [{ ...schedule, lastDoneAt: NOON - 3 * HOUR }] },
    'Schedules',
    'good',
  ],
  ['a run that is due soon', { schedules: [{ ...schedule, lastDoneAt: NOON - 2 * HOUR }] }, 'Schedules', 'good'],
  ['a paused schedule', { schedules: [{ ...schedule, paused: true, next: [] }] }, 'Schedules', 'late'],
  ['no schedule', { schedules: [] }, 'Schedules', 'good'],
  ['a silent collector', { rejections: { collectors: [{ collector: 'c', since: null, problem: 'x' }] } }, 'Collectors', 'bad'],
  ['no known collector', { rejections: { collectors: [] } }, 'Collectors', 'unknown'],
  ['a question without an answer', { rejections: undefined }, 'Collectors', 'unknown'],
  ['a computation that stands still', computations({ state: 'BEHIND', lagMs: 1 }, { reportedAt: null }), 'Computations', 'bad'],
  ['one that is behind', computations({ state: 'RUNNING', lagMs: null }, { state: 'BEHIND', lagMs: 1 }), 'Computations', 'late'],
  ['one that has not started', computations({ state: 'NOT_STARTED' }), 'Computations', 'late'],
  ['one for which it is not known what waits', computations({ state: 'RUNNING', lagMs: null }), 'Computations', 'unknown'],
  ['those of which nothing is known', status({ computations: null }), 'Computations', 'unknown'],
  ['those that run', computations({ state: 'RUNNING' }, { state: 'RUNNING', lagMs: 9 }), 'Computations', 'good'],
  ['rows that differ for no reason', engine({ engineDefectRows: 3 }), 'Both engines', 'bad'],
  ['a generation that was not compared', engine({ failure: 'x' }), 'Both engines', 'late'],
])('%s is named, with what to do, and nothing else is', (_what, of, check, is) => {
  expect(shown({ ...WELL, ...of })).toEqual({ ...GOOD, [check]: is });
  const found = findingsOf({ ...WELL, ...of }, NOON).find((one) => one.check === check);
  expect(found?.fix === null).toBe(is === 'good');
});

test('law 4: each sum that differs is split into classes that add up to it, amounts by their currency alone', () => {
  const part = (difference: number) => ({ difference, moved: Math.abs(difference) });
  const amounts = (of: (currency: number) => object) => ({ EUR: { valueMinor: of(1) }, USD: { valueMinor: of(2) } });
  const view = {
    ...{ rowsBefore: 2, rowsAfter: 2, rowsDiffering: 2, rows: [] },
    totals: {
      conversions: { before: 4, after: 9, difference: 5, moved: 5 },
      valueMinor: { before: 1, after: 4, difference: 3, moved: 3 },
      touches: { before: 1, after: 1, difference: 0, moved: 0 },
    },
    amounts: amounts((of) => ({ before: 0, after: of, difference: of, moved: of })),
    classes: {
      ofTomorrow: { rows: 1, totals: { conversions: part(1) }, amounts: {} },
      duplicate: { rows: 1, totals: { conversions: part(-2) }, amounts: {} },
      late: { rows: 1, totals: { conversions: part(6), valueMinor: part(3) }, amounts: amounts(part) },
    },
  } as unknown as Parameters<typeof classRowsOf>[0][string];
  const rows = classRowsOf({ conversions: view });
  expect(rows.map(({ measure, currency, difference }) => [measure, currency, difference])).toEqual([
    ['conversions', null, 5],
    ['valueMinor', 'EUR', 1],
    ['valueMinor', 'USD', 2],
  ]);
  expect(differencesOf('conversions', view).map((row) => [nameIn(row), figureIn(row, row.difference)])).toEqual([
    ['conversions', '5'],
    ['touches', '0'],
    ['value', '€0.01'],
    ['value', '$0.02'],
  ]);
  for (const { difference, parts } of rows)
    expect([...parts.values()].reduce<number>((sum, one) => sum + Number(one), 0)).toBe(difference);
  expect(classesIn(rows)).toEqual(['late', 'duplicate', 'ofTomorrow']);
});

test('a sum that is not a count of things is named with its unit', () => {
  expect(['valueMinor', 'creditMicros', 'engagedMs', 'xPx', 'conversions', 'band0Views', 'Minor'].map(sumName)).toEqual([
    ...['value, minor units', 'credit, millionths', 'engaged, ms', 'x, px', 'conversions', 'band0Views', 'Minor'],
  ]);
});
