/** What definitions say of users: values of signals, sessions and segments. */
import { z } from 'zod';
import { NOON, Sum } from '../shapes/answer-fields.ts';
import { ValuesMeta } from '../shapes/meta.ts';
import { BodyInstant, count, Instant, listOf, UserId } from '../shapes/parameters.ts';
import type { Routes } from '../shapes/route.ts';

export const MAX_USERS = 1_000;
export const MAX_SIGNALS = 200;
/** Users times signals of one answer. */
export const MAX_VALUES = 20_000;
const MAX_BUDGET_MS = 500;
const DEFAULT_BUDGET_MS = 100;

const BUDGET = 'For how long values may be computed, ms. What is not computed by then says so.';
const AS_OF =
  'The instant that values are of, not ahead of now: events at or after it do not count. Absent: now. Records are kept for signalRetention.days, so an earlier instant may be more than they hold.';

const Cell = z.union([z.string(), z.boolean(), z.number(), Sum, z.null()]);
const Segment = z.object({
  member: z.boolean(),
  since: z.int().nullable().describe('When the episode began that goes on; null: not a member, or since before records reach.'),
  until: z.int().nullable().describe('When it ends if nothing more happens.'),
  episodes: z.array(z.object({ from: z.int(), to: z.int() })).describe('Those that are over, newest first.'),
});

const Value = z
  .object({
    value: z
      .union([Cell, z.array(z.record(z.string(), Cell)), Segment])
      .describe('null where the status is not READY, and where no event has one.'),
    status: z
      .enum(['READY', 'BACKFILLING', 'INCOMPLETE', 'NOT_COMPUTED', 'NOT_IN_FORCE'])
      .describe(
        'BACKFILLING: records do not reach as far back yet as the definition looks; INCOMPLETE: the record of this user, or what of it may be read, does not; NOT_COMPUTED: the time was over; NOT_IN_FORCE: not yet, or not any more, in the partition of this user.',
      ),
    version: z.string().nullable().describe('Changes with all that the value follows; null: NOT_IN_FORCE.'),
  })
  .meta({ id: 'SignalValue' });

const UserValues = {
  userId: z.string(),
  status: z
    .enum(['PRESENT', 'NOT_FOUND'])
    .describe('NOT_FOUND: no event of this user is stored. Values are those of a user without events.'),
  position: z
    .string()
    .nullable()
    .describe(
      'Values are of the events of the user up to this position of their partition in the log, and no others: a training set with knowledge: served computes the same again. null: that is not known, as events were applied while they were read, or none ever was.',
    ),
  values: z.record(z.string(), Value).describe('By the name of the signal, session or segment.'),
};
const AsOf = z.int().describe('The instant that values are of, epoch ms.');
const Partial = z.boolean().describe('true: some were NOT_COMPUTED.');

export const UserValuesAnswer = z.object({ asOf: AsOf, partial: Partial, ...UserValues, meta: ValuesMeta });
export const ValuesQueryAnswer = z.object({
  asOf: AsOf,
  partial: Partial,
  results: z.array(z.object(UserValues).meta({ id: 'UserValues' })).describe('In the order asked.'),
  meta: ValuesMeta,
});

const Definition = z
  .object({
    name: z.string(),
    kind: z.enum(['events', 'join', 'aggregate', 'ratio', 'session', 'segment']),
    version: z.string(),
    says: z.string().describe('What it says, in words, with every default that was left out.'),
    reachMs: z.int().describe('How far before asOf events may matter, ms.'),
    byDay: z.boolean().describe('Whether it is counted by day who entered and left, which segments alone may ask for.'),
    definition: z.record(z.string(), z.unknown()).describe('With every default filled in; durations in ms.'),
    fields: z.record(z.string(), z.unknown()).describe('Fields of properties that it names.'),
  })
  .meta({ id: 'SignalDefinition' });
export const SignalDefinitionsAnswer = z.object({ definitions: z.array(Definition).describe('By name.') });

const DefinitionsSchemaAnswer = z.record(z.string(), z.unknown()).describe('A JSON Schema.');

/** Users of one preview: each definition is evaluated for each of them, twice. */
export const MAX_PREVIEWED = 20;
/** UTF-16 units of a file of definitions. */
const MAX_WRITTEN = 65_536;

