/** Training sets over HTTP: asked, followed, read and given up. What they hold is the job's (jobs/question/test/training-set.test.ts). */
import { MOST_SETS, SET_KEPT_MS, type StoredSet } from '@tributary/archive/asked/training-sets';
import { newReceipt } from '@tributary/archive/erasures';
import { TRAINING_SET_ROUTES } from '@tributary/contract/groups/training-sets';
import { parseDefinitions } from '@tributary/model/definitions';
import { partitionOf } from '@tributary/model/user-key';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { definitionsOf } from '@tributary/testkit/inputs/generate-definitions';
import { expect, test } from 'vitest';
import { joined } from '../../../test/laws/adoption-world.ts';
import { cutInFlight } from './cut-in-flight.ts';
import type { MemorySets } from './memory-sets.ts';
import { ADMIN, createWorld, event, NOON, PARTITIONS, READ, type World } from './world.ts';

const SETS = '/v1/training-sets';
const DEFINITIONS = parseDefinitions(
  JSON.stringify({ signals: { views: { count: 'view', window: '1h' }, label: { count: '*', window: '1h' } } }),
  sha256Hex,
);
const ROWS = [
  { user: 'ada', instant: NOON - 1_000, label: true },
  { user: 'eve', instant: '2026-11-20T10:00:00Z', label: 0.5 },
  { user: 'zoë', instant: NOON },
];
const BODY = { rows: ROWS, signals: ['views'] };

async function worldWithGeneration(): Promise<World> {
  const world = await createWorld({ definitions: DEFINITIONS });
  await world.ingest(event({ type: 'view', userId: 'ada' }));
  await world.cut(1);
  await world.publish(1);
  await world.tick();
  return world;
}

const setsOf = (world: World) => world.deps.trainingSets as MemorySets;
const ask = (world: World, body: object = BODY, key = ADMIN) => world.post(SETS, body, key);

test('a set is asked, followed and read as the file that its result names', async () => {
  const world = await worldWithGeneration();
  const asked = await ask(world);
  expect(asked.status).toBe(202);
  expect(TRAINING_SET_ROUTES.makeTrainingSet.answer.parse(asked.body)).toEqual(asked.body);
  const { id } = asked.body.trainingSet;
  expect(asked.body.trainingSet).toMatchObject({
    state: 'waiting',
    rows: { asked: 3, done: 0 },
    by: 'key ta_admin',
  });
  const { stored, queued, files } = setsOf(world);
  expect(stored.get(id)?.asked.rows).toEqual([
    ['ada', NOON - 1_000, 'true'],
    ['eve', NOON - 7_200_000, '0.5'],
    ['zoë', NOON, null],
  ]);
  expect((await world.get(`${SETS}/${id}/file`)).body).toMatchObject({ status: 409, detail: `training set ${id} is waiting` });
  queued.set(id, 'running');
  expect((await world.get(`${SETS}/${id}`)).body.trainingSet).toMatchObject({
    state: 'running',
    rows: { asked: 3, done: 2_000 },
  });
  queued.delete(id);
  const file = { path: `training-sets/${id}/set-0.parquet`, rows: 3, bytes: 9, sha256: 'a'.repeat(64) };
  files.set(file.path, Buffer.from('PAR1.PAR1'));
  const result = {
    generation: 1,
    cut: NOON,
    versions: { views: 'v' },
    byStatus: { READY: 3 },
    file,
    tookMs: 5,
    at: NOON,
    failure: null,
  };
  stored.set(id, { asked: (stored.get(id) as never as { asked: never }).asked, isCancelled: false, result });
  const done = await world.get(`${SETS}/${id}`);
  expect(TRAINING_SET_ROUTES.trainingSet.answer.parse(done.body)).toEqual(done.body);
  expect(done.body.trainingSet).toMatchObject({
    state: 'done',
    rows: { done: 3 },
    bytes: 9,
    generation: 1,
    byStatus: { READY: 3 },
  });
  const read = await world.get(`${SETS}/${id}/file`);
  expect([read.status, read.text, read.headers['content-type']]).toEqual([200, 'PAR1.PAR1', 'application/vnd.apache.parquet']);
  expect(read.headers['content-length']).toBe('9');
  const all = await world.get(SETS);
  expect(TRAINING_SET_ROUTES.trainingSets.answer.parse(all.body)).toEqual(all.body);
  // Given up, its file is not handed out any more.
  expect((await world.drop(`${SETS}/${id}`)).body.trainingSet.state).toBe('cancelled');
  expect((await world.get(`${SETS}/${id}/file`)).status).toBe(409);
  world.advance(SET_KEPT_MS);
  expect((await world.get(`${SETS}/${id}`)).status).toBe(404);
});

