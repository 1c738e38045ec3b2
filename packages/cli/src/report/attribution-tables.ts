/** Attribution reports of the API as tables for people. */
import { add, type Integer, subtract } from '@tributary/model/integer';
import type { Comparison, ReportRow } from '../api-types.ts';
import { amounts, conversions, count, fixed, money, percent, share } from '../terminal/figures.ts';
import { shortName, type Table } from '../terminal/table.ts';
import {
  type Change,
  changeRatioCpa,
  changeRatioRoas,
  changesFrom,
  creditChange,
  moneyChange,
  only,
  signed,
} from './change-figures.ts';
import { type FoldedRow, totalOf } from './fold-currencies.ts';

export type Dimensions = Readonly<Record<string, unknown>>;

/** What a data-driven model says of a channel, beside its credit. */
export type ModelFigures = Partial<
  Pick<ReportRow, 'effect' | 'conversionsOnPaths' | 'roasOnPaths' | 'shareLow' | 'shareHigh' | 'rank' | 'rankTo' | 'aboveNext'>
>;

export interface Shown {
  readonly conversions: boolean;
  readonly revenue: boolean;
}

const right = (title: string) => ({ title, align: 'right' }) as const;
const left = (title: string) => ({ title });

/** A column: its title, and its cell for a row and for the total (whose key is empty). */
interface Figure {
  readonly title: string;
  readonly cell: (row: FoldedRow) => string;
}

/**
 * `figuresOf`: by the row's key joined with a tab; undefined where the answer has none. `previous`: the same rows in an earlier
 * window, where the report is held against one.
 */
export function reportTable(
  rows: readonly FoldedRow[],
  by: readonly string[],
  shown: Shown = { conversions: true, revenue: true },
  figuresOf: ReadonlyMap<string, ModelFigures> = new Map(),
  previous: readonly FoldedRow[] | null = null,
): Table {
  const total = totalOf(rows);
  const amountsOf = amountFigures(total, shown);
  const changes = previous === null ? [] : changeFigures(changesFrom(previous), total.touches !== null, shown);
  const figures = [...amountsOf, ...changes, ...modelFigures(figuresOf)];
  const cells = (row: FoldedRow, key: readonly string[]) => [...key, ...figures.map(({ cell }) => cell(row))];
  return {
    keys: by.length,
    partsAt: by.length + amountsOf.length,
    columns: [...by.map(left), ...figures.map(({ title }) => right(title))],
    rows: rows.map((row) => cells(row, row.key.map(shortName))),
    total: cells(total, totalKey(by)),
  };
}

function amountFigures(total: FoldedRow, shown: Shown): Figure[] {
  const withCosts = total.touches !== null;
  const isPaid = withCosts && total.cost.size > 0;
  const costIn = soleCurrency(total.cost, total.value);
  const valueIn = soleCurrency(total.value, total.cost);
  const all: (Figure & { if: boolean })[] = [
    { title: 'touches', cell: (row) => (row.touches === null ? '' : count(row.touches)), if: withCosts },
    { title: 'cost', cell: (row) => amounts(row.cost, costIn), if: withCosts },
    { title: 'conversions', cell: credited('conversions', (row) => conversions(row.creditMicros)), if: shown.conversions },
    {
      title: 'share',
      cell: credited('conversions', (row) => share(row.creditMicros, total.creditMicros)),
      if: shown.conversions,
    },
    { title: 'value', cell: credited('value', (row) => amounts(row.value, valueIn)), if: shown.revenue },
    { title: 'ROAS', cell: credited('value', roas), if: isPaid && shown.revenue },
    { title: 'CPA', cell: credited('conversions', cpa), if: isPaid && shown.conversions },
  ];
  return all.filter((figure) => figure.if);
}

/** What a model hands out, where it does. */
function credited<Row extends Pick<FoldedRow, 'withheld'>>(
  reward: 'conversions' | 'value',
  text: (row: Row) => string,
): (row: Row) => string {
  return (row) => (row.withheld.has(reward) ? '–' : text(row));
}

