/**
 * One attempt at a question to the archive: what the views would say if touches had other windows.
 *
 *   asked ─▶ the generation that readers get ─▶ its events, under its definitions with other windows ─▶ views, read back ─▶ result
 *
 * It reads what a generation's run reads, through the same shards, and leaves the generation as it is.
 */
import { failedResult, QUESTION_WORK, type QuestionResult, questionFolder } from '@tributary/archive/asked/questions';
import { keepsAllColumns } from '@tributary/archive/compute/relations';
import { questionStagingFolder } from '@tributary/archive/compute/staging';
import { whileVerifying } from '@tributary/archive/compute/verified';
import { readGeneration } from '@tributary/archive/generations';
import type { GenerationManifest } from '@tributary/archive/layout';
import { currentPublication } from '@tributary/archive/publications';
import { storedDefinitions } from '@tributary/model/definitions';
import { TributaryError } from '@tributary/model/errors';
import { type OtherWindows, withWindows } from '@tributary/model/other-windows';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { type Attempt, attemptAt } from './attempt.ts';
import type { QuestionPorts } from './ports.ts';
import type { QuestionSpec } from './spec.ts';

/** Resolves when there is a result, also one that says why there are no rows, or the question was given up. */
export function answerQuestion(attempt: Attempt, ports: QuestionPorts, signal: AbortSignal): Promise<void> {
  const called = 'a question to the archive';
  return attemptAt({ work: QUESTION_WORK, called, compute, failed: failedResult }, attempt, ports, signal);
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
