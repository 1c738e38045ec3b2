/** Compares the rows of one view in memory: what compare-in-duckdb.ts asks DuckDB about where there are many. */
import { add, type Integer, negate, subtract } from '@tributary/model/integer';
import { addRows, type Rows } from '@tributary/views/deltas';
import type { Cause } from '../specs/causes.ts';
import {
  type BeforeAfter,
  type ClassPart,
  type ComparedView,
  type CompareSpec,
  type DifferenceClass,
  type DifferingRow,
  isAmount,
  type Part,
  type Remainder,
  type Total,
  type ViewComparison,
} from '../specs/compare.ts';

/** What is known of a view's differences: rows by cause, and the class of all else. */
export interface Explained {
  readonly rows: ReadonlyMap<Cause, Rows>;
  readonly remainder: Remainder;
}

/** A row with the measures that it has before and after, 0 where it is missing. */
interface Pair {
  readonly key: readonly string[];
  readonly before: readonly Integer[];
  readonly after: readonly Integer[];
}

export function compareRows(
  { dimensions, measures }: Pick<ComparedView, 'dimensions' | 'measures'>,
  before: Rows,
  after: Rows,
  { listedRows, hidesGone = false }: Pick<CompareSpec, 'listedRows' | 'hidesGone'>,
  explained: Explained,
): ViewComparison {
  const pairs = pairsOf(before, after, measures.length);
  const differing = pairs.filter((pair) => measures.some((_, i) => pair.before[i] !== pair.after[i]));
  const currency = dimensions.indexOf('currency');
  const amountsAt = currency < 0 ? [] : measures.flatMap((name, i) => (isAmount(name) ? [i] : []));
  const withAmounts = pairs.filter((pair) => amountsAt.some((i) => pair.before[i] !== 0 || pair.after[i] !== 0));
  const byCurrency = Object.groupBy(withAmounts, ({ key }) => key[currency] as string);
  const currencies = Object.keys(byCurrency).sort(byBytes);
  const sumsOf = (some: readonly Pair[], at: readonly number[]) =>
    Object.fromEntries(at.map((i) => [measures[i] as string, totalOf(some, i)]));
  const summed = measures.flatMap((name, i) => (currencies.length > 1 && isAmount(name) ? [] : [i]));
  const parts = partsOf(before, after, explained);
  const partSums = (rows: Rows, at: readonly number[]) =>
    Object.fromEntries(at.map((i) => [measures[i] as string, partOf(rows, i)]));
  const classOf = (rows: Rows): ClassPart => {
    const byAmount = Map.groupBy(
      [...rows].filter(([, row]) => amountsAt.some((i) => row[i] !== 0)),
      ([key]) => key.split('\t')[currency] as string,
    );
    const amounts = [...byAmount].sort(([a], [b]) => byBytes(a, b));
    return {
      rows: rows.size,
      totals: partSums(rows, summed),
      amounts: Object.fromEntries(amounts.map(([name, some]) => [name, partSums(new Map(some), amountsAt)])),
    };
  };
  return {
    dimensions,
    rowsBefore: before.size,
    rowsAfter: after.size,
    rowsDiffering: differing.length,
    rowsCompared: pairs.length,
    classes: Object.fromEntries([...parts].map(([name, rows]) => [name, classOf(rows)])),
    totals: sumsOf(pairs, summed),
    amounts: Object.fromEntries(currencies.map((name) => [name, sumsOf(byCurrency[name] ?? [], amountsAt)])),
    rows: differing
      .filter((pair) => !hidesGone || pair.after.some((measure) => measure !== 0))
      .sort(bySize)
      .slice(0, listedRows)
      .map((pair) => differingRow(dimensions, measures, pair, parts)),
  };
}

/** Rows by class, those of zeros left out: together they are the differences. */
function partsOf(before: Rows, after: Rows, { rows, remainder }: Explained): ReadonlyMap<DifferenceClass, Rows> {
  const left: Rows = new Map();
  addRows(left, after);
  addRows(left, before, -1);
  for (const ofCause of rows.values()) addRows(left, ofCause, -1);
  const parts: [DifferenceClass, Rows][] = [...rows, [remainder, left]];
  return new Map(parts.filter(([, some]) => some.size > 0));
}

function partOf(rows: Rows, i: number): Part {
  let [difference, moved]: [Integer, Integer] = [0, 0];
  for (const row of rows.values()) {
    const part = row[i] as Integer;
    difference = add(difference, part);
    moved = add(moved, absolute(part));
  }
  return { difference, moved };
}

function pairsOf(before: Rows, after: Rows, count: number): Pair[] {
  const none = new Array<Integer>(count).fill(0);
  return [...new Set([...before.keys(), ...after.keys()])].map((key) => ({
    key: key.split('\t'),
    before: before.get(key) ?? none,
    after: after.get(key) ?? none,
  }));
}

function totalOf(pairs: readonly Pair[], i: number): Total {
  const sum = (of: (pair: Pair) => Integer) => pairs.reduce<Integer>((so, pair) => add(so, of(pair)), 0);
  const [before, after] = [sum((pair) => pair.before[i] as Integer), sum((pair) => pair.after[i] as Integer)];
  const magnitude = sum((pair) => add(absolute(pair.before[i] as Integer), absolute(pair.after[i] as Integer)));
  return { ...beforeAfter(before, after), moved: sum((pair) => distance(pair, i)), magnitude };
}

function distance({ before, after }: Pair, i: number): Integer {
  return absolute(subtract(after[i] as Integer, before[i] as Integer));
}

function absolute(value: Integer): Integer {
  return value < 0 ? negate(value) : value;
}

function differingRow(
  dimensions: readonly string[],
  measures: readonly string[],
  { key, before, after }: Pair,
  parts: ReadonlyMap<DifferenceClass, Rows>,
): DifferingRow {
  const values = measures.map((name, i) => [name, beforeAfter(before[i] as Integer, after[i] as Integer)] as const);
  return {
    key: Object.fromEntries(dimensions.map((name, i) => [name, key[i] as string])),
    measures: Object.fromEntries(values),
    classes: Object.fromEntries(
      [...parts].flatMap(([name, rows]) => {
        const part = rows.get(key.join('\t'));
        return part === undefined ? [] : [[name, namedParts(measures, part)]];
      }),
    ),
  };
}

/** Measures that are not 0. */
export function namedParts(measures: readonly string[], part: readonly Integer[]): Record<string, Integer> {
  return Object.fromEntries(measures.flatMap((name, i) => (part[i] === 0 ? [] : [[name, part[i] as Integer]])));
}

function beforeAfter(before: Integer, after: Integer): BeforeAfter {
  return { before, after, difference: subtract(after, before) };
}

/** The largest difference of any measure first; then by key, as DuckDB orders text. */
function bySize(a: Pair, b: Pair): number {
  const [large, small] = [size(b), size(a)];
  if (large !== small) return large > small ? 1 : -1;
  const at = a.key.findIndex((part, i) => part !== b.key[i]);
  return at < 0 ? 0 : byBytes(a.key[at] as string, b.key[at] as string);
}

function size(pair: Pair): Integer {
  let most: Integer = 0;
  for (const i of pair.before.keys()) {
    const moved = distance(pair, i);
    if (moved > most) most = moved;
  }
  return most;
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