/** In which an amount of nothing is shown: '' where there are several. `other`: asked where there are none. */
function soleCurrency(amount: ReadonlyMap<string, Integer>, other: ReadonlyMap<string, Integer> = new Map()): string {
  const [currency = '', ...more] = (amount.size === 0 ? other : amount).keys();
  return more.length === 0 ? currency : '';
}

function changeFigures(changeOf: (row: FoldedRow) => Change, withCosts: boolean, shown: Shown): Figure[] {
  const all: { title: string; cell: (change: Change) => string; if: boolean }[] = [
    { title: 'cost change', cell: ({ cost }) => moneyChange(cost), if: withCosts },
    { title: 'conversions change', cell: credited('conversions', creditChange), if: shown.conversions },
    { title: 'value change', cell: credited('value', ({ value }) => moneyChange(value)), if: shown.revenue },
    { title: 'change ratio ROAS', cell: credited('value', changeRatioRoas), if: withCosts && shown.revenue },
    { title: 'change ratio CPA', cell: credited('conversions', changeRatioCpa), if: withCosts && shown.conversions },
  ];
  return all.filter((figure) => figure.if).map(({ title, cell }) => ({ title, cell: (row) => cell(changeOf(row)) }));
}

function modelFigures(figuresOf: ReadonlyMap<string, ModelFigures>): Figure[] {
  const of = (row: FoldedRow) => figuresOf.get(row.key.join('\t'));
  const has = (name: keyof ModelFigures) => [...figuresOf.values()].some((figures) => typeof figures[name] === 'number');
  const figure = (name: keyof ModelFigures, title: string, text: (figures: ModelFigures) => string | undefined) =>
    has(name) ? [{ title, cell: (row: FoldedRow) => text(of(row) ?? {}) ?? '' }] : [];
  return [
    ...figure('effect', 'effect', ({ effect }) => (typeof effect === 'number' ? effectText(effect) : '')),
    ...figure('conversionsOnPaths', 'on paths', ({ conversionsOnPaths: own }) => (own === undefined ? undefined : fixed(own, 2))),
    ...figure('roasOnPaths', 'ROAS on paths', ({ roasOnPaths: own }) => (typeof own === 'number' ? fixed(own, 2) : '')),
    ...figure('shareLow', 'interval of the share', intervalText),
    ...figure('rank', 'rank; above the next', ({ rank, rankTo, aboveNext }) =>
      typeof rank !== 'number'
        ? '–'
        : `${rankText(rank, rankTo)} ${typeof aboveNext === 'number' ? percent(aboveNext, 0).padStart(5) : '     '}`,
    ),
  ];
}

function intervalText({ shareLow: low, shareHigh: high }: Pick<ModelFigures, 'shareLow' | 'shareHigh'>): string {
  return typeof low !== 'number' || typeof high !== 'number' ? '–' : `${percent(low)} – ${percent(high)}`;
}

function rankText(rank: number, rankTo: ModelFigures['rankTo']): string {
  return `#${rank}${rankTo === rank ? '' : `–${rankTo}`}`;
}

/** Effects are rates, parts or conversions: four figures say enough of each. */
function effectText(effect: number): string {
  return effect === 0 ? '0' : Math.abs(effect) >= 1000 ? fixed(effect, 0) : String(Number(effect.toPrecision(4)));
}

/** For one currency only: no rate between two is known. */
function roas({ cost, value }: FoldedRow): string {
  const [currency, minor] = only(cost);
  if (currency === undefined || [...value.keys()].some((other) => other !== currency)) return '–';
  return fixed(Number(value.get(currency) ?? 0) / Number(minor), 2);
}

function cpa({ cost, value, paidIn, creditMicros }: FoldedRow): string {
  const [currency, minor] = only(cost);
  const isMixed = [...value.keys(), ...paidIn].some((other) => other !== currency);
  if (currency === undefined || creditMicros <= 0 || isMixed) return '–';
  return money(Math.round((Number(minor) / Number(creditMicros)) * 1_000_000), currency);
}

export type CompareRow = Comparison['rows'][number];

