/** Questions to the archive on disk (work.ts): what reports would say under other windows or definitions. A result holds the rows of all views. */
import { join } from 'node:path';
import { TributaryError } from '@tributary/model/errors';
import { exactJson, parseExactJson } from '@tributary/model/exact-json';
import { z } from 'zod';
import { createDurably, readIfThere } from '../durable.ts';
import { viewFiles } from '../manifest-file.ts';
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
  /** Canonical JSON of other definitions, whole; absent: those of the generation, with other windows. */
  definitions: z.string().exactOptional(),
  definitionsVersion: z.string().exactOptional(),
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
  views: viewFiles,
  /** As in the manifest of a generation (layout.ts). */
  leftOut: z.array(z.string()).readonly().exactOptional(),
  wholeFromMs: z.int().exactOptional(),
  /** The file that says what other definitions change, in the folder of the question; absent: it asks for windows. */
  comparison: z
    .string()
    .regex(/^comparison-[0-9a-f]{8}\.json$/)
    .exactOptional(),
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
  cancel: cancelQuestion,
  keepResult,
  expiryOf,
  sweep: sweepQuestions,
} = QUESTION_WORK;

/** undefined: there is none of this id, or no longer. */
export async function readQuestion(dataDir: string, id: string): Promise<StoredQuestion | undefined> {
  const stored = await QUESTION_WORK.read(dataDir, id);
  return stored && answered(stored);
}

/** Newest first. */
export async function listQuestions(dataDir: string): Promise<StoredQuestion[]> {
  return (await QUESTION_WORK.list(dataDir)).map(answered);
}

/** A worker of an earlier version does not see the definitions of a question, and answers under those in force. */
function answered(stored: StoredQuestion): StoredQuestion {
  const { asked, result } = stored;
  if (asked.definitions === undefined || result === null || result.failure !== null || result.comparison !== undefined)
    return stored;
  const failure =
    'conflict: a worker of an earlier version computed it, without the definitions. Upgrade all of them, and ask again';
  return { ...stored, result: failedResult({ at: result.at, tookMs: result.tookMs, failure }) };
}

/** What other definitions change (jobs/recompute/src/reconcile/compare-definitions.ts), in a file of this attempt; resolves with its name. Written before the result that names it. */
export async function writeComparison(dataDir: string, id: string, attempt: string, comparison: object): Promise<string> {
  const name = `comparison-${attempt}.json`;
  await createDurably(join(dataDir, questionFolder(id), name), `${exactJson(comparison, 1)}\n`);
  return name;
}

/** Throws `archive_corrupt` where it is gone or damaged. */
export async function readComparison(dataDir: string, id: string, name: string): Promise<unknown> {
  const path = join(questionFolder(id), name);
  try {
    return parseExactJson((await readIfThere(join(dataDir, path))) ?? '');
  } catch (cause) {
    throw new TributaryError('archive_corrupt', `${path} is damaged or gone: ask the question again`, { cause });
  }
}
