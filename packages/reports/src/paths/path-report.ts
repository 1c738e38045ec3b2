/** What the paths of conversions look like: the most frequent ones, how long they are, who assists. Pure, over merged rows. */

import { SEPARATOR } from '@tributary/attribution/data-driven/counts';
import { CREDIT_UNIT_MICROS } from '@tributary/model/amounts/money';
import { OTHER } from '@tributary/model/channels/channel';
import { TributaryError } from '@tributary/model/errors';
import { add, type Integer } from '@tributary/model/integer';
import type { Days, Selection } from '@tributary/serving/merge';
import type { Snapshot } from '@tributary/serving/snapshot';
import { assists } from '@tributary/views/assists/fold';
import { conversions } from '@tributary/views/conversions/fold';
import { credit, UNATTRIBUTED } from '@tributary/views/credit/fold';
import type { Rows } from '@tributary/views/deltas';
import { pathShapes } from '@tributary/views/path-shapes/fold';
import { paths } from '@tributary/views/paths/fold';
import type { View } from '@tributary/views/view';
import { rekeyed } from '../row-keys.ts';
import { currenciesIn, severalCurrencies, sumOf } from '../sums.ts';

export const PATH_VIEWS: readonly View[] = [assists, conversions, credit, pathShapes, paths];

interface Sums {
  readonly conversions: Integer;
  readonly valueMinor: Integer;
}

/** Where it would be a sum of several currencies there is no value; likewise all that are named so. */
type Amounts = Pick<Sums, 'conversions'> & Partial<Sums>;

interface PathRow extends Amounts {
  /** Channels in order, consecutive repeats being one. */
  readonly steps: readonly string[];
  /** The part of all conversions, unattributed ones included. */
  readonly share: number;
}

interface AssistRow {
  readonly channel: string;
  readonly assisted: Integer;
  readonly assistedValueMinor?: Integer;
  readonly participated: Integer;
  readonly participatedValueMinor?: Integer;
  readonly last: number;
  readonly lastValueMinor?: Integer;
  /** assisted / last; null: it was never the last touch. */
  readonly ratio: number | null;
}

export interface PathReport {
  readonly totals: Amounts;
  readonly paths: readonly PathRow[];
  /** Paths that are there, of which `paths` shows the first. */
  readonly distinctPaths: number;
  /** Those that are left out, together. */
  readonly rest: Amounts & { readonly rows: number };
  /** What paths come to that have more steps than are kept one by one. */
  readonly longer: Amounts;
  readonly unattributed: Amounts;
  readonly touches: readonly (Amounts & { readonly touches: string })[];
  readonly lagDays: readonly (Amounts & { readonly lagDays: number })[];
  readonly assists: readonly AssistRow[];
  readonly holes: string[];
  readonly notes: string[];
}

export interface PathQuestion {
  readonly days: Days;
  /** type, currency. */
  readonly equal: Selection['equal'];
  readonly sort: 'conversions' | 'value';
  readonly limit: number;
}

/** The rows of the answer, by currency: what is shown is asked for so, then added up. */
const BY_PATH = ['currency', 'path'];
const BY_SHAPE = ['currency', 'touches', 'lagDays'];
const BY_CHANNEL = ['currency', 'channel'];
const PARTICIPATED_VALUE = assists.measures.indexOf('participatedValueMinor');

