/** Questions to the archive for readers: how far one is, what it would cost, and its rows as what reports are taken of. */
import { type AskedQuestion, expiryOf, type StoredQuestion } from '@tributary/archive/asked/questions';
import type { Asked, Result, Stored } from '@tributary/archive/asked/work';
import type { GenerationManifest } from '@tributary/archive/layout';
import { TributaryError } from '@tributary/model/errors';
import { type LoadedGeneration, loadedGeneration } from '../generations/loaded.ts';
import type { GenerationSource } from '../ports.ts';
import type { ServingContext } from '../snapshot.ts';
import { withoutDeltas } from '../without-deltas.ts';
import { createOneAtATime } from './one-at-a-time.ts';

/** Questions to the archive: their files, and the queue of those that are not computed yet. */
export interface QuestionDesk {
  create(asked: AskedQuestion): Promise<void>;
  /** undefined: there is none of this id, or no longer. */
  read(id: string): Promise<StoredQuestion | undefined>;
  /** Newest first. */
  list(): Promise<StoredQuestion[]>;
  cancel(id: string, atMs: number): Promise<void>;
  enqueue(id: string): Promise<void>;
  /** null: the queue does not have it. */
  state(id: string): Promise<'waiting' | 'running' | null>;
  /** What other definitions change, as the file of this name in the folder of the question says. Rejects with `archive_corrupt`. */
  comparison(id: string, name: string): Promise<unknown>;
  /** From the queue, if it waits there. */
  remove(id: string): Promise<void>;
}

export interface QuestionDeps {
  readonly questions: QuestionDesk;
  readonly source: GenerationSource;
  readonly now: () => number;
}

/** Throws `not_found`. */
export async function questionOf({ questions, now }: QuestionDeps, id: string): Promise<StoredQuestion> {
  const question = await questions.read(id);
  if (question !== undefined && expiryOf(question) > now()) return question;
  throw new TributaryError('not_found', `archive question ${id} does not exist: answers are kept for 7 days`);
}

export type QuestionState = 'waiting' | 'running' | 'done' | 'failed' | 'cancelled';

export interface QuestionProgress {
  readonly state: QuestionState;
  readonly failure: string | null;
}

const ENQUEUED_WITHIN_MS = 10_000;

/** Where any work that was asked of the batch layer is found: its files, and the queue. */
export interface AskedDesk<A extends Asked, R extends Result> {
  readonly questions: {
    read(id: string): Promise<Stored<A, R> | undefined>;
    state(id: string): Promise<'waiting' | 'running' | null>;
  };
  readonly now: () => number;
}

/** Files say what came of it, the queue whether something still will. */
export async function progressOf<A extends Asked, R extends Result>(
  { questions, now }: AskedDesk<A, R>,
  { asked, isCancelled, result }: Stored<A, R>,
): Promise<QuestionProgress> {
  if (isCancelled) return { state: 'cancelled', failure: null };
  if (result !== null) return stateOf(result.failure);
  const state = await questions.state(asked.id);
  if (state !== null) return { state, failure: null };
  // It ended between the two looks, or Redis has lost it.
  const again = await questions.read(asked.id);
  if (again?.isCancelled === true) return { state: 'cancelled', failure: null };
  if (again?.result) return stateOf(again.result.failure);
  // It is put into the queue after its file is written.
  if (now() - asked.askedAt < ENQUEUED_WITHIN_MS) return { state: 'waiting', failure: null };
  return { state: 'failed', failure: 'the queue does not have it any more: ask again' };
}

/** The file that says what other definitions change. Throws `not_found`, and `conflict` where there is none. */
export async function comparisonOf(deps: QuestionDeps, id: string): Promise<unknown> {
  const question = await questionOf(deps, id);
  const { state, failure } = await progressOf(deps, question);
  const name = question.result?.comparison;
  if (state === 'done' && name !== undefined) return deps.questions.comparison(id, name);
  const why = state === 'done' ? 'done, and asks for windows: only definitions are compared' : state;
  throw new TributaryError('conflict', `archive question ${id} is ${why}${failure === null ? '' : `: ${failure}`}`);
}

function stateOf(failure: string | null): QuestionProgress {
  return { state: failure === null ? 'done' : 'failed', failure };
}

