/** Questions to the archive: asked, followed, cancelled. Their reports are beside those of both layers (attribution.ts). */
import { randomBytes } from 'node:crypto';
import { expiryOf, MOST_QUESTIONS, MOST_REMEMBERED, type StoredQuestion } from '@tributary/archive/asked/questions';
import type { GenerationManifest } from '@tributary/archive/layout';
import { ARCHIVE_QUESTION_ROUTES } from '@tributary/contract/groups/archive-questions';
import type { Answer } from '@tributary/contract/shapes/route';
import { TributaryError } from '@tributary/model/errors';
import { type OtherWindows, withWindows } from '@tributary/model/other-windows';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { comparisonOf, costOf, progressOf, questionOf } from '@tributary/serving/questions/archive-questions';
import { askedHere } from '@tributary/serving/questions/asking';
import { readDefinitions } from '@tributary/signals/definitions/file';
import type { ApiContext, Routes } from '../context.ts';
import { actorOf } from '../http/auth.ts';
import { serve } from '../http/serve.ts';

export const routes: Routes =
  ({ deps }) =>
  (app, _options, done) => {
    const { questions, now } = deps;
    const { kept, inTurn, ask } = askedHere({
      desk: questions,
      expiryOf,
      now,
      most: MOST_QUESTIONS,
      mostRemembered: MOST_REMEMBERED,
      called: 'archive questions',
      path: '/v1/archive-questions',
    });

    serve(app, ARCHIVE_QUESTION_ROUTES.archiveQuestions, async () => ({
      questions: await Promise.all((await kept()).map((one) => shown(deps, one))),
    }));

    serve(app, ARCHIVE_QUESTION_ROUTES.askArchive, (request) =>
      inTurn(async () => {
        const { lookbackDays = null, windowDays = {}, definitions, dryRun = false } = request.body;
        const windows: OtherWindows = { lookbackDays, windowDays };
        demandOneKind(windows, definitions);
        const base = await baseOf(deps);
        const other = definitions === undefined ? null : readDefinitions(JSON.stringify(definitions), sha256Hex);
        if (other === null) withWindows(deps.storedDefinitions(base.definitions), windows, sha256Hex);
        const others = await kept();
        const cost = await costOf(deps, base, others, other !== null);
        if (dryRun) return { question: null, cost };
        const askedAt = now();
        const id = `${askedAt.toString(36)}-${randomBytes(4).toString('hex')}`;
        const asked = {
          id,
          ...windows,
          ...(other !== null && { definitions: other.json, definitionsVersion: other.version }),
          by: actorOf(request),
          askedAt,
        };
        await ask(asked, others);
        const about = other === null ? windows : { definitions: other.version };
        deps.onAction('a question to the archive was asked', { question: id, ...about, by: asked.by });
        return { question: await shown(deps, { asked, isCancelled: false, result: null }), cost };
      }),
    );

    serve(app, ARCHIVE_QUESTION_ROUTES.archiveQuestion, async ({ params }) => ({
      question: await shown(deps, await questionOf(deps, params.id)),
    }));

    serve(
      app,
      ARCHIVE_QUESTION_ROUTES.archiveComparison,
      // As the recompute job wrote it.
      async ({ params }) => (await comparisonOf(deps, params.id)) as Answer<typeof ARCHIVE_QUESTION_ROUTES.archiveComparison>,
    );

    serve(app, ARCHIVE_QUESTION_ROUTES.dropArchiveQuestion, async (request) => {
      const { id } = request.params;
      const question = await questionOf(deps, id);
      await questions.cancel(id, now());
      await questions.remove(id);
      deps.onAction('a question to the archive was given up', { question: id, by: actorOf(request) });
      return { question: await shown(deps, { ...question, isCancelled: true }) };
    });
    done();
  };

function demandOneKind({ lookbackDays, windowDays }: OtherWindows, definitions: unknown): void {
  const asksForWindows = lookbackDays !== null || Object.keys(windowDays).length > 0;
  if (!asksForWindows && definitions === undefined)
    throw new TributaryError(
      'invalid_query',
      'the question must have lookbackDays, windowDays or definitions (got none of them). Give one',
    );
  if (asksForWindows && definitions !== undefined)
    throw new TributaryError(
      'invalid_query',
      'definitions must be given alone (got lookbackDays or windowDays as well). Write the windows into the definitions',
    );
}

/** Throws `conflict` before the first generation. */
async function baseOf({ source }: ApiContext['deps']): Promise<GenerationManifest> {
  const publication = await source.publication();
  const base = publication === null ? null : await source.manifest(publication.generation);
  if (base === null) throw new TributaryError('conflict', 'a generation does not exist yet, so the archive cannot be asked');
  return base;
}

async function shown(deps: ApiContext['deps'], question: StoredQuestion) {
  const { asked, result } = question;
  const { state, failure } = await progressOf(deps, question);
  const isDone = state === 'done' && result !== null;
  return {
    id: asked.id,
    state,
    lookbackDays: asked.lookbackDays,
    windowDays: asked.windowDays,
    otherDefinitions: asked.definitionsVersion ?? null,
    askedAt: asked.askedAt,
    by: asked.by,
    generation: isDone ? result.generation : null,
    cut: isDone ? result.cut : null,
    definitions: isDone ? result.definitionsVersion : null,
    events: isDone ? result.events : null,
    tookMs: result?.tookMs ?? null,
    expiresAt: expiryOf(question),
    failure,
  };
}
