/**
 * The wire of a Feast feature server, as Feast's SDK sends and reads it (`online_store: {type: remote}`): values of definitions as features.
 * Names, errors and answers are Feast's, so these routes are not in the contract.
 *
 *   entities and features ─▶ users and names of definitions ─▶ values ─▶ one column a feature, over the users
 *
 * Answers are feature-major: `results[i]` belongs to `metadata.feature_names[i]`. Feast's pages show them entity-major; its SDK reads that without
 * an error, and wrongly.
 */
import type { Problem } from '@tributary/contract/shapes/problem';
import { type ErrorCode, TributaryError } from '@tributary/model/errors';
import { remembered } from '@tributary/runtime/http/remembered';
import type { FastifyReply } from 'fastify';
import type { ApiContext, Routes } from '../context.ts';
import { askerOf } from '../http/asker.ts';
import { createColumns } from '../http/feast-columns.ts';
import { FeaturesQuery, featuresAsked } from '../http/feast-query.ts';
import { askedUsers, findValues, knownNames, unknownName } from '../http/find-values.ts';
import { readinessOf } from './health.ts';

/** As long as any: Feast's clients see null for what was not computed, and not why. ms. */
const BUDGET_MS = 500;

const IN_FEASTS_FORM = { config: { scope: 'read' as const, problemAs: feastProblem } };

export const routes: Routes = (context) => (app, _options, done) => {
  app.post('/get-online-features', { ...IN_FEASTS_FORM, schema: { body: FeaturesQuery } }, (request, reply) =>
    onlineFeatures(context, request.body as FeaturesQuery, request.owner, reply),
  );
  for (const path of ['/push', '/write-to-online-store'])
    app.post(path, IN_FEASTS_FORM, async (request) => {
      throw new TributaryError(
        'not_found',
        `${request.routeOptions.url} does not take values here: they are computed of events. Send those to the collector (POST /v1/events), and they count at once`,
      );
    });
  const readiness = remembered(
    () => readinessOf(context),
    context.deps.limits.openAnswersMs,
    () => performance.now(),
  );
  app.get('/health', { config: { scope: 'open' }, logLevel: 'silent' }, async (_request, reply) =>
    reply.code((await readiness()).ok ? 200 : 503).send(),
  );
  done();
};

async function onlineFeatures(
  context: ApiContext,
  query: FeaturesQuery,
  owner: string,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { joinKey, entities, features, views } = featuresAsked(query);
  const asked = await askedUsers(
    context,
    entities.map((entity) => String(entity)),
    features.map(({ definition }) => definition),
  );
  const known = knownNames(asked);
  const unknown = features.find(({ definition }) => !known.has(definition));
  if (unknown !== undefined) throw unknownName('features', unknown.definition, known);
  const names = [...new Set(features.map(({ definition }) => definition))];
  const columns = createColumns(asked.sets, features, names);
  const { asOf, partial, meta } = await findValues(
    context,
    asked,
    { names, asOf: undefined, budgetMs: BUDGET_MS },
    askerOf({ owner }, reply),
    columns,
  );
  const viewMetadata = query.include_feature_view_version_metadata
    ? { feature_view_metadata: views.map((name) => ({ name, version: 0 })) }
    : {};
  const metadata = JSON.stringify({ feature_names: [joinKey, ...features.map(({ shown }) => shown)], ...viewMetadata });
  const results = columns.results(entities.map((entity) => JSON.stringify(entity)));
  const tooLarge = columns.tooLarge();
  const warnings = [
    ...meta.warnings,
    ...(tooLarge > 0 ? [`values that 64 bits do not hold are null here (${tooLarge}): POST /v1/signals/values has them`] : []),
  ];
  const about = JSON.stringify({ asOf, partial, ...meta, warnings });
  const body = Buffer.from([`{"metadata":${metadata},"results":[`, ...results, `],"meta":${about}}`].join(''));
  context.unread.demandRoom(body.length, owner);
  return reply.type('application/json; charset=utf-8').send(body);
}

const CLASSES: Readonly<Partial<Record<ErrorCode, string>>> = {
  unauthorized: 'FeastPermissionError',
  forbidden: 'FeastPermissionError',
  not_found: 'FeastObjectNotFoundException',
};

/** A JSON string that holds JSON: its SDK raises `class` with `message`, and another form as an error about that form. */
function feastProblem(problem: Problem): string {
  const { code, detail, fix, requestId } = problem;
  // What is not found here says itself where else to look.
  const todo = code === 'not_found' ? '' : ` ${fix}`;
  const message = `${detail}.${todo} (${code}, request ${requestId})`.replace('..', '.');
  return JSON.stringify(JSON.stringify({ module: 'feast.errors', class: CLASSES[code] ?? 'FeastError', message }));
}
