/** What attribution reports are asked with. */
import { type ModelName, namesWith, REPORTED_NAMES } from '@tributary/attribution/models/catalogue';
import { TRANSFORM_NAMES } from '@tributary/attribution/paths/transform-names';
import { RULE_BASED_MODELS } from '@tributary/model/definitions';
import { z } from 'zod';
import { LayerParameter } from '../shapes/meta.ts';
import {
  AgainstParameter,
  Cursor,
  count,
  dimensionValues,
  eventNames,
  fraction,
  listOf,
  MAX_ROWS,
  namesOf,
  PERIODS,
  Range,
} from '../shapes/parameters.ts';

const DIMENSIONS = ['channel', 'campaign', 'day', ...PERIODS, 'type', 'currency'] as const;
/** Bootstrap replicates are models computed: two for every request of a thousand. */
const MOST_REPLICATES = 1_000;
const Text = z.string().min(1).max(200);
/** Which models there are is the handler's answer: `unknown_model`. */
const Model = z.string().min(1).max(64) as z.ZodType<string, ModelName>;

const Sort = z.enum(['conversions', 'value', 'cost', 'touches']).optional();

const Filters = {
  ...Range,
  value: z
    .enum(['conversions', 'revenue'])
    .optional()
    .describe('What is attributed; absent: both. Data-driven models are run for each, value once a currency.'),
  order: count(4).default(1).describe('Touches in a state of the Markov chain, up to `transitionOrder` of the definitions.'),
  alpha: fraction(0, 1)
    .default(0.5)
    .describe(`The part of the Markov share in ${namesWith('alpha')}, 0 to 1.`),
  seed: count(999_999_999).default(1).describe('Seed of sampled games and of intervals: the same seed gives the same answer.'),
  transform: Text.optional().describe(
    `Changes to paths before a rule weighs them, from left to right: ${TRANSFORM_NAMES.join(', ')}. The views keep consecutive touches of one channel as one step, so it begins with exposure or first.`,
  ),
  custom: Text.optional().describe(
    'The shape of the model `custom`: percent of the first steps `..` and of the last ones, such as 30,10..10,30.',
  ),
  channel: dimensionValues('Only rows of this channel, or of any of several.'),
  campaign: dimensionValues('Only rows of this campaign, or of any of several.'),
  type: eventNames('Only conversions of this type, or of any of several.'),
  currency: dimensionValues('Only amounts in this currency, or in any of several.'),
  convertTo: z
    .string()
    .regex(/^[A-Z]{3}$/, 'be a code of ISO 4217, such as EUR')
    .optional()
    .describe(
      'Amounts of all currencies in this one, by the exchange rates of the definitions (`meta.exchangeRates`). Absent: amounts stay apart by currency.',
    ),
  ...LayerParameter,
  limit: count(MAX_ROWS).default(MAX_ROWS).describe('Rows of a page.'),
  cursor: Cursor.optional(),
};

const Intervals = {
  intervals: count(MOST_REPLICATES)
    .optional()
    .describe(
      `1: with intervals, from the differences between partitions. Larger numbers, up to ${MOST_REPLICATES}, say the same.`,
    ),
  level: fraction(0.5, 0.999).default(0.9).describe('How probable it is that an interval covers the true figure, 0.5 to 0.999.'),
};

export const ReportQuery = z.strictObject({
  model: Model.default('last')
    .describe('`/v1/models` says what each computes, and what it lacks here (`missing`).')
    .meta({ enum: REPORTED_NAMES }),
  by: namesOf([...DIMENSIONS, 'position'], ['channel']).describe('What rows are kept apart by; empty: totals alone.'),
  ...Filters,
  ...Intervals,
  against: AgainstParameter.optional(),
  sort: Sort.describe(
    'The largest first, at most `limit` of them; `rest` is what all others come to. Absent: by dimensions, in pages.',
  ),
  format: z.enum(['json', 'csv', 'ndjson']).default('json').describe('How the rows are written.'),
});
export type ReportQuery = z.output<typeof ReportQuery>;
export const CompareQuery = z.strictObject({
  models: listOf<ModelName>(400, 'Those to compare.', { enum: REPORTED_NAMES }).default([...RULE_BASED_MODELS]),
  baseline: Model.optional()
    .describe('The model that the others are held against; default: the first.')
    .meta({ enum: REPORTED_NAMES }),
  by: namesOf(DIMENSIONS, ['channel']).describe('What rows are kept apart by; empty: totals alone.'),
  ...Filters,
  ...Intervals,
  sort: Sort.describe('The largest first, by the baseline, at most `limit` of them; `rest` is what all others come to.'),
});
export type CompareQuery = z.output<typeof CompareQuery>;
