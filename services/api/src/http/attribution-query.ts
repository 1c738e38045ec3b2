/** What attribution reports are asked with. */
import { namesWith } from '@tributary/attribution/models/catalogue';
import { TRANSFORM_NAMES } from '@tributary/attribution/paths/transform-names';
import { RULE_BASED_MODELS } from '@tributary/model/definitions';

import { LIVE_NAMES } from '@tributary/reports/models/catalogue';
import { z } from 'zod';
import { AGAINST_HINT, parseAgainst } from './instants.ts';
import {
  Cursor,
  count,
  DimensionValue,
  EventName,
  Fraction,
  LayerParameter,
  MAX_ROWS,
  namesOf,
  parsed,
  Range,
} from './schemas.ts';

const DIMENSIONS = ['channel', 'campaign', 'day', 'type', 'currency'] as const;
/** Of `credit` rows. Bootstrap replicates are models computed: two for every request of a thousand. */
const MOST_REPLICATES = 1_000;
const Text = z.string().min(1).max(200);

export const Filters = {
  ...Range,
  value: z
    .enum(['conversions', 'revenue'])
    .optional()
    .describe('What is attributed; absent: both. Data-driven models are run for each, value once a currency.'),
  order: count(4, 1).describe('Touches in a state of the Markov chain, up to `transitionOrder` of the definitions.'),
  alpha: Fraction(0, 1)
    .default(0.5)
    .describe(`The part of the Markov share in ${namesWith('alpha')}, 0 to 1.`),
  seed: count(999_999_999, 1).describe('Of sampled games and of intervals: the same seed gives the same answer.'),
  transform: Text.optional().describe(
    `Changes to paths before a rule weighs them, from left to right: ${TRANSFORM_NAMES.join(', ')}. The views keep consecutive touches of one channel as one step, so it begins with exposure or first.`,
  ),
  custom: Text.optional().describe(
    'The shape of the model `custom`: percent of the first steps `..` and of the last ones, such as 30,10..10,30.',
  ),
  channel: DimensionValue.optional(),
  campaign: DimensionValue.optional(),
  type: EventName.optional().describe('Only conversions of this type.'),
  currency: DimensionValue.optional(),
  ...LayerParameter,
  limit: count(MAX_ROWS, MAX_ROWS),
  cursor: Cursor.optional(),
};

export const ReportQuery = z.strictObject({
  model: z
    .string()
    .min(1)
    .max(64)
    .default('last')
    .describe(`One of ${LIVE_NAMES.join(', ')}.`),
  by: namesOf([...DIMENSIONS, 'position'], ['channel']),
  ...Filters,
  intervals: count(MOST_REPLICATES, 1)
    .removeDefault()
    .optional()
    .describe(`Bootstrap replicates for the interval of each share, at most ${MOST_REPLICATES}.`),
  level: Fraction(0.5, 0.999).default(0.9).describe('Of the intervals, 0.5 to 0.999.'),
  against: parsed(81, parseAgainst, `is neither: write ${AGAINST_HINT}`)
    .optional()
    .describe(`An earlier window that every figure is held against: ${AGAINST_HINT}.`),
  format: z.enum(['json', 'csv', 'ndjson']).default('json'),
});
export const CompareQuery = z.strictObject({
  models: z
    .string()
    .min(1)
    .max(400)
    .default(RULE_BASED_MODELS.join(','))
    .describe(`Comma-separated, of ${LIVE_NAMES.join(', ')}.`),
  baseline: z.string().min(1).max(64).optional().describe('The model that the others are held against; default: the first.'),
  by: namesOf(DIMENSIONS, ['channel']),
  ...Filters,
});
