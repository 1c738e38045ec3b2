/** What a comparison of models can show of each row and model, with the fields that its interval is in. */
import type { Answer } from '@tributary/client/operations';
import { money, parts, percent, ratio } from '../parts/format.ts';

export type Compared = Answer<'compareModels'>;
export type ComparedRow = Compared['rows'][number];
export type ModelFigures = ComparedRow['models'][string];
type Field = keyof ModelFigures & keyof ComparedRow['models'][string];

export interface Measure {
  readonly value: string;
  readonly text: string;
  readonly about: string;
  /** null: it has no interval. */
  readonly fields: readonly [value: Field, low: Field | null, high: Field | null, cautions: Field | null];
  readonly format: (value: number | bigint | null | undefined, currency: string | null) => string;
  readonly isMoney: boolean;
  /** A sum over rows is a figure as well. */
  readonly hasSum: boolean;
}

export const MEASURES: readonly Measure[] = [
  {
    value: 'conversions',
    text: 'Conversions',
    about:
      'Conversions credited to each row. Models that share out have the same sum; participation and assisted count a conversion once for each row that took part.',
    fields: ['conversions', 'conversionsLow', 'conversionsHigh', 'conversionsCautions'],
    format: parts,
    isMoney: false,
    hasSum: true,
  },
  {
    value: 'value',
    text: 'Value',
    about:
      'Value of conversions credited to each row. Models that share out have the same sum, which is that of all conversions.',
    fields: ['valueMinor', 'valueMinorLow', 'valueMinorHigh', 'valueCautions'],
    format: money,
    isMoney: true,
    hasSum: true,
  },
  {
    value: 'share',
    text: 'Share',
    about: 'The part of all conversions that is credited to each row.',
    fields: ['share', 'shareLow', 'shareHigh', 'conversionsCautions'],
    format: (value) => percent(value === null || value === undefined ? null : Number(value)),
    isMoney: false,
    hasSum: false,
  },
  {
    value: 'difference',
    text: 'Difference',
    about: 'Conversions credited to each row under each model, less those under the first one chosen.',
    fields: ['difference', null, null, null],
    format: (value) => (value === null || value === undefined || Number(value) <= 0 ? parts(value) : `+${parts(value)}`),
    isMoney: false,
    hasSum: false,
  },
  {
    value: 'roas',
    text: 'ROAS',
    about: 'Credited value for one unit of cost, the cost taken as known.',
    fields: ['roas', 'roasLow', 'roasHigh', 'valueCautions'],
    format: ratio,
    isMoney: true,
    hasSum: true,
  },
  {
    value: 'cpa',
    text: 'CPA',
    about: 'Cost of one credited conversion, the cost taken as known.',
    fields: ['cpaMinor', 'cpaMinorLow', 'cpaMinorHigh', 'conversionsCautions'],
    format: money,
    isMoney: true,
    hasSum: true,
  },
];

/** A figure of a measure as the API has it; null: there is none. */
export function rawFigureOf(figures: ModelFigures | undefined, field: Field | null): number | bigint | null {
  if (figures === undefined || field === null) return null;
  if (field === 'difference') {
    const { creditMicros } = figures.difference;
    return creditMicros === null || creditMicros === undefined ? null : Number(creditMicros) / 1e6;
  }
  const value = figures[field];
  return typeof value === 'number' || typeof value === 'bigint' ? value : null;
}

/** The same as a number that a chart can place. */
export function figureOf(figures: ModelFigures | undefined, field: Field | null): number | null {
  const value = rawFigureOf(figures, field);
  return value === null ? null : Number(value);
}