const PreviewedValues = z.record(z.string(), Value);
export const SignalPreviewAnswer = z.object({
  asOf: AsOf,
  partial: Partial,
  definitions: z
    .array(
      z.object({
        name: z.string(),
        change: z
          .enum(['new', 'changed', 'same', 'removed'])
          .describe('Beside the one in force of this name; changed: by its version, which follows all that its values follow.'),
        kind: Definition.shape.kind,
        says: z.string().describe('In words; of the one in force where it is removed.'),
        definition: Definition.shape.definition,
        fields: Definition.shape.fields,
        version: z.string().nullable().describe('null: removed.'),
        versionInForce: z.string().nullable().describe('null: new.'),
        differing: z
          .int()
          .describe('How many of the users have another value than in force; a value that is not READY is not counted.'),
      }),
    )
    .describe('By name: those of the text, and those in force.'),
  results: z
    .array(
      z.object({
        userId: z.string(),
        status: UserValues.status,
        values: PreviewedValues.describe('By the definitions of the text.'),
        inForce: PreviewedValues.describe('By those in force.'),
      }),
    )
    .describe('In the order asked.'),
  meta: ValuesMeta,
});

const SignalPreview = z.strictObject({
  definitions: z
    .string()
    .min(1)
    .max(MAX_WRITTEN)
    .describe('The text of a file of definitions, JSON or YAML. What is wrong in it is named by line and column.'),
  users: z.array(UserId).min(1).max(MAX_PREVIEWED),
  budgetMs: z.int().min(1).max(MAX_BUDGET_MS).default(MAX_BUDGET_MS).describe(BUDGET),
});

const NAME_LENGTH = 64;
/** Lengths are looked at in the list: checks of each name by itself take half of what it takes to read a question about one user. */
const Names = z
  .array(z.string().meta({ minLength: 1, maxLength: NAME_LENGTH }))
  .min(1)
  .max(MAX_SIGNALS)
  .superRefine((names, found) => {
    for (let i = 0; i < names.length; i++) {
      const name = names[i] as string;
      if (name === '') found.addIssue({ code: 'too_small', origin: 'string', minimum: 1, inclusive: true, path: [i] });
      // In characters, as of other texts: of those of two units there may be more.
      if (name.length > NAME_LENGTH && [...name].length > NAME_LENGTH)
        found.addIssue({ code: 'too_big', origin: 'string', maximum: NAME_LENGTH, inclusive: true, path: [i] });
    }
  });

const ValuesQuery = z
  .strictObject({
    users: z.array(UserId).min(1).max(MAX_USERS),
    signals: Names.describe('Names of signals, sessions and segments.'),
    asOf: BodyInstant.optional().describe(AS_OF),
    budgetMs: z.int().min(1).max(MAX_BUDGET_MS).default(DEFAULT_BUDGET_MS).describe(BUDGET),
  })
  .superRefine(({ users, signals }, found) => {
    const most = Math.floor(MAX_VALUES / users.length);
    if (signals.length > most)
      found.addIssue({
        code: 'custom',
        path: ['signals'],
        message: `have at most ${most} elements for ${users.length} users: an answer has ${MAX_VALUES} values or fewer`,
      });
  });

const META = { view: 'speed', speed: { lagMs: 0, watermark: NOON }, complete: true, reasons: [], warnings: [] };
const POSITION = '001795176000000-0000000000';
const VALUES = {
  views1h: { value: 3, status: 'READY', version: '5b1e3c9a0f27' },
  planner: {
    value: { member: true, since: NOON - 86_400_000, until: NOON + 1_123_200_000, episodes: [] },
    status: 'READY',
    version: '0c7f11e2ab94',
  },
};

