/** How attribution reports answer. */
import { MODEL_NAMES, type ModelName } from '@tributary/attribution/models/catalogue';
import { CREDIT_IS_SENTENCE } from '@tributary/model/credit-is';
import { z } from 'zod';
import { DayRange, NextCursor, Sum, Window } from '../shapes/answer-fields.ts';
import { Meta } from '../shapes/meta.ts';

const Model = z.enum(MODEL_NAMES as readonly [ModelName, ...ModelName[]]);

const Dimensions = z.object({
  channel: z.string().optional(),
  campaign: z.string().optional(),
  day: z.string().optional().describe('UTC day of the conversion.'),
  week: z.string().optional().describe('The Monday of the UTC week of the conversion.'),
  month: z.string().optional().describe('UTC month of the conversion, such as 2026-11.'),
  type: z.string().optional(),
  currency: z.string().optional(),
  position: z
    .string()
    .optional()
    .describe('The position of the touch in its path, from 1; 20+: the 20th and later. 0: unattributed.'),
});
const Credit = z.object({
  creditMicros: Sum.nullable()
    .optional()
    .describe('Exact: one conversion is 1 000 000 micro-credits. null: the model hands out no credit (outside_of_whole).'),
  conversions: z.number().nullable().optional().describe('creditMicros / 1e6, for reading.'),
  valueMinor: Sum.nullable()
    .optional()
    .describe(
      'Attributed value in minor units; amounts that would add several currencies are left out, everywhere. null: as that of creditMicros.',
    ),
});
const Ratios = z.object({
  roas: z
    .number()
    .nullable()
    .optional()
    .describe('valueMinor / costMinor; null: it cost nothing, or the model hands out no credit.'),
  cpaMinor: z
    .number()
    .nullable()
    .optional()
    .describe('costMinor a conversion; null: it cost nothing, is credited nothing, or the model hands out no credit.'),
});
const Costs = z.object({
  touches: Sum.optional().describe('Touches on these days; left out when the report is by conversion type.'),
  costMinor: Sum.optional(),
});
const Change = z.object({
  previousCreditMicros: Sum.optional().describe(
    'The same in `previousRange`, with `against`; likewise what begins with previous.',
  ),
  previousConversions: z.number().optional(),
  previousValueMinor: Sum.optional(),
  previousCostMinor: Sum.optional(),
  creditMicrosChange: Sum.optional().describe('creditMicros less previousCreditMicros; likewise what ends in Change.'),
  conversionsChange: z.number().optional(),
  valueMinorChange: Sum.optional(),
  costMinorChange: Sum.optional(),
  conversionsChangeLow: z.number().nullable().optional().describe('With `intervals`, the interval of `conversionsChange`.'),
  conversionsChangeHigh: z.number().nullable().optional(),
  valueMinorChangeLow: z.number().nullable().optional().describe('With `intervals`, the interval of `valueMinorChange`.'),
  valueMinorChangeHigh: z.number().nullable().optional(),
  changeRatioRoas: z
    .number()
    .nullable()
    .optional()
    .describe('valueMinorChange / costMinorChange, changes side by side. null: `changeCautions` say why.'),
  changeRatioRoasLow: z
    .number()
    .nullable()
    .optional()
    .describe('With `intervals`, the interval of `changeRatioRoas`, the cost taken as known.'),
  changeRatioRoasHigh: z.number().nullable().optional(),
  changeRatioCpaMinor: z
    .number()
    .nullable()
    .optional()
    .describe('costMinorChange / conversionsChange, changes side by side. null: `changeCautions` say why.'),
  cpaRatio: z
    .number()
    .nullable()
    .optional()
    .describe(
      'With `intervals`, cpaMinor over that of the earlier window: 1.2 is a fifth more. null: either has none, or no cost.',
    ),
  cpaRatioLow: z
    .number()
    .nullable()
    .optional()
    .describe('The interval of `cpaRatio`, the costs taken as known. null: either window has few_users, or no interval of CPA.'),
  cpaRatioHigh: z.number().nullable().optional(),
  previousConversionsCautions: z
    .string()
    .optional()
    .describe(
      'With `intervals`, the `conversionsCautions` of the earlier window: why it has no interval, and so the change has none.',
    ),
  previousValueCautions: z.string().optional(),
  changeCautions: z
    .string()
    .optional()
    .describe(
      'Codes, separated by spaces: cost_stood_still (it changed by less than 5 %), conversions_within_chance (by less than 2·√(previous + now)), conversions_not_counted (chance cannot be judged: a data-driven model was asked for value alone, so ask for conversions as well, or it hands out no credit), moved_apart (one rose, the other fell). Empty: the ratios stand.',
    ),
});
const Bound = z.number().nullable().optional();
const Intervals = z
  .object({
    conversionsLow: Bound.describe('The interval of `conversions`, with `intervals`. null: there is none, the cautions say why.'),
    conversionsHigh: Bound,
    valueMinorLow: Bound.describe('The interval of `valueMinor`, where values are of one currency.'),
    valueMinorHigh: Bound,
    shareLow: Bound.describe('The interval of `share`.'),
    shareHigh: Bound,
    effectLow: Bound.describe('The interval of `effect`.'),
    effectHigh: Bound,
    valueEffectLow: Bound.describe('The interval of `valueEffect`.'),
    valueEffectHigh: Bound,
    roasLow: Bound.describe(
      'The interval of `roas`, the cost taken as known. null: fewer than 10 converting users, no interval of value, or no cost.',
    ),
    roasHigh: Bound,
    cpaMinorLow: Bound.describe(
      'The interval of `cpaMinor`, the cost taken as known. null: as that of `roas`; `cpaMinorHigh` also where it has no upper bound.',
    ),
    cpaMinorHigh: Bound,
    rank: z
      .int()
      .nullable()
      .optional()
      .describe('By share; 1 is the largest. Channels whose order is not certain share a rank, to `rankTo`.'),
    rankTo: z.int().nullable().optional(),
    aboveNext: Bound.describe('How probable it is that the share is above that of the next channel. null: it is the last.'),
    conversionsCautions: z
      .string()
      .optional()
      .describe(
        'Codes, separated by spaces: what must be known beside intervals, or why there are none: `few_groups`, `fewer_than_10_conversions`, `no_value`, `never_differs` and all others of docs/uncertainty.md. Without `intervals` only outside_of_whole: the model hands out no credit.',
      ),
    valueCautions: z.string().optional(),
  })
  .describe('With `intervals`.');
