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
  readonly fields: readonly [value: Field, low: Field, high: Field, cautions: Field];
  readonly format: (value: number | bigint | null | undefined, currency: string | null) => string;
  readonly isMoney: boolean;
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
  },
  {
    value: 'value',
    text: 'Value',
    about:
      'Value of conversions credited to each row. Models that share out have the same sum, which is that of all conversions.',
    fields: ['valueMinor', 'valueMinorLow', 'valueMinorHigh', 'valueCautions'],
    format: money,
    isMoney: true,
  },
  {
    value: 'share',
    text: 'Share',
    about: 'The part of all conversions that is credited to each row.',
    fields: ['share', 'shareLow', 'shareHigh', 'conversionsCautions'],
    format: (value) => percent(value === null || value === undefined ? null : Number(value)),
    isMoney: false,
  },
  {
    value: 'roas',
    text: 'ROAS',
    about: 'Credited value for one unit of cost, the cost taken as known.',
    fields: ['roas', 'roasLow', 'roasHigh', 'valueCautions'],
    format: ratio,
    isMoney: true,
  },
  {
    value: 'cpa',
    text: 'CPA',
    about: 'Cost of one credited conversion, the cost taken as known.',
    fields: ['cpaMinor', 'cpaMinorLow', 'cpaMinorHigh', 'conversionsCautions'],
    format: money,
    isMoney: true,
  },
];

/** One of the four figures of a measure; null: there is none. */
export function figureOf(figures: ModelFigures | undefined, field: Field): number | null {
  const value = figures?.[field];
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : null;
}