export function pathReport({ project }: Pick<Snapshot, 'project'>, { days, equal, sort, limit }: PathQuestion): PathReport {
  const totals = sumsOf(sumOf(project(conversions, { days, by: [], equal }), 2));
  const inCurrencies = {
    paths: project(paths, { days, by: BY_PATH, equal }),
    shapes: project(pathShapes, { days, by: BY_SHAPE, equal }),
    assists: project(assists, { days, by: BY_CHANNEL, equal: { ...equal, campaign: '' } }),
    credit: project(credit, { days, by: BY_CHANNEL, equal: { ...equal, model: 'last' } }),
  };
  const byPath = rekeyed(inCurrencies.paths, BY_PATH, ['path'], {});
  const shapes = rekeyed(inCurrencies.shapes, BY_SHAPE, ['touches'], {});
  const lags = rekeyed(inCurrencies.shapes, BY_SHAPE, ['touches', 'lagDays'], {});
  const kept = [...byPath].filter(([path]) => path !== '' && path !== OTHER);
  const most = sort === 'conversions' ? 0 : 1;
  const sorted = kept.sort(([a, m], [b, n]) => largerFirst(m[most] ?? 0, n[most] ?? 0) || (a < b ? -1 : 1));
  const counted = sumsOf(sumOf(byPath, 2));
  // By day and type as well: sales and their refunds may sum to nothing.
  const converted = project(conversions, { days, by: ['currency', 'day', 'type'], equal });
  const currencies = currenciesOf([converted, ...Object.values(inCurrencies)], inCurrencies.assists);
  const mixed = severalCurrencies('values', currencies, 'ask for one currency');
  if (mixed !== null && sort === 'value')
    throw new TributaryError('invalid_query', `sort must be conversions where ${mixed} (got "value")`);
  const shown = (sums: Sums): Amounts => (mixed === null ? sums : { conversions: sums.conversions });
  return {
    totals: shown(totals),
    paths: sorted.slice(0, limit).map(([path, measures]) => ({
      steps: path.split(SEPARATOR),
      ...shown(sumsOf(measures)),
      share: totals.conversions === 0 ? 0 : Number(measures[0] ?? 0) / Number(totals.conversions),
    })),
    distinctPaths: kept.length,
    rest: { rows: Math.max(0, kept.length - limit), ...shown(sumsOf(sumOf(new Map(sorted.slice(limit)), 2))) },
    longer: shown(sumsOf(byPath.get(OTHER))),
    unattributed: shown(sumsOf(byPath.get(''))),
    touches: [...shapes]
      .map(([touches, measures]) => ({ touches, ...shown(sumsOf(measures)) }))
      .sort((a, b) => Number.parseInt(a.touches, 10) - Number.parseInt(b.touches, 10)),
    lagDays: lagsOf(lags).map(({ lagDays, ...sums }) => ({ lagDays, ...shown(sums) })),
    assists: assistsOf(
      rekeyed(inCurrencies.assists, BY_CHANNEL, ['channel'], {}),
      rekeyed(inCurrencies.credit, BY_CHANNEL, ['channel'], {}),
    ).map((row) => (mixed === null ? row : withoutValues(row))),
    holes:
      counted.conversions === totals.conversions && counted.valueMinor === totals.valueMinor
        ? []
        : [
            `paths and conversions disagree: ${counted.conversions} conversions have a path row, ${totals.conversions} were counted`,
          ],
    notes: mixed === null ? [] : [mixed],
  };
}

/** Those that any row adds. */
function currenciesOf(rows: readonly Rows[], assisted: Rows): string[] {
  return [...new Set([...rows.flatMap((each) => currenciesIn(each, 1)), ...currenciesIn(assisted, PARTICIPATED_VALUE)])].sort();
}

/** A conversion without a touch has no first touch to count from. */
function lagsOf(rows: Rows): (Sums & { lagDays: number })[] {
  const lags = new Map<number, Sums>();
  for (const [key, measures] of rows) {
    const [touches, lag] = key.split('\t');
    if (touches === '0') continue;
    const { conversions: count, valueMinor } = sumsOf(measures);
    const before = lags.get(Number(lag)) ?? sumsOf(undefined);
    lags.set(Number(lag), { conversions: add(before.conversions, count), valueMinor: add(before.valueMinor, valueMinor) });
  }
  return [...lags].map(([lagDays, amounts]) => ({ lagDays, ...amounts })).sort((a, b) => a.lagDays - b.lagDays);
}

function assistsOf(counted: Rows, lastClick: Rows): AssistRow[] {
  const channels = new Set([...counted.keys(), ...lastClick.keys()]);
  channels.delete(UNATTRIBUTED);
  return [...channels].sort().map((channel) => {
    const [assisted = 0, assistedValueMinor = 0, participated = 0, participatedValueMinor = 0] = counted.get(channel) ?? [];
    const [lastMicros = 0, lastValueMinor = 0] = lastClick.get(channel) ?? [];
    const last = Number(lastMicros) / CREDIT_UNIT_MICROS;
    const ratio = last === 0 ? null : Number(assisted) / last;
    return { channel, assisted, assistedValueMinor, participated, participatedValueMinor, last, lastValueMinor, ratio };
  });
}

function withoutValues({ assistedValueMinor: _, participatedValueMinor: __, lastValueMinor: ___, ...row }: AssistRow): AssistRow {
  return row;
}

function largerFirst(a: Integer, b: Integer): number {
  return Number(b > a) - Number(b < a);
}

function sumsOf(measures: readonly Integer[] | undefined): Sums {
  return { conversions: measures?.[0] ?? 0, valueMinor: measures?.[1] ?? 0 };
}
