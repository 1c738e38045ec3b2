/** Figures of rows: credit, money, dimensions. Only what was asked for. */
import type { Integer } from '@tributary/model/integer';
import { CREDIT_UNIT_MICROS } from '@tributary/model/money';
import type { ModelCredit } from '../credit/model-credit.ts';
import type { ReportQuestion } from '../question.ts';

export type Figures = Record<string, Integer | null>;
export type Row = Record<string, string | Integer | null>;

export function dimensionsOf(key: string, by: readonly string[]): Record<string, string> {
  const parts = key.split('\t');
  return Object.fromEntries(by.map((dimension, at) => [dimension, parts[at] ?? '']));
}

/** Figures from `[creditMicros, valueMinor]`. `conversions` is for reading; sums are exact in micros. */
export function creditFigures(
  { totals }: Pick<ModelCredit, 'totals'>,
  [creditMicros = 0, valueMinor = 0]: readonly Integer[] = [],
  { wanted }: Pick<ReportQuestion, 'wanted'>,
): Figures {
  const [part, whole] = wanted.conversions ? [creditMicros, totals[0] ?? 0] : [valueMinor, totals[1] ?? 0];
  return {
    ...(wanted.conversions ? { creditMicros, conversions: Number(creditMicros) / CREDIT_UNIT_MICROS } : {}),
    ...(wanted.revenue ? { valueMinor } : {}),
    share: whole === 0 ? 0 : Number(part) / Number(whole),
  };
}

/** Costs are those of the same days; null where it cost nothing: a return on nothing is undefined. */
export function moneyFigures(costs: readonly Integer[] | undefined, figures: Figures): Figures {
  const [touches = 0, costMinor = 0] = costs ?? [];
  return { touches, costMinor, ...ratioFigures(costMinor, figures) };
}

export function ratioFigures(costMinor: Integer, { conversions = null, valueMinor = null }: Figures): Figures {
  const cost = Number(costMinor);
  return {
    ...(valueMinor === null ? {} : { roas: cost === 0 ? null : Number(valueMinor) / cost }),
    ...(conversions === null ? {} : { cpaMinor: cost === 0 || conversions <= 0 ? null : cost / Number(conversions) }),
  };
}