export const SIGNAL_VALUE_ROUTES = {
  userValues: {
    method: 'GET',
    path: '/v1/users/{id}/values',
    tag: 'users',
    summary: 'What definitions say of a user',
    scope: 'read',
    params: z.strictObject({ id: UserId }),
    query: z.strictObject({
      signals: listOf(4_096, 'Names of signals, sessions and segments; absent: all.').optional(),
      asOf: Instant.optional().describe(AS_OF),
      budgetMs: count(MAX_BUDGET_MS).default(DEFAULT_BUDGET_MS).describe(BUDGET),
    }),
    answer: UserValuesAnswer,
    refusals: [413],
    example: {
      asked: { id: 'ada', signals: 'views1h,planner', asOf: '2026-11-20T12:00:00Z', budgetMs: '50' },
      answer: { asOf: NOON, partial: false, userId: 'ada', status: 'PRESENT', position: POSITION, values: VALUES, meta: META },
    },
  },
  queryValues: {
    method: 'POST',
    path: '/v1/signals/values',
    tag: 'users',
    summary: 'What definitions say of up to 1 000 users at once',
    scope: 'read',
    body: ValuesQuery,
    answer: ValuesQueryAnswer,
    refusals: [413],
    example: {
      asked: { users: ['ada', 'eve'], signals: ['views1h'], asOf: NOON, budgetMs: 50 },
      answer: {
        asOf: NOON,
        partial: false,
        results: [
          { userId: 'ada', status: 'PRESENT', position: POSITION, values: { views1h: VALUES.views1h } },
          { userId: 'eve', status: 'NOT_FOUND', position: POSITION, values: { views1h: { ...VALUES.views1h, value: 0 } } },
        ],
        meta: META,
      },
    },
  },
  signalDefinitions: {
    method: 'GET',
    path: '/v1/signals/definitions',
    tag: 'users',
    summary: 'The definitions of signals, sessions and segments in force',
    description: 'Where partitions follow different ones for a moment, those of the first.',
    scope: 'read',
    answer: SignalDefinitionsAnswer,
    example: {
      asked: {},
      answer: {
        definitions: [
          {
            name: 'views1h',
            kind: 'aggregate',
            version: '5b1e3c9a0f27',
            says: 'how many events of type "product_view", in [asOf − 1h, asOf)',
            reachMs: 3_600_000,
            byDay: false,
            definition: {
              kind: 'aggregate',
              measure: 'count',
              of: { types: ['product_view'], where: null },
              field: null,
              window: { kind: 'sliding', ms: 3_600_000 },
            },
            fields: {},
          },
        ],
      },
    },
  },
  previewDefinitions: {
    method: 'POST',
    path: '/v1/signals/preview',
    tag: 'users',
    summary: 'What other definitions would say of some users, beside those in force',
    description:
      'Nothing changes. Values are of the records of these users, now: where a definition looks back further than records are kept, it is INCOMPLETE, as it would be at first. The command `tributary definitions preview` computes the same from the archive.',
    scope: 'admin',
    body: SignalPreview,
    answer: SignalPreviewAnswer,
    refusals: [413],
    example: {
      asked: { definitions: 'signals:\n  views1h: { count: product_view, window: 2h }\n', users: ['ada'], budgetMs: 500 },
      answer: {
        asOf: NOON,
        partial: false,
        definitions: [
          {
            name: 'views1h',
            change: 'changed',
            kind: 'aggregate',
            says: 'how many events of type "product_view", in [asOf − 2h, asOf)',
            definition: {
              kind: 'aggregate',
              measure: 'count',
              of: { types: ['product_view'], where: null },
              field: null,
              window: { kind: 'sliding', ms: 7_200_000 },
            },
            fields: {},
            version: 'c1d0a4f7e3b2',
            versionInForce: '5b1e3c9a0f27',
            differing: 1,
          },
        ],
        results: [
          {
            userId: 'ada',
            status: 'PRESENT',
            values: { views1h: { value: 5, status: 'READY', version: 'c1d0a4f7e3b2' } },
            inForce: { views1h: VALUES.views1h },
          },
        ],
        meta: META,
      },
    },
  },
  definitionsSchema: {
    method: 'GET',
    path: '/v1/definitions/schema',
    tag: 'users',
    summary: 'The JSON Schema of a file of definitions',
    description: 'Draft 2020-12, of this version; its description lists what the platform checks beyond it.',
    scope: 'read',
    answer: DefinitionsSchemaAnswer,
    example: {
      asked: {},
      answer: {
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        title: 'Definitions of Tributary',
        description: "Which events are touches and conversions, and what is asked of each user's events.",
        type: 'object',
        properties: { latenessDays: { type: 'number', exclusiveMinimum: 0, maximum: 60, default: 3 } },
        additionalProperties: false,
      },
    },
  },
} as const satisfies Routes;
