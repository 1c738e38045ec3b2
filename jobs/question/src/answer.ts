/**
 * One attempt at a question to the archive: what the views would say if touches had other windows, or under other definitions.
 *
 *   asked ─▶ the generation that readers get ─▶ its events, under these ─▶ views, read back ─▶ of definitions: held against its own ─▶ result
 *
 * It reads what a generation's run reads, through the same shards, and leaves the generation as it is.
 */
import {
  type AskedQuestion,
  failedResult,
  QUESTION_WORK,
  type QuestionResult,
  questionFolder,
  writeComparison,
} from '@tributary/archive/asked/questions';
import { keepsAllColumns } from '@tributary/archive/compute/relations';
import type { ComputeSpec } from '@tributary/archive/compute/spec';
import { questionStagingFolder } from '@tributary/archive/compute/staging';
import { filesRead, whileVerifying } from '@tributary/archive/compute/verified';
import { readGeneration } from '@tributary/archive/generations';
import type { GenerationManifest } from '@tributary/archive/layout';
import { planChanged } from '@tributary/archive/plan/other-definitions';
import { currentPublication } from '@tributary/archive/publications';
import { wholeUnder } from '@tributary/archive/retention/plan';
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

async function compute(asked: AskedQuestion, ports: QuestionPorts, signal: AbortSignal): Promise<Computed> {
  const { dataDir, limits } = ports;
  const base = await servedGeneration(dataDir);
  const attempt = ports.newAttempt();
  const places = { folder: questionFolder(asked.id), staging: questionStagingFolder(asked.id, attempt) };
  const planned =
    asked.definitions === undefined
      ? underOtherWindows(base, asked, { dataDir, attempt, limits: limits.compute })
      : await underOtherDefinitions(base, asked.definitions, { dataDir, attempt, limits: limits.compute }, ports);
  const spec: QuestionSpec = { ...planned, ...places };
  try {
    const computed = await whileVerifying(dataDir, filesRead(spec), signal, (abort) =>
      ports.computeViews(spec, { timeoutMs: limits.computeTimeoutMs, signal: abort }),
    );
    const { corrected = {}, recounted: counted, ...kept } = computed;
    const recounted = spec.base === null ? null : counted;
    const { definitions } = spec;
    const wholeFromMs = wholeUnder(base, storedDefinitions(definitions, sha256Hex));
    const changed = { base, definitions, after: kept, corrected, recounted, staging: places.staging };
    const comparison =
      asked.definitions === undefined
        ? undefined
        : await writeComparison(dataDir, asked.id, attempt, await ports.compareChanged(changed, signal));
    return {
      generation: base.generation,
      cut: base.createdAt,
      definitions,
      definitionsVersion: storedDefinitions(definitions, sha256Hex).version,
      ...kept,
      ...(wholeFromMs !== undefined && { wholeFromMs }),
      ...(comparison !== undefined && { comparison }),
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

type Where = Pick<ComputeSpec, 'dataDir' | 'attempt' | 'limits'>;

/** By the rules that the base was made by: the answer differs from it by the windows alone. */
function underOtherWindows(base: GenerationManifest, windows: OtherWindows, where: Where): ComputeSpec {
  if (!keepsAllColumns(base))
    throw new TributaryError(
      'conflict',
      `generation ${base.generation} was computed by an earlier version, without all that is asked for`,
    );
  const { json } = withWindows(storedDefinitions(base.definitions, sha256Hex), windows, sha256Hex);
  const arrivals = base.lastSegment.map(() => []);
  return { ...where, generation: base.generation, definitions: json, arrivals, base, reuseRows: false };
}

/** As the next run would compute that brings them, if nothing came since. */
function underOtherDefinitions(
  base: GenerationManifest,
  json: string,
  { dataDir, ...where }: Where,
  { program }: QuestionPorts,
): Promise<ComputeSpec> {
  return planChanged(dataDir, { ...where, base, definitions: storedDefinitions(json, sha256Hex), program });
}

async function servedGeneration(dataDir: string): Promise<GenerationManifest> {
  const publication = await currentPublication(dataDir);
  if (publication === null)
    throw new TributaryError('conflict', 'a generation does not exist yet, so the archive cannot be asked');
  return readGeneration(dataDir, publication.generation);
}