test('law 5: rows of what was served keep the positions that answers named; beside all events positions are refused', async () => {
  const world = await worldWithGeneration();
  const position = '001795176000000-0000000001';
  const rows = [
    { user: 'ada', instant: NOON, position },
    { user: 'ada', instant: NOON, label: 1 },
  ];
  const { status, body } = await ask(world, { signals: BODY.signals, rows, knowledge: 'served' });
  expect([status, body.trainingSet?.knowledge]).toEqual([202, 'served']);
  expect(setsOf(world).stored.get(body.trainingSet.id)?.asked).toMatchObject({
    knowledge: 'served',
    rows: [
      ['ada', NOON, null, position],
      ['ada', NOON, '1'],
    ],
  });
  for (const wrong of [{ rows }, { rows: [{ ...rows[0], position: 'here' }], knowledge: 'served' }]) {
    const refused = await ask(world, { signals: BODY.signals, ...wrong });
    expect([refused.status, refused.body.detail]).toEqual([400, expect.stringContaining('position')]);
  }
});

test('law 9: a set has no rows of an erased user, and one from before is not handed out', async () => {
  const world = await worldWithGeneration();
  const { id } = (await ask(world)).body.trainingSet;
  const { stored, files } = setsOf(world);
  const file = { path: `training-sets/${id}/set-0.parquet`, rows: 3, bytes: 9, sha256: 'a'.repeat(64) };
  files.set(file.path, Buffer.from('PAR1.PAR1'));
  const made = { generation: 1, cut: NOON, versions: {}, byStatus: { READY: 3 }, file, tookMs: 5, at: NOON, failure: null };
  stored.set(id, { ...(stored.get(id) as StoredSet), result: made });
  expect((await world.get(`${SETS}/${id}/file`)).status).toBe(200);
  const partition = partitionOf('eve', PARTITIONS);
  await world.commit(partition, {}, { ...world.states[partition], erased: [world.deps.erasures.digestOf('eve')] });
  await world.tick();
  for (const refused of [await ask(world), await world.get(`${SETS}/${id}/file`)])
    expect(refused).toMatchObject({ status: 409, body: { detail: expect.stringContaining('got one in row 1') } });
  expect((await ask(world, { ...BODY, rows: ROWS.filter(({ user }) => user !== 'eve') })).status).toBe(202);
});

test('law 9: one from before an erasure that was lifted since is not handed out either, one from after the lift is', async () => {
  const world = await worldWithGeneration();
  const { erasures: desk } = world.deps;
  const { id } = (await ask(world)).body.trainingSet;
  const { stored, files } = setsOf(world);
  const made = (set: string) => {
    const file = { path: `training-sets/${set}/set-0.parquet`, rows: 3, bytes: 9, sha256: 'a'.repeat(64) };
    files.set(file.path, Buffer.from('PAR1.PAR1'));
    const result = { generation: 1, cut: NOON, versions: {}, byStatus: { READY: 3 }, file, tookMs: 5, at: NOON, failure: null };
    stored.set(set, { ...(stored.get(set) as StoredSet), result });
  };
  made(id);
  const erase = async (user: string) => {
    const asked = { partition: partitionOf(user, PARTITIONS), digest: desk.digestOf(user), by: 'key ta_admin', reason: null };
    const receipt = newReceipt({ ...asked, askedAt: world.deps.now() });
    world.advance(60_000);
    await desk.write({ ...receipt, lifted: { at: world.deps.now(), by: 'key ta_admin' } });
  };
  await erase('somebody else');
  expect((await world.get(`${SETS}/${id}/file`)).status).toBe(200);
  await erase('eve');
  expect(await world.get(`${SETS}/${id}/file`)).toMatchObject({
    status: 409,
    body: { detail: expect.stringContaining('got one in row 1') },
  });
  world.advance(1);
  const later = (await ask(world)).body.trainingSet.id;
  made(later);
  expect((await world.get(`${SETS}/${later}/file`)).status).toBe(200);
});

