/** Archived events that are retired by age: a plan, and a request that the next run carries out. */
import { midnightOf, type RetirementPlan } from '@tributary/archive/retention/plan';
import { RETIREMENT_ROUTES } from '@tributary/contract/groups/archive-retirements';
import { TributaryError } from '@tributary/model/errors';
import { DAY_MS, dayOf } from '@tributary/model/time';
import type { ApiContext, Routes } from '../context.ts';
import { actorOf } from '../http/auth.ts';
import { serve } from '../http/serve.ts';

export const routes: Routes = (context) => (app, _options, done) => {
  const { deps, archiveLimit } = context;

  serve(app, RETIREMENT_ROUTES.retireArchive, async (request) => {
    const { olderThanDays, dryRun, confirm, why } = request.body;
    const nowMs = deps.now();
    const { definitions, limit } = await published(context, nowMs);
    const { never, newestBefore, generation } = limit;
    if (never !== null) throw new TributaryError('conflict', `${never}. Keep the archive whole`);
    const before = midnightOf(nowMs - olderThanDays * DAY_MS);
    if (before > newestBefore)
      throw new TributaryError(
        'invalid_query',
        `olderThanDays must be at least ${Math.floor(nowMs / DAY_MS) - newestBefore / DAY_MS}, as records, windows and lateness of generation ${generation}, which is kept, look back that far (got ${olderThanDays}). Raise it, or ask again when it is gone`,
      );
    const planned = await archiveLimit.run((signal) => deps.retirements.plan({ before, definitions, signal }));
    const plan = { ...planned, months: [...planned.months], corrections: [...planned.corrections], newestBefore };
    const shown = { ...plan, confirm: confirmationOf(planned) };
    if (dryRun) return { plan: shown, retirement: null };
    demandConfirmed(planned, confirm);
    const [waiting] = (await deps.retirements.list()).retirements.filter(({ state }) => state === 'waiting');
    if (waiting !== undefined)
      throw new TributaryError(
        'conflict',
        `retirement ${waiting.number} must end first: it waits for the next run. Begin one (POST /v1/generations)`,
      );
    const { files, rows, bytes } = planned;
    const said = { before, at: nowMs, by: actorOf(request), ...(why !== undefined && { why }) };
    const retirement = await deps.retirements.create({ ...said, planned: { files, rows, bytes } });
    deps.onAction('archived events are to be retired', { retirement: retirement.number, ...said, files, rows, bytes });
    return { plan: shown, retirement };
  });

  serve(app, RETIREMENT_ROUTES.archiveRetirements, () => deps.retirements.list());
  done();
};

async function published({ deps }: ApiContext, nowMs: number) {
  const publication = await deps.source.publication();
  const manifest = publication === null ? null : await deps.source.manifest(publication.generation);
  const limit = manifest === null ? null : await deps.retirements.limit(nowMs);
  if (manifest === null || limit === null)
    throw new TributaryError(
      'conflict',
      'a generation must be published before events are retired: it keeps what was computed of them. Compute one (POST /v1/generations)',
    );
  return { limit, definitions: deps.storedDefinitions(manifest.definitions) };
}

function confirmationOf({ before, rows }: RetirementPlan): string {
  return `${dayOf(before)}/${rows}`;
}

function demandConfirmed(plan: RetirementPlan, confirm: string | undefined): void {
  if (plan.files === 0)
    throw new TributaryError(
      'conflict',
      `a file must be older than ${dayOf(plan.before)} to be retired: the archive has none that may go now`,
    );
  const wanted = confirmationOf(plan);
  if (confirm === wanted) return;
  throw new TributaryError(
    'conflict',
    `confirm must be ${JSON.stringify(wanted)}, as the plan says now (got ${confirm === undefined ? 'none' : JSON.stringify(confirm)}). Read the plan again (dryRun), then repeat it`,
  );
}
