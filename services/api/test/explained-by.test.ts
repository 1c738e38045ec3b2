/** A conversion is explained by the definitions that its rows were made by, and the answer says where there are two. */
import { byFirstRules, definitionsOf } from '@tributary/testkit/generate-definitions';
import { expect, test } from 'vitest';
import { createWorld, event, NOON, PARTITIONS, type World } from './world.ts';

const NEWEST = definitionsOf({});
const FIRST = byFirstRules(NEWEST);

/** A generation by older definitions, of a purchase whose id sorts before that of the click of its instant. */
async function served(): Promise<World> {
  const world = await createWorld({ definitions: FIRST });
  await world.ingest(event({ type: 'purchase', id: 'a', ts: NOON, value: 1000 }));
  await world.ingest(event({ type: 'email_click', id: 'b', ts: NOON }));
  await world.cut(1);
  await world.publish(1);
  await world.tick();
  return world;
}

async function passBarrier(world: World, definitions = NEWEST): Promise<void> {
  for (let partition = 0; partition < PARTITIONS; partition++)
    await world.commit(partition, { barrier: { generation: 2 } }, { generation: 2, definitions: definitions.json });
  await world.tick();
}

test('law 1: a conversion is explained as it is reported, by definitions that an older version stored', async () => {
  const world = await served();
  const { rows, meta } = (await world.get('/v1/attribution?model=linear')).body;
  expect(rows[0]).toMatchObject({ channel: '(unattributed)', creditMicros: 1_000_000 });
  expect(meta).toMatchObject({ complete: true, warnings: [], definitions: FIRST.version });
  const why = (await world.get('/v1/conversions/a')).body;
  expect(why).toMatchObject({ attributed: false, meta: { complete: true, definitions: FIRST.version } });
});

test('law 7: between a barrier with other definitions and its publication, an explanation follows the generation and says so', async () => {
  const world = await served();
  await passBarrier(world);
  const { rows } = (await world.get('/v1/attribution?model=linear')).body;
  expect(rows[0]).toMatchObject({ channel: '(unattributed)', creditMicros: 1_000_000 });
  const why = (await world.get('/v1/conversions/a')).body;
  expect(why).toMatchObject({
    attributed: false,
    meta: { complete: false, definitions: FIRST.version, sources: ['batch', 'speed'] },
  });
  expect(why.meta.warnings.join()).toContain(NEWEST.version);
});

test('law 7: touches that the generation looks at, and records no longer hold, are read from the archive', async () => {
  const world = await createWorld({ definitions: NEWEST });
  await world.ingest(event({ type: 'email_click', id: 'b', ts: NOON - 20 * 86_400_000 }));
  await world.ingest(event({ type: 'purchase', id: 'a', ts: NOON, value: 1000 }));
  await world.cut(1);
  await world.publish(1);
  await passBarrier(world, definitionsOf({ touches: { email_click: { windowDays: 1 } } }));
  const { store } = world.deps;
  const { records } = store;
  // As the record is once it was trimmed by the shorter window.
  Object.assign(store, {
    records: async (...asked: Parameters<typeof records>) =>
      (await records(...asked)).map((record) => (Buffer.isBuffer(record) ? record.subarray(record.indexOf(0x0a) + 1) : record)),
  });
  const why = (await world.get('/v1/conversions/a?user=u1')).body;
  expect(why).toMatchObject({ attributed: true, touches: [{ id: 'b', eligible: true }], meta: { complete: false } });
});

test('a conversion of a type that only newer definitions know is explained by these', async () => {
  const world = await served();
  await world.ingest(event({ type: 'signup', id: 'c', ts: NOON + 1 }));
  await passBarrier(world, definitionsOf({ conversions: ['purchase', 'signup'] }));
  const why = (await world.get('/v1/conversions/c?user=u1')).body;
  expect(why).toMatchObject({ conversion: { id: 'c' }, attributed: true, meta: { complete: false } });
});