const Share = z
  .number()
  .nullable()
  .describe(
    'Part of `totals.creditMicros`, (unattributed) included (of `totals.valueMinor`, with value=revenue; null: that would add several currencies).',
  );
export const ReportRow = z
  .object({
    ...Dimensions.shape,
    ...Credit.shape,
    share: Share,
    effect: z
      .number()
      .nullable()
      .optional()
      .describe('What the model computed; /v1/models says what it is. null: not of this channel.'),
    valueEffect: z.number().nullable().optional().describe('The same for value; null where values are not of one currency.'),
    met: Sum.optional().describe(
      'Data-driven models only, where rows are whole channels: conversions whose journey met the channel.',
    ),
    caution: z
      .enum(['no_conversions', 'too_few_conversions', 'few_conversions'])
      .nullable()
      .optional()
      .describe('Fewer than 1, 5 or 20 of them: what the model says of the channel says little. null: 20 or more.'),
    conversionsOnPaths: z
      .number()
      .optional()
      .describe(
        'On modelled paths through the channel: removal effect · attributed conversions. Not what would be lost without it.',
      ),
    valueMinorOnPaths: Sum.optional(),
    roasOnPaths: z.number().nullable().optional().describe('valueMinorOnPaths / costMinor; null: it cost nothing.'),
    ...Intervals.shape,
    ...Costs.shape,
    ...Ratios.shape,
    ...Change.shape,
  })
  .meta({ id: 'ReportRow' });

const Parameters = z
  .object({
    order: z.int().optional(),
    alpha: z.number().optional(),
    seed: z.int().optional(),
    transform: z.string().optional().describe('What paths were before the rule weighed them; exposure: as views keep them.'),
    custom: z.string().optional(),
    level: z.number().optional(),
  })
  .describe('What the model was run with.');

const Sampling = z.object({ pairs: z.int(), seed: z.int(), epsilon: z.number(), delta: z.number() }).meta({ id: 'Sampling' });

