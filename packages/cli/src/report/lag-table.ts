/** The rows of the view `channelLags`, a channel a row. */
import { add, type Integer } from '@tributary/model/integer';
import type { AnswerOf } from '../api-types.ts';
import { count } from '../terminal/figures.ts';
import { shortName, type Table } from '../terminal/table.ts';

export type LagsAnswer = AnswerOf<'viewChannelLags'>;

/** Spans of whole days, both ends in. */
const SPANS: readonly (readonly [title: string, from: number, to: number])[] = [
  ['0 d', 0, 0],
  ['1 d', 1, 1],
  ['2–3 d', 2, 3],
  ['4–7 d', 4, 7],
  ['8–14 d', 8, 14],
  ['15–30 d', 15, 30],
  ['31+ d', 31, Number.POSITIVE_INFINITY],
];

interface Lag {
  readonly days: number;
  readonly conversions: Integer;
}

/** A conversion counts for every channel of its path, so a total would count it more than once. The most conversions first. */
export function lagTable(rows: LagsAnswer['rows']): Table {
  const byChannel = Map.groupBy(rows, ({ channel }) => String(channel));
  const channels = [...byChannel].map(([channel, ofChannel]) => {
    const lags = ofChannel
      .map(({ lagDays, conversions }) => ({ days: Number(lagDays), conversions: conversions as Integer }))
      .sort((a, b) => a.days - b.days);
    return { channel, lags, conversions: sumOf(lags) };
  });
  channels.sort((a, b) => Number(b.conversions > a.conversions) - Number(b.conversions < a.conversions));
  const spans = SPANS.filter(([, from]) => channels.some(({ lags }) => lags.some(({ days }) => days >= from)));
  return {
    columns: [
      { title: 'channel' },
      ...['conversions', 'median', ...spans.map(([title]) => title)].map((title) => ({ title, align: 'right' }) as const),
    ],
    rows: channels.map(({ channel, lags, conversions }) => [
      shortName(channel),
      count(conversions),
      medianOf(lags, conversions),
      ...spans.map(([, from, to]) => count(sumOf(lags.filter(({ days }) => days >= from && days <= to)))),
    ]),
  };
}

/** The lower one of an even number. Deltas of one layer alone may be negative: there is none of them. */
function medianOf(lags: readonly Lag[], conversions: Integer): string {
  if (conversions <= 0 || lags.some((lag) => lag.conversions < 0)) return '–';
  let passed: Integer = 0;
  for (const { days, conversions: own } of lags) {
    passed = add(passed, own);
    if (add(passed, passed) >= conversions) return `${days} d`;
  }
  return '–';
}

function sumOf(lags: readonly Lag[]): Integer {
  return lags.reduce<Integer>((sum, { conversions }) => add(sum, conversions), 0);
}
