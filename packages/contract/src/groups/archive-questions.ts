/** Questions to the archive: what reports would say if touches had other windows. Asked, computed by the batch layer, then read like any report. */
import { z } from 'zod';
import { NOON } from '../shapes/answer-fields.ts';
import { META_EXAMPLE } from '../shapes/meta.ts';
import type { Routes } from '../shapes/route.ts';
import { ATTRIBUTION_ROUTES } from './attribution.ts';
import { ReportQuery } from './attribution-query.ts';

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
    askedAt: z.int(),
    by: z.string(),
    generation: z.int().nullable().describe('The generation whose events it was computed from; null: it is not yet.'),
    cut: z.int().nullable().describe('When that one was cut: what came since is not in the answer. Epoch ms.'),
    definitions: z.string().nullable().describe('Version of the definitions with these windows.'),
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

const AskBody = z.strictObject({
  lookbackDays: Days.optional().describe(
    'The window of every touch type but those that are seen, not clicked (`viewThrough`), which keep theirs. Days, to 365.',
  ),
  windowDays: z
    .record(z.string().min(1).max(128), Days)
    .optional()
    .describe('Windows by touch type, in days; they count before `lookbackDays`.'),
  dryRun: z.boolean().optional().describe('Only say what it would cost.'),
});

const QUESTION = {
  id: 'mwb5i8cg-42d002fb',
  state: 'done',
  lookbackDays: 60,
  windowDays: {},
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
    summary: 'Ask what reports would say under other windows or another lookback',
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
