/**
 * Questions to the archive on disk: what was asked, whether it was cancelled, and what came of it. Each is a file that is written once and
 * never changed, so that a coordinator which dies leaves nothing half done, and of two results the first counts.
 *
 *   questions/<id>/asked.json · cancelled.json · result.json · view-<name>-<attempt>.parquet
 */
import { rm, stat } from 'node:fs/promises';
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
/** With those that were cancelled: each is read whenever they are listed. */
export const MOST_REMEMBERED = 64;
/** Files of one that was cancelled may still have a writer, and a folder where nothing was asked yet as well. */
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

/** undefined: there is none of this id, or no longer. A damaged file is a failure that says so: the question can be removed. */
export async function readQuestion(dataDir: string, id: string): Promise<StoredQuestion | undefined> {
  const folder = join(dataDir, questionFolder(id));
  const found = await readAsked(join(folder, 'asked.json'), id);
  if (found === undefined) return undefined;
  const { asked, damage } = found;
  const result = damage ?? (await readResult(join(folder, 'result.json'), asked));
  return { asked, isCancelled: (await namesIn(folder)).includes('cancelled.json'), result };
}

async function readAsked(
  path: string,
  id: string,
): Promise<{ readonly asked: AskedQuestion; readonly damage: QuestionResult | null } | undefined> {
  try {
    const asked = await readManifest(path, Asked);
    return asked && { asked, damage: null };
  } catch (error) {
    if (!isCorrupt(error)) throw error;
    const at = Math.round((await stat(path)).mtimeMs);
    const asked = { id, lookbackDays: null, windowDays: {}, by: 'unknown', askedAt: at };
    return { asked, damage: damaged(at, error) };
  }
}

async function readResult(path: string, { askedAt }: AskedQuestion): Promise<QuestionResult | null> {
  try {
    return (await readManifest(path, Result)) ?? null;
  } catch (error) {
    if (!isCorrupt(error)) throw error;
    return damaged(askedAt, error);
  }
}

function damaged(at: number, { code, message }: TributaryError): QuestionResult {
  return failedResult({ at, tookMs: 0, failure: `${code}: ${message}` });
}

/** One without rows. */
export function failedResult(why: { readonly at: number; readonly tookMs: number; readonly failure: string }): QuestionResult {
  return { generation: null, cut: null, definitions: '{}', definitionsVersion: '', views: {}, events: 0, ...why };
}

function isCorrupt(error: unknown): error is TributaryError {
  return error instanceof TributaryError && error.code === 'manifest_corrupt';
}

/** Newest first. */
export async function listQuestions(dataDir: string): Promise<StoredQuestion[]> {
  const questions: StoredQuestion[] = [];
  for (const id of await idsIn(dataDir)) {
    const question = await readQuestion(dataDir, id);
    if (question !== undefined) questions.push(question);
  }
  return questions.sort((a, b) => b.asked.askedAt - a.asked.askedAt);
}

async function idsIn(dataDir: string): Promise<string[]> {
  return (await namesIn(dataPath(dataDir, 'questions'))).filter((name) => ID.test(name));
}

/** Idempotent. A result that is there is given up as well, and its rows are removed. */
export async function cancelQuestion(dataDir: string, id: string, at: number): Promise<void> {
  const folder = join(dataDir, questionFolder(id));
  await createDurably(join(folder, 'cancelled.json'), toJson({ at }));
  const names = await namesIn(folder);
  if (!names.includes('result.json')) return;
  for (const name of names) if (name.endsWith('.parquet')) await rm(join(folder, name), { force: true });
}

/** false: there is a result already, which stands. */
export function keepResult(dataDir: string, id: string, result: QuestionResult): Promise<boolean> {
  return createDurably(join(dataDir, questionFolder(id), 'result.json'), toJson(result));
}

/** When it will be removed, epoch ms. */
export function expiryOf({ asked, isCancelled, result }: StoredQuestion): number {
  return (result?.at ?? asked.askedAt) + (isCancelled ? CANCELLED_KEPT_MS : QUESTION_KEPT_MS);
}

/** Removes what has expired. One that cannot be removed does not keep the others; rejects with its error in the end. */
export async function sweepQuestions(dataDir: string, nowMs: number): Promise<void> {
  let failed: unknown;
  for (const id of await idsIn(dataDir))
    try {
      if ((await endOf(dataDir, id)) <= nowMs) await removeQuestion(dataDir, id);
    } catch (error) {
      failed ??= error;
    }
  if (failed !== undefined) throw failed;
}

/** When a folder is removed, epoch ms. Without a question, by its age: it is what is left of one, or will be one. */
async function endOf(dataDir: string, id: string): Promise<number> {
  const question = await readQuestion(dataDir, id);
  if (question !== undefined) return expiryOf(question);
  const { mtimeMs } = await stat(join(dataDir, questionFolder(id)));
  return mtimeMs + CANCELLED_KEPT_MS;
}

/** First what was asked: cut off there, the rest cannot be read as a question, and is removed by its age. */
async function removeQuestion(dataDir: string, id: string): Promise<void> {
  const folder = join(dataDir, questionFolder(id));
  await rm(join(folder, 'asked.json'), { force: true });
  await rm(folder, { recursive: true, force: true });
}
