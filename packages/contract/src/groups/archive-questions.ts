/** Questions to the archive: what reports would say if touches had other windows, or under other definitions. Asked, computed by the batch layer, then read like any report. */
import { z } from 'zod';
import { NOON } from '../shapes/answer-fields.ts';
import { META_EXAMPLE } from '../shapes/meta.ts';
import type { Routes } from '../shapes/route.ts';
import { ATTRIBUTION_ROUTES } from './attribution.ts';
import { ReportQuery } from './attribution-query.ts';
import { CorrectionChange, RECONCILIATION_EXAMPLE, ViewComparison } from './reconciliation.ts';

const Id = z
  .string()
  .regex(/^[0-9a-z]{8,9}-[0-9a-f]{8}$/, 'be the id of an archive question, such as mwb5i8cg-42d002fb')
  .describe('As the answer to the question has it.');
const Days = z.number().positive().max(365);

const Question = z
  .object({
    id: z.string(),
    state: z
      .enum(['waiting', 'running', 'done', 'failed', 'cancelled'])
      .describe('One is computed at a time. `failure` says why one failed.'),
    lookbackDays: z.number().nullable(),
    windowDays: z.record(z.string(), z.number()),
    otherDefinitions: z
      .string()
      .nullable()
      .describe('Version of the definitions that it asks for; null: it asks for windows. `/comparison` says what they change.'),
    askedAt: z.int(),
    by: z.string(),
    generation: z.int().nullable().describe('The generation whose events it was computed from; null: it is not yet.'),
    cut: z.int().nullable().describe('When that one was cut: what came since is not in the answer. Epoch ms.'),
    definitions: z
      .string()
      .nullable()
      .describe('Version of the definitions with these windows, or of those that it asks for; null: it is not computed yet.'),
    events: z.int().nullable().describe('Events that were read.'),
    tookMs: z.int().nullable(),
    expiresAt: z.int().describe('When it is removed. Epoch ms.'),
    failure: z.string().nullable(),
  })
  .meta({ id: 'ArchiveQuestion' });

const Cost = z
  .object({
    generation: z.int().describe('The one whose events would be read now.'),
    events: z.int(),
    bytes: z.int().describe('Bytes of the files of these events.'),
    ahead: z.int().describe('Questions that are computed before it.'),
    estimatedMs: z
      .int()
      .nullable()
      .describe(
        'The computing alone, as long as an earlier question or full generation took for as many events. null: there was none.',
      ),
    estimatedFrom: z.enum(['question', 'generation']).nullable(),
  })
  .meta({ id: 'ArchiveQuestionCost' });

const ArchiveComparison = z
  .object({
    generation: z.int().describe('The one that is served, whose events were computed again.'),
    at: z.int().describe('When it was made, epoch ms.'),
    definitions: z.object({ before: z.string(), after: z.string() }).describe('Versions.'),
    equal: z.boolean().describe('No row would change.'),
    moved: z
      .number()
      .nullable()
      .describe('The largest part of a sum of a view that moves to other rows, comes or goes; null: not known.'),
    recounted: z
      .int()
      .nullable()
      .describe('Events that count otherwise because of corrections; null: not known, as all of the archive was computed.'),
    corrections: z
      .array(CorrectionChange)
      .describe('Corrections that apply to more or fewer events: to how many in each. Those that apply to as many are left out.'),
    views: z.record(z.string(), ViewComparison).describe('`before`: as readers have it; `after`: as it would be.'),
  })
  .meta({ id: 'ArchiveComparison' });

const AskBody = z.strictObject({
  lookbackDays: Days.optional().describe(
    'The window of every touch type but those that are seen, not clicked (`viewThrough`), which keep theirs. Days, to 365.',
  ),
  windowDays: z
    .record(z.string().min(1).max(128), Days)
    .optional()
    .describe('Windows by touch type, in days; they count before `lookbackDays`.'),
  definitions: z
    .record(z.string(), z.unknown())
    .optional()
    .describe(
      'Other definitions, whole, corrections included: what a run that brings them would change. Windows are left out then.',
    ),
  dryRun: z.boolean().optional().describe('Only say what it would cost.'),
});

