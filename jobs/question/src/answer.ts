/**
 * One attempt at a question to the archive: what the views would say if touches had other windows.
 *
 *   asked ─▶ the generation that readers get ─▶ its events, under its definitions with other windows ─▶ views, read back ─▶ result
 *
 * It reads what a generation's run reads, through the same shards, and leaves the generation as it is. It may die at any point: the next
 * attempt begins again, in a folder of its own, and the first result that is written counts.
 */
import { join } from 'node:path';
import { keepsAllColumns } from '@tributary/archive/compute/relations';
import { questionStagingFolder, sweepQuestionStaging } from '@tributary/archive/compute/staging';
import { whileVerifying } from '@tributary/archive/compute/verified';
import { namesIn } from '@tributary/archive/durable';
import { readGeneration } from '@tributary/archive/generations';
import type { GenerationManifest } from '@tributary/archive/layout';
import { currentPublication } from '@tributary/archive/publications';
import {
  failedResult,
  keepResult,
  type QuestionResult,
  questionFolder,
  readQuestion,
  sweepQuestions,
} from '@tributary/archive/questions';
import { storedDefinitions } from '@tributary/model/definitions';
import { TributaryError } from '@tributary/model/errors';
import { type OtherWindows, withWindows } from '@tributary/model/other-windows';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { isTransient } from '@tributary/runtime/error-kinds';
import type { QuestionPorts } from './ports.ts';
import type { QuestionSpec } from './spec.ts';

export interface QuestionAttempt {
  readonly id: string;
  /** A failure that may go away by itself is not tried again. */
  readonly isLast: boolean;
}

/** How soon one that was cancelled stops, ms. */
const POLL_EVERY_MS = 500;

/** Resolves when there is a result, also one that says why there are no rows, or the question was given up. */
export async function answerQuestion({ id, isLast }: QuestionAttempt, ports: QuestionPorts, signal: AbortSignal): Promise<void> {
  await sweep(ports);
  const question = await readQuestion(ports.dataDir, id);
  if (question === undefined || question.isCancelled || question.result !== null) return;
  const cancelled = new AbortController();
  const done = new AbortController();
  const watching = watch(id, ports, cancelled, done.signal);
  const began = ports.now();
  try {
    const result = await compute(question.asked, ports, AbortSignal.any([signal, cancelled.signal]));
    const isFirst = await keepResult(ports.dataDir, id, { ...result, tookMs: ports.now() - began, at: ports.now() });
    const { generation, events } = result;
    ports.note(`a question to the archive ${isFirst ? 'is' : 'was'} answered`, { question: id, generation, events });
  } catch (error) {
    if (cancelled.signal.aborted) return;
    signal.throwIfAborted();
    if (isTransient(error) && !isLast) throw error;
    const failure = error instanceof TributaryError ? `${error.code}: ${error.message}` : String(error);
    await keepResult(ports.dataDir, id, failedResult({ failure, tookMs: ports.now() - began, at: ports.now() }));
    ports.note('a question to the archive failed', { question: id, error: String(error) });
  } finally {
    done.abort();
    await watching;
  }
}

type Computed = Omit<QuestionResult, 'tookMs' | 'at'>;

async function compute(
  { id, ...windows }: OtherWindows & { readonly id: string },
  ports: QuestionPorts,
  signal: AbortSignal,
): Promise<Computed> {
  const { dataDir, limits } = ports;
  const base = await servedGeneration(dataDir);
  // By the rules that the base was made by: the answer differs from it by the windows alone.
  const definitions = withWindows(storedDefinitions(base.definitions, sha256Hex), windows, sha256Hex);
  const attempt = ports.newAttempt();
  const spec: QuestionSpec = {
    dataDir,
    generation: base.generation,
    attempt,
    definitions: definitions.json,
    arrivals: base.lastSegment.map(() => []),
    base,
    reuseRows: false,
    limits: limits.compute,
    folder: questionFolder(id),
    staging: questionStagingFolder(id, attempt),
  };
  try {
    const kept = await whileVerifying(dataDir, base.events, signal, (abort) =>
      ports.computeViews(spec, { timeoutMs: limits.computeTimeoutMs, signal: abort }),
    );
    return {
      generation: base.generation,
      cut: base.createdAt,
      definitions: definitions.json,
      definitionsVersion: definitions.version,
      ...kept,
      events: base.counts.events,
      failure: null,
    };
  } catch (error) {
    signal.throwIfAborted();
    // Its files may have gone while they were read: a newer one is there then.
    const { state } = await readGeneration(dataDir, base.generation);
    if (state === 'computed') throw error;
    throw new TributaryError('store_unavailable', `generation ${base.generation} was retired meanwhile`, { cause: error });
  }
}

async function servedGeneration(dataDir: string): Promise<GenerationManifest> {
  const publication = await currentPublication(dataDir);
  if (publication === null)
    throw new TributaryError('conflict', 'a generation does not exist yet, so the archive cannot be asked');
  const manifest = await readGeneration(dataDir, publication.generation);
  if (keepsAllColumns(manifest)) return manifest;
  throw new TributaryError(
    'conflict',
    `generation ${manifest.generation} was computed by an earlier version, without all that is asked for`,
  );
}

/** Ends when `done`; aborts `cancelled` once the question was. */
async function watch(id: string, ports: QuestionPorts, cancelled: AbortController, done: AbortSignal): Promise<void> {
  const folder = join(ports.dataDir, questionFolder(id));
  while (!done.aborted && !cancelled.signal.aborted) {
    const names = await namesIn(folder).catch(() => ['asked.json']);
    if (names.includes('cancelled.json') || !names.includes('asked.json'))
      cancelled.abort(new Error('the question was cancelled'));
    else await ports.sleep(POLL_EVERY_MS, done).catch(() => {});
  }
}

/** What has expired, and what killed attempts left. It goes on where that cannot be removed: the answer does not need it. */
async function sweep({ dataDir, now, limits, note }: QuestionPorts): Promise<void> {
  try {
    await sweepQuestions(dataDir, now());
    await sweepQuestionStaging(dataDir, now() - limits.computeTimeoutMs);
  } catch (error) {
    note('questions to the archive that expired could not be removed', { error: String(error) });
  }
}