/** Rows by dimensions, one amount a model; `baseline`: the others also show how they differ from it. */
export function compareTable(
  rows: ReadonlyMap<string, readonly FoldedRow[]>,
  by: readonly string[],
  measure: 'conversions' | 'value',
  baseline: string | undefined,
): Table {
  const models = [...rows.keys()];
  const keys = [...(rows.get(models[0] as string) ?? [])].map(({ key }) => key);
  const sole = soleCurrency(totalOf([...rows.values()].flat()).value);
  const byKey = new Map([...rows].map(([model, of]) => [model, new Map(of.map((row) => [row.key.join('\t'), row]))]));
  const at = (model: string, key: readonly string[]) => byKey.get(model)?.get(key.join('\t'));
  const text = (row: FoldedRow | undefined) => {
    if (row?.withheld.has(measure) === true) return '–';
    return measure === 'conversions' ? conversions(row?.creditMicros ?? 0) : amounts(row?.value ?? new Map(), sole);
  };
  const cells = (rowOf: (model: string) => FoldedRow | undefined) =>
    models.map((model) => {
      const own = text(rowOf(model));
      if (baseline === undefined || model === baseline) return own;
      return `${own} (${difference(rowOf(model), rowOf(baseline), measure)})`;
    });
  return {
    keys: by.length,
    columns: [...by.map(left), ...models.map(right)],
    rows: keys.map((key) => [...key.map(shortName), ...cells((model) => at(model, key))]),
    total: [...totalKey(by), ...cells((model) => totalOf(rows.get(model) ?? []))],
  };
}

/** The interval of each model's share of a channel, with its rank. `channels`: in their order. */
export function intervalTable({ models, rows }: Pick<Comparison, 'models' | 'rows'>, channels: readonly string[]): Table {
  const byChannel = new Map(rows.map(({ channel = '', models: figures }) => [channel, figures]));
  const text = (figures: CompareRow['models'][string] | undefined) => {
    const { rank, rankTo } = figures ?? {};
    return `${intervalText(figures ?? {})}${typeof rank === 'number' ? ` ${rankText(rank, rankTo)}` : ''}`;
  };
  return {
    keys: 1,
    columns: [left('channel'), ...models.map(right)],
    rows: channels.map((channel) => [shortName(channel), ...models.map((model) => text(byChannel.get(channel)?.[model]))]),
  };
}

function difference(row: FoldedRow | undefined, base: FoldedRow | undefined, measure: 'conversions' | 'value'): string {
  if (row?.withheld.has(measure) === true || base?.withheld.has(measure) === true) return '–';
  if (measure === 'conversions') return signed(subtract(row?.creditMicros ?? 0, base?.creditMicros ?? 0), conversions);
  const currencies = new Set([...(row?.value.keys() ?? []), ...(base?.value.keys() ?? [])]);
  if (currencies.size > 1) return '…';
  const [currency = ''] = currencies;
  return signed(subtract(row?.value.get(currency) ?? 0, base?.value.get(currency) ?? 0), (minor) => money(minor, ''));
}

/** Read in their order. */
const TIMES: ReadonlySet<string> = new Set(['day', 'week', 'month']);

/** By time where there is one, else the most conversions (or value) first. */
export function ordered(rows: readonly FoldedRow[], by: readonly string[]): FoldedRow[] {
  const byKey = (a: FoldedRow, b: FoldedRow) => (a.key.join('\t') < b.key.join('\t') ? -1 : 1);
  const worth = ({ value }: FoldedRow) => [...value.values()].reduce<Integer>((sum, minor) => add(sum, minor), 0);
  return rows.toSorted((a, b) => {
    if (by.some((dimension) => TIMES.has(dimension))) return byKey(a, b);
    return descending(a.creditMicros, b.creditMicros) || descending(worth(a), worth(b)) || byKey(a, b);
  });
}

function descending(a: Integer, b: Integer): number {
  return a > b ? -1 : a < b ? 1 : 0;
}

function totalKey(by: readonly string[]): string[] {
  return by.map((_, i) => (i === 0 ? 'total' : ''));
}
