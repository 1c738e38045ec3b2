/** `/v1/paths` as tables for people. */
import { add, type Integer, subtract } from '@tributary/model/integer';
import type { AnswerOf } from '../api-types.ts';
import { amounts, count, fixed, share } from '../terminal/figures.ts';
import { shortName, type Table } from '../terminal/table.ts';

export type PathsAnswer = AnswerOf<'paths'>;
type Amounts = PathsAnswer['totals'];

const right = (title: string) => ({ title, align: 'right' }) as const;
/** Rows of a list of lengths or lags; the rest is one row. */
const SHOWN = 15;

export function pathsTable(answer: PathsAnswer, currencies: readonly string[]): Table {
  const { totals, unattributed, longer, paths } = answer;
  const listed = sumOf([...paths, longer, unattributed]);
  const rest = {
    conversions: subtract(totals.conversions, listed.conversions),
    valueMinor: subtract(totals.valueMinor ?? 0, listed.valueMinor),
  };
  const cells = (name: string, row: Amounts) => [
    name,
    count(row.conversions),
    share(row.conversions, totals.conversions),
    ...valueCells(row, currencies),
  ];
  const others = answer.distinctPaths - paths.length;
  return {
    columns: [{ title: 'path', wraps: true }, right('conversions'), right('share'), ...valueColumns(currencies)],
    rows: [
      ...paths.map((row) => cells(row.steps.map(shortName).join(' > '), row)),
      ...(others > 0 ? [cells(`(${count(others)} more)`, rest)] : []),
      ...(longer.conversions > 0 ? [cells('(longer)', longer)] : []),
      ...(unattributed.conversions > 0 ? [cells('(unattributed)', unattributed)] : []),
    ],
    total: cells('total', totals),
  };
}

export function lengthsTable({ touches }: PathsAnswer, currencies: readonly string[]): Table {
  return listTable(
    'touches',
    touches.map((row) => [row.touches, row]),
    currencies,
  );
}

export function lagsTable({ lagDays }: PathsAnswer, currencies: readonly string[]): Table {
  return listTable(
    'days',
    lagDays.map((row) => [String(row.lagDays), row]),
    currencies,
  );
}

function listTable(title: string, rows: readonly (readonly [string, Amounts])[], currencies: readonly string[]): Table {
  const total = sumOf(rows.map(([, row]) => row));
  const cells = (name: string, row: Amounts) => [
    name,
    count(row.conversions),
    share(row.conversions, total.conversions),
    ...valueCells(row, currencies),
  ];
  const rest = rows.slice(SHOWN);
  return {
    columns: [{ title }, right('conversions'), right('share'), ...valueColumns(currencies)],
    rows: [
      ...rows.slice(0, SHOWN).map(([name, row]) => cells(name, row)),
      ...(rest.length > 0 ? [cells('more', sumOf(rest.map(([, row]) => row)))] : []),
    ],
    total: cells('total', total),
  };
}

/** Sums over several currencies are not an amount of money: they have no column. */
function valueColumns(currencies: readonly string[]): Table['columns'] {
  return currencies.length > 1 ? [] : [right('value')];
}

function valueCells({ valueMinor = 0 }: Amounts, currencies: readonly string[]): string[] {
  const [currency = ''] = currencies;
  return currencies.length > 1 ? [] : [amounts(valueMinor === 0 ? new Map() : new Map([[currency, valueMinor]]), currency)];
}

function sumOf(rows: readonly Amounts[]) {
  return {
    conversions: rows.reduce<Integer>((sum, row) => add(sum, row.conversions), 0),
    valueMinor: rows.reduce<Integer>((sum, row) => add(sum, row.valueMinor ?? 0), 0),
  };
}

/** Counted for every channel of a path, so a total would count it more than once. */
export function assistsTable({ assists }: PathsAnswer): Table {
  return {
    columns: [{ title: 'channel' }, right('took part'), right('assisted'), right('last'), right('assisted / last')],
    rows: assists.map(({ channel, participated, assisted, last, ratio }) => [
      shortName(channel),
      count(participated),
      count(assisted),
      count(last),
      ratio === null ? '–' : fixed(ratio, 2),
    ]),
  };
}
