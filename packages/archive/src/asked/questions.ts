/** Questions to the archive on disk (work.ts): what reports would say under other windows. A result holds the rows of all views. */
import { z } from 'zod';
import { storedFile } from '../manifest-file.ts';
import { askedWork, type Stored } from './work.ts';

export const QUESTION_KEPT_MS = 7 * 24 * 3_600_000;
/** Questions and results that there may be at a time: each result holds the rows of all views. */
export const MOST_QUESTIONS = 8;
/** With those that were cancelled: each is read whenever they are listed. */
export const MOST_REMEMBERED = 64;

const ID = /^[0-9a-z]{8,9}-[0-9a-f]{8}$/;

const Asked = z.object({
  id: z.string().regex(ID),
  lookbackDays: z.number().positive().nullable(),
  windowDays: z.record(z.string(), z.number().positive()),
  /** The key that asked. */
  by: z.string(),
  askedAt: z.int(),
});
const Result = z.object({
  /** The generation whose events it was computed from, and when that one was cut; null: it failed before. */
  generation: z.int().nullable(),
  cut: z.int().nullable(),
  /** Canonical JSON. */
  definitions: z.string(),
  definitionsVersion: z.string(),
  views: z.record(z.string(), storedFile),
  /** As in the manifest of a generation (layout.ts). */
  leftOut: z.array(z.string()).readonly().exactOptional(),
  /** Events that were read. */
  events: z.int(),
  tookMs: z.int(),
  at: z.int(),
  /** Why there are no rows; null: there are. */
  failure: z.string().nullable(),
});

export type AskedQuestion = z.output<typeof Asked>;
export type QuestionResult = z.output<typeof Result>;
export type StoredQuestion = Stored<AskedQuestion, QuestionResult>;

/** One without rows. */
export function failedResult(why: { readonly at: number; readonly tookMs: number; readonly failure: string }): QuestionResult {
  return { generation: null, cut: null, definitions: '{}', definitionsVersion: '', views: {}, events: 0, ...why };
}

export const QUESTION_WORK = askedWork<AskedQuestion, QuestionResult>({
  folder: 'questions',
  called: 'archive question',
  id: ID,
  asked: Asked,
  result: Result,
  damaged: (id, askedAt) => ({ id, lookbackDays: null, windowDays: {}, by: 'unknown', askedAt }),
  failed: failedResult,
  keptMs: QUESTION_KEPT_MS,
});

export const {
  folderOf: questionFolder,
  create: createQuestion,
  read: readQuestion,
  list: listQuestions,
  cancel: cancelQuestion,
  keepResult,
  expiryOf,
  sweep: sweepQuestions,
} = QUESTION_WORK;
