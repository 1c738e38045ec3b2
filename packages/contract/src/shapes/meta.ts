/** What answers say about themselves. */
import { z } from 'zod';
import { ComputationSeen } from './computation.ts';

/** Which layers an answer adds: both, the deltas since the cut, or the generation's view alone. */
const LAYERS = ['merged', 'speed', 'batch'] as const;
export type Layers = (typeof LAYERS)[number];

/** As they are asked for: `staged` are both, from the cut of the staged generation on, which readers do not get yet. */
const ASKED_LAYERS = [...LAYERS, 'staged'] as const;
export type AskedLayers = (typeof ASKED_LAYERS)[number];

const Speed = z.object({
  lagMs: z
    .int()
    .nullable()
    .describe('Age of the oldest log entry that is not applied, ms, to the second; 0: none waits; null: unknown.'),
  watermark: z.int().nullable().describe('Smallest log time over all partitions, epoch ms.'),
});
/** Why an answer is not complete, for programs. Codes stay; sentences and what is counted in them may change. */
export const REASONS = {
  behind: 'entries of the log wait to be applied for longer than the bound',
  log_unknown: 'where the log ends is not known',
  writes_lost: 'the store of the speed layer lost what it had written last',
  other_history: 'store, log and archive are not of one history',
  clock_ahead: 'the log is dated ahead of the clock',
  cut_apart: 'both layers are cut at different barriers',
  view_not_counted: 'a worker of another version counted other views since the cut',
  older_generation: 'an older generation is served in place of one that cannot be loaded',
  no_generation: 'no generation was published yet',
  held_answer: 'the store does not answer, and the last report stands in',
  definitions_changed: 'both layers follow different definitions',
  bound_reached: 'more was there than may be read or computed',
  record_cut: 'the record of a user lost its oldest events',
  counts_differ: 'counts that belong together do not agree',
  collector_silent: 'what a collector rejected is not known',
  events_retired: 'events of days that were asked for were retired from the archive, and the generation lacks them',
} as const;
export type Reason = keyof typeof REASONS;

/** What every answer says of whether something is missing. */
export const Completeness = {
  complete: z.boolean().describe('false: something is missing, and `warnings` says what.'),
  reasons: z.array(z.enum(Object.keys(REASONS) as [Reason, ...Reason[]])).describe(
    `Why it is not complete, as codes: ${Object.entries(REASONS)
      .map((entry) => entry.join(': '))
      .join('; ')}.`,
  ),
  warnings: z.array(z.string()).describe('For people: why it is not complete, then notes.'),
};

/** What a merged answer says of itself. */
export const Meta = z
  .object({
    view: z.enum(ASKED_LAYERS),
    generation: z.int().describe('The generation whose view was taken; 0: none yet.'),
    cut: z.int().nullable().describe('When that generation was cut, epoch ms; null for generation 0.'),
    speed: Speed,
    pending: z.int().describe('Late events that count from the next generation on.'),
    ...Completeness,
    definitions: z.string().describe('Version of the definitions that the batch side followed.'),
    exchangeRates: z
      .object({ to: z.string(), rates: z.record(z.string(), z.string()).describe('What one of each currency is in `to`.') })
      .optional()
      .describe(
        'With `convertTo`: what amounts were converted by, of these definitions. The amounts are approximations by these rates.',
      ),
  })
  .meta({ id: 'Meta' });
export type Meta = z.output<typeof Meta>;

/** What an answer from the speed layer alone says of itself. */
export const SpeedMeta = z.object({ view: z.literal('speed'), speed: Speed, ...Completeness }).meta({ id: 'SpeedMeta' });
export type SpeedMeta = z.output<typeof SpeedMeta>;

/** What an answer with values of signals says of itself. */
export const ValuesMeta = SpeedMeta.extend({
  computations: z
    .array(ComputationSeen)
    .optional()
    .describe('How far the registered computations are whose fields these values read, by name; absent: they read none.'),
}).meta({ id: 'ValuesMeta' });
export type ValuesMeta = z.output<typeof ValuesMeta>;

/** Spread into the query of a report. */
export const LayerParameter = {
  layer: z
    .enum(ASKED_LAYERS)
    .optional()
    .describe(
      'merged, which is the default: both layers; speed: deltas since the cut; batch: view(g) alone; staged: both layers with the staged generation, as readers would get them if it were promoted.',
    ),
  view: z.enum(LAYERS).optional().describe('The earlier name of `layer`.').meta({ deprecated: true }),
};

export const META_EXAMPLE = {
  view: 'merged',
  generation: 7,
  cut: 1_795_176_000_000,
  speed: { lagMs: 0, watermark: 1_795_176_642_117 },
  pending: 3,
  complete: true,
  reasons: [],
  warnings: [],
  definitions: '9f3c52c1a0be',
};