const Rest = z.object({ rows: z.int().describe('Rows that are left out.'), ...Credit.shape, ...Costs.shape });
const Uncertainty = z
  .object({
    unit: z.literal('partition').describe('What is left out in turn: all users of a partition.'),
    groups: z.int().nullable().describe('How many partitions; null: the generation does not keep its counts by partition.'),
    level: z.number(),
    covers: z.string(),
    cautions: z.array(z.object({ reward: z.enum(['conversions', 'value']), code: z.string(), message: z.string() })),
  })
  .meta({ id: 'Uncertainty' });

const StoodStill = z
  .object({
    rows: z.int(),
    previousConversions: z.number().optional(),
    conversionsChange: z.number().optional(),
    previousValueMinor: Sum.optional(),
    valueMinorChange: Sum.optional(),
  })
  .describe(
    'With `against`: what changed in rows whose cost did not (by less than 5 %), the season among it. null: no earlier window, no cost, or not the first page.',
  );

export const AttributionAnswer = z.object({
  model: Model,
  parameters: Parameters,
  by: z.array(z.string()),
  ...Window,
  previousRange: DayRange.nullable().describe('The window that `against` names; null: none.'),
  rows: z
    .array(ReportRow)
    .describe(
      `Ordered by their dimensions, or as \`sort\` says. (unattributed) is a channel like any other. ${CREDIT_IS_SENTENCE}`,
    ),
  totals: z
    .object({ ...Credit.shape, ...Costs.shape, ...Ratios.shape, ...Change.shape })
    .describe('Sums over all rows, not over this page alone.'),
  stoodStill: StoodStill.nullable(),
  rest: Rest.nullable().describe('With `sort`: what the rows that are left out come to.'),
  sampling: Sampling.nullable().describe(
    'null: exact. Else every effect is within epsilon of the exact one with probability 1 − delta.',
  ),
  uncertainty: Uncertainty.nullable().describe('How the intervals were computed; null: none were asked for.'),
  previousSampling: Sampling.nullable().describe('The same of the window that `against` names.'),
  nextCursor: NextCursor,
  meta: Meta,
});
const Compared = z.object({ ...Credit.shape, share: Share });
const ComparedRow = z
  .object({
    ...Dimensions.shape,
    ...Costs.shape,
    models: z.record(
      z.string(),
      z.object({
        ...Compared.shape,
        ...Ratios.shape,
        rank: z
          .int()
          .nullable()
          .describe(
            'Among all rows: 1 has the most credit, rows of equal credit share a rank. null: unattributed. With `intervals` as in a report.',
          ),
        difference: Compared.omit({ conversions: true }).describe(
          "This model's figure less the baseline's. null: either of them hands out no credit.",
        ),
        ...Intervals.omit({ rank: true, effectLow: true, effectHigh: true, valueEffectLow: true, valueEffectHigh: true }).shape,
      }),
    ),
  })
  .meta({ id: 'ComparedRow' });
export const CompareAnswer = z.object({
  models: z.array(Model),
  baseline: Model,
  parameters: Parameters,
  by: z.array(z.string()),
  ...Window,
  rows: z.array(ComparedRow).describe(`As in a report. ${CREDIT_IS_SENTENCE}`),
  totals: z.object({ ...Costs.shape, models: z.record(z.string(), z.object({ ...Credit.shape, ...Ratios.shape })) }),
  rest: z
    .object({ rows: z.int().describe('Rows that are left out.'), ...Costs.shape, models: z.record(z.string(), Credit) })
    .nullable()
    .describe('With `sort`: what the rows that are left out come to.'),
  uncertainty: z
    .record(z.string(), Uncertainty)
    .nullable()
    .describe('How the intervals of each model were computed; null: none were asked for.'),
  nextCursor: NextCursor,
  meta: Meta,
});
export const ModelsAnswer = z.object({
  models: z
    .array(
      z.object({
        name: Model,
        family: z.enum(['ruleBased', 'dataDriven', 'counts']),
        rule: z.string(),
        effect: z.string().nullable().describe('What `effect` is in a report; null: the model has none.'),
        parameters: z.array(z.string()),
        required: z.array(z.string()).describe('Parameters that it is not run without.'),
        missing: z.string().nullable().describe('What it needs that no view keeps: reports refuse it. null: it is answered.'),
      }),
    )
    .describe(CREDIT_IS_SENTENCE),
});
