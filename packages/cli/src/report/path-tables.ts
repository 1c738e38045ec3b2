/** `/v1/paths` as tables for people. */
import { add, type Integer, subtract } from '@tributary/model/integer';
import { count, money, share } from '../terminal/figures.ts';
import { shortName, type Table } from '../terminal/table.ts';
import type { WindowOf } from './api-output.ts';
import type { Meta } from './meta-line.ts';

interface Amounts {
  readonly conversions: Integer;
  readonly valueMinor: Integer;
}

export interface PathsAnswer extends WindowOf {
  readonly totals: Amounts;
  readonly paths: readonly (Amounts & { readonly steps: readonly string[]; readonly share: number })[];
  readonly distinctPaths: number;
  readonly longer: Amounts;
  readonly unattributed: Amounts;
  readonly touches: readonly (Amounts & { readonly touches: string })[];
  readonly lagDays: readonly (Amounts & { readonly lagDays: number })[];
  readonly assists: readonly {
    readonly channel: string;
    readonly assisted: Integer;
    readonly participated: Integer;
    readonly last: Integer;
    readonly ratio: number | null;
  }[];
  readonly meta: Meta;
}

const right = (title: string) => ({ title, align: 'right' }) as const;
/** Rows of a list of lengths or lags; the rest is one row. */
const SHOWN = 15;

/** Values carry their currency where one was asked for: of several currencies they are no amount of money. */
export function pathsTable(answer: PathsAnswer, currency = ''): Table {
  const { totals, unattributed, longer, paths } = answer;
  const listed = sumOf([...paths, longer, unattributed]);
  const rest = {
    conversions: subtract(totals.conversions, listed.conversions),
    valueMinor: subtract(totals.valueMinor, listed.valueMinor),
  };
  const cells = (name: string, row: Amounts) => [
    name,
    count(row.conversions),
    share(row.conversions, totals.conversions),
    money(row.valueMinor, currency),
  ];
  const others = answer.distinctPaths - paths.length;
  return {
    columns: [{ title: 'path' }, right('conversions'), right('share'), right('value')],
    rows: [
      ...paths.map((row) => cells(row.steps.map(shortName).join(' > '), row)),
      ...(others > 0 ? [cells(`(${count(others)} more)`, rest)] : []),
      ...(longer.conversions > 0 ? [cells('(longer)', longer)] : []),
      ...(unattributed.conversions > 0 ? [cells('(unattributed)', unattributed)] : []),
    ],
    total: cells('total', totals),
  };
}

export function lengthsTable({ touches }: PathsAnswer, currency = ''): Table {
  return listTable(
    'touches',
    touches.map((row) => [row.touches, row]),
    currency,
  );
}

export function lagsTable({ lagDays }: PathsAnswer, currency = ''): Table {
  return listTable(
    'days',
    lagDays.map((row) => [String(row.lagDays), row]),
    currency,
  );
}

function listTable(title: string, rows: readonly (readonly [string, Amounts])[], currency: string): Table {
  const total = sumOf(rows.map(([, row]) => row));
  const cells = (name: string, row: Amounts) => [
    name,
    count(row.conversions),
    share(row.conversions, total.conversions),
    money(row.valueMinor, currency),
  ];
  const rest = rows.slice(SHOWN);
  return {
    columns: [{ title }, right('conversions'), right('share'), right('value')],
    rows: [
      ...rows.slice(0, SHOWN).map(([name, row]) => cells(name, row)),
      ...(rest.length > 0 ? [cells('more', sumOf(rest.map(([, row]) => row)))] : []),
    ],
    total: cells('total', total),
  };
}

function sumOf(rows: readonly Amounts[]): Amounts {
  return rows.reduce(
    (sum, row) => ({ conversions: add(sum.conversions, row.conversions), valueMinor: add(sum.valueMinor, row.valueMinor) }),
    { conversions: 0, valueMinor: 0 },
  );
}

/** Counted for every channel of a path, so there is no total. */
export function assistsTable({ assists }: PathsAnswer): Table {
  return {
    columns: [{ title: 'channel' }, right('took part'), right('assisted'), right('last'), right('assisted / last')],
    rows: assists.map(({ channel, participated, assisted, last, ratio }) => [
      shortName(channel),
      count(participated),
      count(assisted),
      count(last),
      ratio === null ? '–' : ratio.toFixed(2),
    ]),
  };
}
