/** A staged generation over HTTP: read by name, promoted against what it was compared with, discarded, and all of it in the list of publications. */
import { GenerationAnswer, GenerationsAnswer, PublicationsAnswer } from '@tributary/contract/groups/generations';
import { beforeEach, expect, test } from 'vitest';
import { createWorld, NOON, type World } from './world.ts';

const ADMIN = 'Bearer ta_admin_x';
let world: World;
beforeEach(async () => {
  world = await createWorld();
  await world.ingest(visit('a', 0));
  await world.cut(1);
  await world.publish(1);
  await world.tick();
});

const visit = (id: string, minute: number) => ({
  id,
  type: 'page',
  userId: 'anna',
  ts: NOON + minute * 60_000,
  receivedAt: NOON + minute * 60_000,
  source: 'web',
  channel: 'search',
});

async function stage(generation = 2): Promise<void> {
  await world.ingest(visit(`late-${generation}`, generation));
  await world.cut(generation, true, { promotion: 'ask' });
  world.advance(1_000);
}

const post = (path: string, body: object = {}) => world.post(path, body, ADMIN);

test('law 1: `layer=staged` answers from the staged generation and the deltas after its cut; all others as before', async () => {
  await stage();
  await world.ingest(visit('since', 9));
  const staged = await world.get('/v1/views/activity?layer=staged');
  const merged = await world.get('/v1/views/activity');
  expect(staged.body.meta).toMatchObject({ view: 'staged', generation: 2, complete: true });
  expect(merged.body.meta).toMatchObject({ view: 'merged', generation: 1, complete: true });
  expect(staged.body.rows).toEqual(merged.body.rows);
  expect(
    GenerationsAnswer.parse((await world.get('/v1/generations')).body).generations.map((g) => [g.generation, g.staged]),
  ).toEqual([
    [2, true],
    [1, false],
  ]);
  expect(GenerationAnswer.parse((await world.get('/v1/generations/2')).body).staged).toBe(true);
});

test('law 7: without a staged generation the layer is refused, and says how to get one', async () => {
  const { status, body } = await world.get('/v1/views/activity?layer=staged');
  expect(status).toBe(404);
  expect(body.detail).toContain('tributary batch run --promote ask');
});

test('a staged generation that cannot be loaded is an error, never fewer rows, and is tried again', async () => {
  await stage();
  world.broken.generations.add(2);
  expect((await world.get('/v1/views/activity?layer=staged')).status).toBeGreaterThanOrEqual(500);
  world.broken.generations.clear();
  world.advance(1_000);
  expect((await world.get('/v1/views/activity?layer=staged')).status).toBe(200);
});

test('it is promoted while readers have what it was compared with, with who and why', async () => {
  await stage();
  const got = await post('/v1/generations/2/publish', { comparedWith: 1, why: ' checked with sales ' });
  expect(got).toMatchObject({ status: 200, body: { publication: { generation: 2, why: 'checked with sales' } } });
  expect((await world.get('/v1/views/activity?layer=staged')).status).toBe(404);
  // Asked again, because the answer was lost.
  expect(await post('/v1/generations/2/publish', { comparedWith: 1 })).toMatchObject({ status: 200 });
});

test('law 7: promoted in spite of rows that differ for no known reason, the list of publications says so for ever', async () => {
  await stage();
  world.reconciliations.set(2, { generation: 2, comparedWith: 1, engineDefectRows: 3 });
  const { body } = await post('/v1/generations/2/publish', { comparedWith: 1, why: 'one bot' });
  expect(body.publication).toMatchObject({ generation: 2, engineDefectRows: 3, why: 'one bot' });
  const all = PublicationsAnswer.parse((await world.get('/v1/publications')).body).publications;
  expect(all.map((one) => [one.generation, one.engineDefectRows ?? 0])).toEqual([
    [2, 3],
    [1, 0],
  ]);
});

test.each([
  ['missing', null],
  ['failed', { generation: 2, comparedWith: 1, failure: 'the disk is full' }],
])('law 7: promoted though its reconciliation is %s, the list of publications says so', async (_, reconciliation) => {
  await stage();
  if (reconciliation !== null) world.reconciliations.set(2, reconciliation);
  const { body } = await post('/v1/generations/2/publish', { comparedWith: 1 });
  expect(body.publication).toMatchObject({ generation: 2, notCompared: true });
  expect(body.publication).not.toHaveProperty('engineDefectRows');
});

test('a rollback goes to what readers had, not to a staged generation that was never promoted', async () => {
  await stage();
  await world.cut(3);
  await world.publish(3);
  await world.tick();
  const { status, body } = await post('/v1/generations/2/rollback');
  expect([status, body.code]).toEqual([409, 'conflict']);
  expect(body.detail).toContain('/v1/generations/2/publish');
  expect((await post('/v1/generations/2/publish')).status).toBe(200);
  expect((await post('/v1/generations/3/publish')).status).toBe(200);
  expect((await post('/v1/generations/2/rollback')).status).toBe(200);
});