export interface QuestionCost {
  readonly generation: number;
  readonly events: number;
  readonly bytes: number;
  readonly ahead: number;
  readonly estimatedMs: number | null;
  readonly estimatedFrom: 'question' | 'generation' | null;
}

/** `others`: all that are kept, newest first; one of the same kind says how long it takes. */
export async function costOf(
  deps: QuestionDeps,
  base: GenerationManifest,
  others: readonly StoredQuestion[],
  asksForDefinitions = false,
): Promise<QuestionCost> {
  const open = others.filter(({ isCancelled, result }) => !isCancelled && result === null);
  const states = await Promise.all(open.map((one) => progressOf(deps, one)));
  const { events } = base.counts;
  const question = others.find(
    ({ asked, result }) =>
      result !== null && result.failure === null && result.events > 0 && (asked.definitions !== undefined) === asksForDefinitions,
  )?.result;
  const full = (await deps.source.manifests()).find(
    ({ mode, computedAt, counts }) => mode === 'full' && computedAt !== null && counts.events > 0,
  );
  const [took, of, from] = question
    ? [question.tookMs, question.events, 'question' as const]
    : full?.computedAt
      ? [full.computedAt - full.createdAt, full.counts.events, 'generation' as const]
      : [0, 1, null];
  return {
    generation: base.generation,
    events,
    bytes: base.events.reduce((sum, file) => sum + file.bytes, 0),
    ahead: states.filter(({ state }) => state === 'waiting' || state === 'running').length,
    estimatedMs: from === null ? null : Math.round((took * events) / of),
    estimatedFrom: from,
  };
}

/** Reports that wait for the rows of another question, and how long rows that are not asked of stay in memory. */
const ROWS_HELD = { mostWaiting: 32, idleMs: 600_000 };

/** The rows of one question at a time are in memory: they are as many as those of a generation. */
export function openAnsweredQuestions(context: ServingContext & { readonly deps: QuestionDeps }) {
  const held = createOneAtATime<LoadedGeneration>(ROWS_HELD);

  /**
   * Answers with what `report` makes of its rows. Rejects with `not_found`, `conflict` where there is no answer, `archive_corrupt`, and
   * `overloaded` where too many wait for the rows of other questions.
   */
  return async <R>(id: string, report: (answered: ServingContext) => Promise<R>): Promise<R> => {
    const question = await questionOf(context.deps, id);
    const { state, failure } = await progressOf(context.deps, question);
    if (state !== 'done' || question.result === null)
      throw new TributaryError('conflict', `archive question ${id} is ${state}${failure === null ? '' : `: ${failure}`}`);
    const rows = async () => load(manifestOf(question, await cutOf(question, context.deps)), context.deps);
    return held.use(id, rows, (loaded) => report(withoutDeltas(context, loaded)));
  };
}

async function load(manifest: GenerationManifest, { source }: QuestionDeps): Promise<LoadedGeneration> {
  return loadedGeneration(manifest.generation, manifest, await source.viewRows(manifest));
}

type Cut = GenerationManifest['cut'];

/** Where the generation was cut whose events it was computed from: asked where keys are joined. Empty: it is gone. */
async function cutOf({ result }: StoredQuestion, { source, storedDefinitions }: ServingContext['deps']): Promise<Cut> {
  if (result?.generation == null || storedDefinitions(result.definitions).joinedMs === null) return [];
  return (await source.manifest(result.generation))?.cut ?? [];
}

/** As if a generation had been computed by these definitions. */
function manifestOf({ asked, result }: StoredQuestion, cut: Cut): GenerationManifest {
  if (result === null || result.generation === null || result.cut === null) throw new Error(`${asked.id} has no rows`);
  return {
    generation: result.generation,
    state: 'computed',
    mode: 'full',
    base: null,
    definitions: result.definitions,
    definitionsVersion: result.definitionsVersion,
    reason: `archive question ${asked.id}`,
    createdAt: result.cut,
    computedAt: result.at,
    ...{ lastSegment: [], cut, events: [], conversions: [] },
    views: result.views,
    ...(result.leftOut !== undefined && { leftOut: result.leftOut }),
    ...(result.wholeFromMs !== undefined && { wholeFromMs: result.wholeFromMs }),
    counts: { events: result.events, newEvents: 0, duplicates: 0 },
  };
}
