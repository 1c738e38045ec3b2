/** What a run would do is asked for, not done. That the plan is what the run reads: jobs/recompute/test/plan.test.ts. */
import { RunPlan } from '@tributary/contract/groups/reprocessing';
import { definitionsOf } from '@tributary/testkit/inputs/generate-definitions';
import { expect, test } from 'vitest';
import { joined } from '../../../test/laws/adoption-world.ts';
import { ADMIN, createWorld, event } from './world.ts';

async function planned(body: object, generations = 1) {
  const world = await createWorld();
  for (let g = 1; g <= generations; g++) await world.cut(g);
  if (generations > 0) await world.publish(generations);
  await world.tick();
  return world.post('/v1/reprocessing', body, ADMIN);
}

async function planOf(body: object, generations = 1) {
  const { status, body: answer } = await planned(body, generations);
  expect(status).toBe(200);
  const { plan } = answer as { plan: unknown };
  expect(RunPlan.parse(plan)).toEqual(plan);
  return RunPlan.parse(plan);
}

test('a plan says what the run builds upon, and what it cannot know', async () => {
  expect(await planOf({ dryRun: true })).toMatchObject({
    mode: 'incremental',
    base: 1,
    fullBecause: null,
    definitionsChange: false,
    estimate: null,
    // The log ends at the cut.
    notArchived: { partitions: 0, oldestMs: 0 },
    unknown: ['definitions_file', 'program', 'too_few_runs'],
  });
  const definitions = JSON.parse(definitionsOf({ conversions: ['order'] }).json) as object;
  expect(await planOf({ dryRun: true, mode: 'full', definitions })).toMatchObject({
    mode: 'full',
    fullBecause: 'asked',
    definitionsChange: true,
    unknown: ['not_archived_yet', 'too_few_runs'],
  });
});

test('behind a run that joined keys and was cancelled a plan is of the run that joins them, which computes all once more', async () => {
  const world = await createWorld();
  await world.cut(1);
  await world.publish(1);
  const planOfWorld = async () => (await world.post('/v1/reprocessing', { dryRun: true }, ADMIN)).body.plan;
  expect(await planOfWorld()).toMatchObject({ base: 1, fullBecause: null, definitionsChange: false });
  await world.cut(2);
  const brought = world.manifests.get(2);
  if (brought === undefined) throw new Error('generation 2 must be there');
  world.manifests.set(2, { ...brought, state: 'superseded', definitions: joined(world.definitions).json });
  expect(await planOfWorld()).toMatchObject({ base: null, fullBecause: 'fields_missing', definitionsChange: true });
});

test('law 7: a run that would be refused, as keys are joined and its definitions do not join them, is not planned', async () => {
  const world = await createWorld();
  await world.cut(1);
  await world.publish(1);
  const definitions = JSON.parse(world.definitions.json) as object;
  const plan = async () => world.post('/v1/reprocessing', { dryRun: true, definitions }, ADMIN);
  expect((await plan()).status).toBe(200);
  await world.cut(2);
  const brought = world.manifests.get(2);
  if (brought === undefined) throw new Error('generation 2 must be there');
  const { json } = joined(world.definitions);
  world.manifests.set(2, { ...brought, definitions: json });
  expect(await plan()).toMatchObject({
    status: 400,
    body: { code: 'invalid_definitions', detail: expect.stringContaining('as generation 2 has it (got none)') },
  });
  Object.assign(definitions, JSON.parse(json));
  expect((await plan()).status).toBe(200);
});

test('before the first generation a plan is of a full run under the default definitions', async () => {
  expect(await planOf({ dryRun: true }, 0)).toMatchObject({ mode: 'full', base: null, fullBecause: 'nothing_computed' });
});

test('what the log has behind the archive is part of a plan, by partition and age, and nothing of it where all is archived', async () => {
  const world = await createWorld();
  const { plan: source } = world.deps.source;
  const planOfWorld = async () => (await world.post('/v1/reprocessing', { dryRun: true }, ADMIN)).body.plan;
  await world.ingest(event({ type: 'ad_click', id: 'a', channel: 'c' }));
  expect(await planOfWorld()).toMatchObject({
    notArchived: { partitions: 1, oldestMs: 0 },
    unknown: expect.arrayContaining(['not_archived_yet']),
  });
  const ends = await world.deps.logReach.ends();
  Object.assign(world.deps.source, { plan: async (demand: never) => ({ ...(await source(demand)), archivedUpTo: ends }) });
  const whole = await planOfWorld();
  expect(whole.notArchived).toEqual({ partitions: 0, oldestMs: 0 });
  expect(whole.unknown).not.toContain('not_archived_yet');
  Object.assign(world.deps.logReach, { ends: () => Promise.reject(new Error('the log is silent')) });
  expect(await planOfWorld()).toMatchObject({ notArchived: null, unknown: expect.arrayContaining(['not_archived_yet']) });
});

test('earlier runs say how long it takes', async () => {
  const { estimate, unknown } = await planOf({ dryRun: true, mode: 'full' }, 3);
  expect(estimate).toMatchObject({ runs: 3 });
  expect(unknown).toEqual(['not_archived_yet', 'definitions_file']);
});

test('how long a run takes that computes all rows of its base again, no earlier one says', async () => {
  const definitions = JSON.parse(definitionsOf({ conversions: ['order'] }).json) as object;
  const { mode, estimate, definitionsChange, unknown } = await planOf({ dryRun: true, definitions }, 5);
  expect([mode, estimate, definitionsChange]).toEqual(['incremental', null, true]);
  expect(unknown).toContain('definitions_changed');
  expect((await planOf({ dryRun: true, mode: 'full', definitions }, 5)).estimate).not.toBeNull();
});

test('a plan of some days, users and views has what concerns these, and says what files cannot say of users', async () => {
  const within = { from: '2026-01-01', to: '2026-02-01', users: ['ada'], views: ['paths', 'credit'] };
  const { within: said, unknown } = await planOf({ dryRun: true, within });
  expect(said).toMatchObject({ partitions: 1, views: [{ view: 'credit' }, { view: 'paths' }] });
  expect(unknown).toEqual(expect.arrayContaining(['erasures', 'rows_of_users']));
  expect((await planOf({ dryRun: true })).within).toBeNull();
  for (const wrong of [{ from: '2026-02-01', to: '2026-02-01' }, { views: ['path'] }, { users: [] }, { days: 3 }])
    expect((await planned({ dryRun: true, within: wrong })).status, JSON.stringify(wrong)).toBe(400);
});

test('a run is not asked for here, and wrong definitions are refused', async () => {
  expect((await planned({})).status).toBe(400);
  expect((await planned({ dryRun: false })).status).toBe(400);
  const wrong = await planned({ dryRun: true, definitions: { conversions: 5 } });
  expect(wrong.status).toBe(400);
});