test('law 7: nor to one that was computed while a rollback held, which is published as not compared with what readers have', async () => {
  await world.cut(2);
  await world.cut(3);
  await world.publish(3);
  await world.tick();
  world.reconciliations.set(2, { generation: 2, comparedWith: 1, engineDefectRows: 0 });
  const known = GenerationsAnswer.parse((await world.get('/v1/generations')).body).generations;
  expect(known.map(({ generation, published }) => [generation, published])).toEqual([
    [3, true],
    [2, false],
    [1, true],
  ]);
  expect((await post('/v1/generations/2/rollback')).status).toBe(409);
  const { publication } = (await post('/v1/generations/2/publish')).body;
  expect(publication).toMatchObject({ generation: 2, notCompared: true });
  // Readers had it, and 3, by then: that is going back and forth.
  world.reconciliations.set(3, { generation: 3, comparedWith: 1, engineDefectRows: 0 });
  expect((await post('/v1/generations/3/publish')).body.publication).not.toHaveProperty('notCompared');
  expect((await post('/v1/generations/2/rollback')).status).toBe(200);
});

test('law 7: it is refused once readers have another one', async () => {
  await stage();
  await world.cut(3);
  await world.publish(3);
  await world.tick();
  const { status, body } = await post('/v1/generations/2/publish', { comparedWith: 1 });
  expect(status).toBe(409);
  expect(body.detail).toContain('was compared with 1, but readers get 3 by now');
});

test('discarded, readers keep theirs and it can no longer be promoted', async () => {
  await stage();
  expect(await post('/v1/generations/2/discard', { why: 'wrong' })).toMatchObject({
    status: 200,
    body: { publication: { generation: 1, discarded: 2, why: 'wrong' } },
  });
  expect(await post('/v1/generations/2/discard')).toMatchObject({ status: 200 });
  world.advance(1_000);
  expect((await world.get('/v1/views/activity?layer=staged')).status).toBe(404);
  expect((await world.get('/v1/generations/2')).body.staged).toBe(false);
  expect(await post('/v1/generations/1/discard')).toMatchObject({ status: 409 });
  expect(await post('/v1/generations/9/discard')).toMatchObject({ status: 404 });
  const { body } = await world.get('/v1/publications');
  expect(PublicationsAnswer.parse(body).publications.map((one) => [one.generation, one.discarded ?? null])).toEqual([
    [1, 2],
    [1, null],
  ]);
});

test('law 7: a discard numbers above the pointer, as all who publish: of it and a promotion at once one is refused', async () => {
  await stage();
  await world.deps.store.setPointer({ sequence: 41, generation: 1 });
  const both = await Promise.all([post('/v1/generations/2/publish', { comparedWith: 1 }), post('/v1/generations/2/discard')]);
  expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
  expect((await world.deps.source.publications()).map(({ sequence }) => sequence)).toEqual([1, 42]);
});

test('the list of publications comes in pages, newest first, and needs no admin', async () => {
  await stage();
  await post('/v1/generations/2/publish', {});
  const first = await world.get('/v1/publications?limit=1');
  expect(PublicationsAnswer.parse(first.body).publications.map((one) => one.generation)).toEqual([2]);
  const second = await world.get(`/v1/publications?limit=1&cursor=${first.body.nextCursor}`);
  expect(second.body).toMatchObject({ publications: [{ generation: 1 }], nextCursor: null });
});

test('a run says when readers get it, and brings no definitions where they do not at once', async () => {
  expect(await post('/v1/generations', { mode: 'full', promote: 'ask' })).toMatchObject({ status: 202 });
  expect(await post('/v1/generations', { promote: { below: 0.005 } })).toMatchObject({ status: 202 });
  expect(await post('/v1/generations', {})).toMatchObject({ status: 202 });
  expect(world.runs.map(({ promotion }) => promotion)).toEqual(['ask', { below: 0.005 }, undefined]);
  const refused = await post('/v1/generations', { promote: 'ask', definitions: {} });
  expect(refused.status).toBe(400);
  expect(refused.body.detail).toContain('definitions must be left out where promote is not auto');
  for (const promote of ['later', { below: 0 }, { below: 1 }, { below: 0.5, of: 1 }])
    expect(await post('/v1/generations', { promote })).toMatchObject({ status: 400 });
  for (const why of ['', '   ', 'x'.repeat(501), 5])
    expect(await post('/v1/generations/1/publish', { why })).toMatchObject({ status: 400 });
});
