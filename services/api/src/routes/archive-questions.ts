/** Questions to the archive: asked, followed, cancelled. Their reports are beside those of both layers (attribution.ts). */
import { randomBytes } from 'node:crypto';
import { expiryOf, MOST_QUESTIONS, MOST_REMEMBERED, type StoredQuestion } from '@tributary/archive/asked/questions';
import type { GenerationManifest } from '@tributary/archive/layout';
import { ARCHIVE_QUESTION_ROUTES } from '@tributary/contract/groups/archive-questions';
import { TributaryError } from '@tributary/model/errors';
import { type OtherWindows, withWindows } from '@tributary/model/other-windows';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { costOf, progressOf, questionOf } from '@tributary/serving/questions/archive-questions';
import { askedHere } from '@tributary/serving/questions/asking';
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
        const { lookbackDays = null, windowDays = {}, dryRun = false } = request.body;
        const windows: OtherWindows = { lookbackDays, windowDays };
        if (lookbackDays === null && Object.keys(windowDays).length === 0)
          throw new TributaryError(
            'invalid_query',
            'lookbackDays must be given, or windowDays: the question asks for nothing else (got {})',
          );
        const base = await baseOf(deps);
        withWindows(deps.storedDefinitions(base.definitions), windows, sha256Hex);
        const others = await kept();
        const cost = await costOf(deps, base, others);
        if (dryRun) return { question: null, cost };
        const askedAt = now();
        const id = `${askedAt.toString(36)}-${randomBytes(4).toString('hex')}`;
        const asked = { id, ...windows, by: actorOf(request), askedAt };
        await ask(asked, others);
        deps.onAction('a question to the archive was asked', { question: id, ...windows, by: asked.by });
        return { question: await shown(deps, { asked, isCancelled: false, result: null }), cost };
      }),
    );

    serve(app, ARCHIVE_QUESTION_ROUTES.archiveQuestion, async ({ params }) => ({
      question: await shown(deps, await questionOf(deps, params.id)),
    }));

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
