/** Figures of rows: credit, money, dimensions. Only what was asked for. */
import type { CautionCode } from '@tributary/attribution/uncertainty/caution-codes';
import { CREDIT_UNIT_MICROS } from '@tributary/model/amounts/money';
import type { Integer } from '@tributary/model/integer';
import type { ModelCredit } from '../credit/model-credit.ts';
import type { ReportQuestion } from '../question.ts';

export type Figures = Record<string, Integer | null>;
export type Row = Record<string, string | Integer | null>;

export function dimensionsOf(key: string, by: readonly string[]): Record<string, string> {
  const parts = key.split('\t');
  return Object.fromEntries(by.map((dimension, at) => [dimension, parts[at] ?? '']));
}

/** Figures from `[creditMicros, valueMinor]`. `conversions` is for reading; sums are exact in micros. null: the model hands out no credit. */
export function creditFigures(
  { totals, withheld }: Pick<ModelCredit, 'totals' | 'withheld'>,
  [creditMicros = 0, valueMinor = 0]: readonly Integer[] = [],
  { wanted }: Pick<ReportQuestion, 'wanted'>,
): Figures {
  const [part, whole] = wanted.conversions ? [creditMicros, totals[0] ?? 0] : [valueMinor, totals[1] ?? 0];
  const ofConversions = withheld.has('conversions')
    ? { creditMicros: null, conversions: null }
    : { creditMicros, conversions: Number(creditMicros) / CREDIT_UNIT_MICROS };
  return {
    ...(wanted.conversions ? ofConversions : {}),
    ...(wanted.revenue ? { valueMinor: withheld.has('value') ? null : valueMinor } : {}),
    share: whole === 0 ? 0 : Number(part) / Number(whole),
  };
}

/** Costs are those of the same days; null where it cost nothing: a return on nothing is undefined. */
export function moneyFigures(costs: readonly Integer[] | undefined, figures: Figures): Figures {
  const [touches = 0, costMinor = 0] = costs ?? [];
  return { touches, costMinor, ...ratioFigures(costMinor, figures) };
}

export function ratioFigures(costMinor: Integer, { conversions, valueMinor }: Figures): Figures {
  const cost = Number(costMinor);
  return {
    ...(valueMinor === undefined ? {} : { roas: cost === 0 || valueMinor === null ? null : Number(valueMinor) / cost }),
    ...(conversions === undefined
      ? {}
      : { cpaMinor: cost === 0 || conversions === null || conversions <= 0 ? null : cost / Number(conversions) }),
  };
}

const NO_CREDIT: CautionCode = 'outside_of_whole';
const CAUTIONS_OF = {
  now: { conversions: 'conversionsCautions', value: 'valueCautions' },
  before: { conversions: 'previousConversionsCautions', value: 'previousValueCautions' },
} as const;

/** The cautions of `row` with the reason why it has no credit: none where it has. */
export function withheldCautions(
  { withheld }: Pick<ModelCredit, 'withheld'>,
  row: Row,
  of: keyof typeof CAUTIONS_OF = 'now',
): Row {
  const named = [...withheld].map((reward) => {
    const { [reward]: name } = CAUTIONS_OF[of];
    const known = row[name];
    return [name, [...(typeof known === 'string' && known !== '' ? [known] : []), NO_CREDIT].join(' ')] as const;
  });
  return Object.fromEntries(named);
}