test('what cannot be made is refused before it is asked', async () => {
  const world = await worldWithGeneration();
  const detail = async (body: object) => (await ask(world, body)).body.detail as string;
  expect(await detail({ rows: ROWS, signals: ['nothing'] })).toContain(
    'signals must be names of the definitions of the generation: label, views (got "nothing")',
  );
  expect(await detail({ rows: ROWS })).toContain(
    'signals must have names that differ by more than case, also from user, instant, label, status, which each set has (got "label" and "label")',
  );
  expect(await detail({ rows: [] })).toContain('rows must');
  expect(await detail({ ...BODY, rows: [{ user: 'ada', instant: 'yesterday' }] })).toContain('rows.0.instant must');
  const many = Array.from({ length: 10_001 }, () => ({ user: 'a', instant: NOON }));
  expect(await detail({ ...BODY, rows: many })).toContain('rows must');
  expect((await ask(world, BODY, READ)).status).toBe(403);
  expect((await world.get(`${SETS}/set-0abcdefg-00000001`)).status).toBe(404);
  expect((await world.get(`${SETS}/set-0abcdefg-00000001/file`, null)).status).toBe(401);
  for (let i = 0; i < MOST_SETS; i++) expect((await ask(world)).status).toBe(202);
  expect((await ask(world)).body.detail).toContain(`training sets must be at most ${MOST_SETS} at a time (got ${MOST_SETS})`);
  const bare = await createWorld({ definitions: DEFINITIONS });
  await bare.tick();
  expect((await ask(bare)).body).toMatchObject({
    status: 409,
    detail: expect.stringContaining('a generation does not exist yet'),
  });
});

test('law 7: where keys are joined, a set up to a cut at which messages were in flight says so, and one whose generation is gone', async () => {
  const definitions = joined(definitionsOf({ signals: { views: { count: 'view', window: '1h' } } }));
  const warningsOf = async (world: World) => {
    const { id } = (await ask(world)).body.trainingSet;
    const { stored } = setsOf(world);
    const file = { path: `training-sets/${id}/set-0.parquet`, rows: 3, bytes: 9, sha256: 'a'.repeat(64) };
    const made = { generation: 1, cut: NOON, versions: {}, byStatus: { READY: 3 }, file, tookMs: 5, at: NOON, failure: null };
    stored.set(id, { ...(stored.get(id) as StoredSet), result: made });
    return (await world.get(`${SETS}/${id}`)).body.trainingSet.warnings;
  };
  expect(await warningsOf(await cutInFlight(definitions, false))).toEqual([]);
  const early = await cutInFlight(definitions, true);
  expect(await warningsOf(early)).toEqual([
    expect.stringContaining('in flight between 1 pair of partitions at the cut of generation 1'),
  ]);
  const apart = await worldWithGeneration();
  for (const world of [early, apart]) {
    await world.cut(2);
    await world.publish(2);
    await world.tick();
    world.manifests.delete(1);
  }
  expect(await warningsOf(early)).toEqual([expect.stringContaining('generation 1 is gone')]);
  expect(await warningsOf(apart), 'keys are not joined').toEqual([]);
});
