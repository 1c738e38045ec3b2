/**
 * Questions to the archive on disk: what was asked, whether it was cancelled, and what came of it. Each is a file that is written once and
 * never changed, so that a coordinator which dies leaves nothing half done, and of two results the first counts.
 *
 *   questions/<id>/asked.json · cancelled.json · result.json · view-<name>-<attempt>.parquet
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { TributaryError } from '@tributary/model/errors';
import { DATA_PATHS, dataPath } from '@tributary/runtime/data-folder/paths';
import { z } from 'zod';
import { createDurably, namesIn } from './durable.ts';
import { readManifest, storedFile, toJson } from './manifest-file.ts';

/** A result is kept for so long after it was computed; a question that never got one, after it was asked. */
export const QUESTION_KEPT_MS = 7 * 24 * 3_600_000;
/** Questions and results that there may be at a time: each result holds the rows of all views. */
export const MOST_QUESTIONS = 8;
/** Files of one that was cancelled may still have a writer. */
const CANCELLED_KEPT_MS = 3_600_000;

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
  /** Events that were read. */
  events: z.int(),
  tookMs: z.int(),
  at: z.int(),
  /** Why there are no rows; null: there are. */
  failure: z.string().nullable(),
});

export type AskedQuestion = z.output<typeof Asked>;
export type QuestionResult = z.output<typeof Result>;
export interface StoredQuestion {
  readonly asked: AskedQuestion;
  readonly isCancelled: boolean;
  /** null: there is none yet. */
  readonly result: QuestionResult | null;
}

/** Relative to the data folder. */
export function questionFolder(id: string): string {
  if (!ID.test(id)) throw new TributaryError('not_found', `archive question ${JSON.stringify(id)} does not exist`);
  return `${DATA_PATHS.questions}/${id}`;
}

export async function createQuestion(dataDir: string, asked: AskedQuestion): Promise<void> {
  await createDurably(join(dataDir, questionFolder(asked.id), 'asked.json'), toJson(asked));
}

/** undefined: there is none of this id, or no longer. Rejects with `manifest_corrupt`. */
export async function readQuestion(dataDir: string, id: string): Promise<StoredQuestion | undefined> {
  const folder = join(dataDir, questionFolder(id));
  const asked = await readManifest(join(folder, 'asked.json'), Asked);
  if (asked === undefined) return undefined;
  const result = (await readManifest(join(folder, 'result.json'), Result)) ?? null;
  return { asked, isCancelled: (await namesIn(folder)).includes('cancelled.json'), result };
}

/** Newest first. */
export async function listQuestions(dataDir: string): Promise<StoredQuestion[]> {
  const questions: StoredQuestion[] = [];
  for (const id of await namesIn(dataPath(dataDir, 'questions'))) {
    const question = ID.test(id) ? await readQuestion(dataDir, id) : undefined;
    if (question !== undefined) questions.push(question);
  }
  return questions.sort((a, b) => b.asked.askedAt - a.asked.askedAt);
}

/** Idempotent. A result that is there is given up as well. */
export async function cancelQuestion(dataDir: string, id: string, at: number): Promise<void> {
  await createDurably(join(dataDir, questionFolder(id), 'cancelled.json'), toJson({ at }));
}

/** false: there is a result already, which stands. */
export function keepResult(dataDir: string, id: string, result: QuestionResult): Promise<boolean> {
  return createDurably(join(dataDir, questionFolder(id), 'result.json'), toJson(result));
}

/** When it will be removed, epoch ms. */
export function expiryOf({ asked, isCancelled, result }: StoredQuestion): number {
  return (result?.at ?? asked.askedAt) + (isCancelled ? CANCELLED_KEPT_MS : QUESTION_KEPT_MS);
}

/** Removes what has expired. */
export async function sweepQuestions(dataDir: string, nowMs: number): Promise<void> {
  for (const question of await listQuestions(dataDir))
    if (expiryOf(question) <= nowMs) await rm(join(dataDir, questionFolder(question.asked.id)), { recursive: true, force: true });
}
