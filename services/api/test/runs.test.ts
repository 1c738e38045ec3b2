/** The list of runs over HTTP, as the queue remembers it, and what `/v1/status` says of the newest one. */
import { StatusAnswer } from '@tributary/contract/groups/operations';
import { RUN_ROUTES } from '@tributary/contract/groups/runs';
import type { RunRecord } from '@tributary/queue/run-records';
import { expect, test } from 'vitest';
import { ADMIN, createWorld, event, NOON } from './world.ts';

const run = (number: number, more: Partial<RunRecord> = {}): RunRecord => ({
  id: `run-${number}`,
  state: 'done',
  mode: 'incremental',
  reason: 'schedule',
  scheduled: true,
  promotion: null,
  priority: 'normal',
  bringsDefinitions: false,
  queuedAt: NOON + Math.floor(number / 2),
  beganAt: NOON + number,
  endedAt: NOON + number + 5,
  attempts: 1,
  generation: number,
  outcome: 'published',
  stagedBecause: null,
  counts: { events: 9, newEvents: 3, duplicates: 0 },
  failure: null,
  cancelled: null,
  progress: null,
  ...more,
});

test('a page at a time, newest first, each run once, also where two were asked for at one instant', async () => {
  const world = await createWorld();
  world.records.push(...[7, 6, 5, 4, 3, 2].map((number) => run(number)));
  const seen: string[] = [];
  for (let cursor = ''; ; ) {
    const { body } = await world.get(`/v1/runs?limit=2${cursor}`);
    expect(RUN_ROUTES.runs.answer.parse(body)).toEqual(body);
    seen.push(...body.runs.map(({ id }: { id: string }) => id));
    if (body.nextCursor === null) break;
    cursor = `&cursor=${body.nextCursor}`;
    // One that is asked for meanwhile moves no page.
    world.records.unshift(run(20 + seen.length));
  }
  expect(seen).toEqual(['run-7', 'run-6', 'run-5', 'run-4', 'run-3', 'run-2']);
});

test('one run with its promotion and its failure; one that is not known is 404', async () => {
  const world = await createWorld();
  const failure = 'archive_corrupt: a file is damaged';
  world.records.push(run(3, { state: 'failed', promotion: { below: 0.005 }, outcome: null, counts: null, failure }));
  const { body } = await world.get('/v1/runs/run-3');
  expect(RUN_ROUTES.run.answer.parse(body)).toEqual(body);
  expect(body).toMatchObject({ state: 'failed', promote: { below: 0.005 }, outcome: null, failure });
  const unknown = await world.get('/v1/runs/run-9');
  expect(unknown).toMatchObject({ status: 404, body: { code: 'not_found' } });
  expect(unknown.body.detail).toContain('"run-9"');
});

test('the status says when the newest run ended, with a generation or with nothing new', async () => {
  const world = await createWorld();
  await world.ingest(event({ type: 'page', ts: NOON }));
  await world.tick();
  expect((await world.get('/v1/status')).body.lastRun).toBeNull();
  await world.cut(1);
  await world.publish(1);
  const at = (await world.get('/v1/generations/1')).body.computedAt as number;
  const computed = (await world.get('/v1/status')).body;
  expect(computed.lastRun).toEqual({ at, generation: 1, nothingNew: false });
  world.check.last = { at: at + 5, generation: 1, logIdentity: 'log', upTo: [] };
  const looked = (await world.get('/v1/status')).body;
  expect(StatusAnswer.parse(looked)).toEqual(looked);
  expect(looked.lastRun).toEqual({ at: at + 5, generation: 1, nothingNew: true });
});

test('a cancel is kept with who asked and why, twice the same; one that comes too late is refused, and says what came of it', async () => {
  const world = await createWorld();
  world.records.push(run(4, { state: 'running', outcome: null }), run(3, { outcome: 'published' }));
  const { status, body } = await world.post('/v1/runs/run-4/cancel', { why: 'the wrong file' }, ADMIN);
  expect(status).toBe(200);
  expect(RUN_ROUTES.cancelRun.answer.parse(body)).toEqual(body);
  expect(body).toMatchObject({ state: 'cancelled', cancelled: { why: 'the wrong file' } });
  expect((await world.post('/v1/runs/run-4/cancel', {}, ADMIN)).body.cancelled).toEqual(body.cancelled);
  const late = await world.post('/v1/runs/run-3/cancel', {}, ADMIN);
  expect(late).toMatchObject({ status: 409, body: { code: 'conflict' } });
  expect(late.body.detail).toContain('(got one that is published)');
  expect((await world.post('/v1/runs/run-9/cancel', {}, ADMIN)).status).toBe(404);
  expect((await world.post('/v1/runs/run-4/cancel', {})).body.code).toBe('forbidden');
});

test('what failed or was cancelled is asked for again; what waits, ends well or is not known is refused', async () => {
  const world = await createWorld();
  world.records.push(run(4, { state: 'failed' }), run(3), run(2, { state: 'cancelled' }));
  for (const number of [4, 2]) {
    const { status, body } = await world.post(`/v1/runs/run-${number}/retry`, {}, ADMIN);
    expect([status, RUN_ROUTES.retryRun.answer.parse(body)]).toEqual([202, { jobId: `run-${number}-again`, joined: false }]);
  }
  expect(world.actions.at(-1)).toContain('"again":"run-2-again"');
  const done = await world.post('/v1/runs/run-3/retry', {}, ADMIN);
  expect(done).toMatchObject({ status: 409, body: { detail: expect.stringContaining('(got one that is done)') } });
  expect((await world.post('/v1/runs/run-9/retry', {}, ADMIN)).status).toBe(404);
  expect((await world.post('/v1/runs/run-4/retry', {})).status).toBe(403);
});

test('progress is by the time of earlier runs or by shards, whichever is further, and never done before the end', async () => {
  const world = await createWorld();
  const of = async (progress: RunRecord['progress']) => {
    world.records.splice(0, 1, run(4, { state: 'running', progress }));
    return (await world.get('/v1/runs/run-4')).body.progress;
  };
  const cutAt = NOON - 3_000;
  expect(await of({})).toBeNull();
  expect(await of({ stage: 'cutting', cutAt })).toEqual({
    stage: 'cutting',
    rows: null,
    percent: null,
    remainingMs: null,
    shards: null,
  });
  const computing = { stage: 'computing', cutAt, rows: 500, expectedMs: 10_000 } as const;
  const now = (await of(computing)).percent as number;
  expect(now).toBeGreaterThanOrEqual(30);
  expect(await of({ ...computing, shards: { done: 9, total: 10 } })).toMatchObject({ percent: 90, rows: 500 });
  expect(await of({ ...computing, expectedMs: 100 })).toMatchObject({ percent: 99, remainingMs: 0 });
});