const QUESTION = {
  id: 'mwb5i8cg-42d002fb',
  state: 'done',
  lookbackDays: 60,
  windowDays: {},
  otherDefinitions: null,
  askedAt: NOON,
  by: 'key ta_42d002fb160d',
  generation: 7,
  cut: NOON - 60_000,
  definitions: '0b7e6f1c9d3a',
  events: 1_200,
  tookMs: 900,
  expiresAt: NOON + 7 * 86_400_000,
  failure: null,
};
const COST = { generation: 7, events: 1_200, bytes: 40_960, ahead: 0, estimatedMs: 900, estimatedFrom: 'question' };
const asked = { id: QUESTION.id };
const { generation, at, equal, moved, views } = RECONCILIATION_EXAMPLE;
const COMPARISON = {
  ...{ generation, at, equal, moved, recounted: 1, views },
  definitions: { before: '9f3c52c1a0be', after: '0b7e6f1c9d3a' },
  corrections: [{ name: 'summer-campaign', before: 0, after: 1 }],
};
const ONE = {
  tag: 'reports',
  path: '/v1/archive-questions/{id}',
  params: z.strictObject({ id: Id }),
  refusals: [404],
} as const;

export const ARCHIVE_QUESTION_ROUTES = {
  archiveQuestions: {
    method: 'GET',
    path: '/v1/archive-questions',
    tag: 'reports',
    summary: 'All questions to the archive that are kept, newest first',
    scope: 'read',
    answer: z.object({ questions: z.array(Question) }),
    example: { asked: {}, answer: { questions: [QUESTION] } },
  },
  askArchive: {
    method: 'POST',
    path: '/v1/archive-questions',
    tag: 'reports',
    summary: 'Ask what reports would say under other windows, another lookback or other definitions',
    description:
      'Answers at once; follow it at /v1/archive-questions/{id}. Exact, up to the cut of the generation that is served. At most 8 are kept.',
    scope: 'admin',
    body: AskBody,
    status: 202,
    answer: z.object({ question: Question.nullable().describe('null: it was a dry run.'), cost: Cost }),
    refusals: [409],
    example: {
      asked: { lookbackDays: 60 },
      answer: {
        question: { ...QUESTION, state: 'waiting', generation: null, cut: null, definitions: null, events: null, tookMs: null },
        cost: COST,
      },
    },
  },
  archiveQuestion: {
    ...ONE,
    method: 'GET',
    scope: 'read',
    summary: 'One question to the archive, and how far it is',
    answer: z.object({ question: Question }),
    example: { asked, answer: { question: QUESTION } },
  },
  dropArchiveQuestion: {
    ...ONE,
    method: 'DELETE',
    scope: 'admin',
    summary: 'Cancel a question to the archive, or give up its answer',
    answer: z.object({ question: Question }),
    example: { asked, answer: { question: { ...QUESTION, state: 'cancelled' } } },
  },
  archiveComparison: {
    ...ONE,
    method: 'GET',
    path: '/v1/archive-questions/{id}/comparison',
    scope: 'read',
    summary: 'What other definitions would change, as a question to the archive computed it',
    description:
      'The generation that is served against the same events under these definitions: what the reconciliation of a run would say that brings them, if nothing came since. 409 until it is done, and where it asks for windows.',
    answer: ArchiveComparison,
    refusals: [404, 409],
    example: { asked, answer: COMPARISON },
  },
  archiveAttribution: {
    ...ONE,
    method: 'GET',
    path: '/v1/archive-questions/{id}/attribution',
    scope: 'read',
    summary: 'An attribution report of what a question to the archive computed',
    description: 'Asked and answered as /v1/attribution, of the batch layer alone: what came since the cut is not in it.',
    query: ReportQuery,
    answer: ATTRIBUTION_ROUTES.attribution.answer,
    alsoAs: ['text/csv', 'application/x-ndjson'],
    refusals: [404, 409],
    example: {
      asked: { ...asked, model: 'linear' },
      answer: {
        ...ATTRIBUTION_ROUTES.attribution.example.answer,
        meta: { ...META_EXAMPLE, view: 'batch', speed: { lagMs: null, watermark: null }, pending: 0 },
      },
    },
  },
} as const satisfies Routes;
