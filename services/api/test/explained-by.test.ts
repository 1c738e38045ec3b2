/** A conversion is explained by the definitions that its rows were made by, and the answer says where there are two. */
import { byFirstRules, definitionsOf } from '@tributary/testkit/inputs/generate-definitions';
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

test('an event that repeats a conversion is explained by it, also where the one it repeats lies behind the lookback', async () => {
  const definitions = definitionsOf({
    touches: { email_click: { windowDays: 1 } },
    conversions: { purchase: { onceBy: 'properties.order_id', withinDays: 20 } },
    attribution: { resetOnConversion: true },
  });
  const world = await createWorld({ definitions });
  const order = (id: string, days: number, order_id: string) =>
    event({ type: 'purchase', id, ts: NOON + days * 86_400_000, value: 1000, properties: { order_id } });
  for (const one of [
    order('first', -10, 'o-7'),
    event({ type: 'email_click', id: 'c', ts: NOON - 40_000 }),
    order('again', -0.0001, 'o-7'),
    order('other', 0, 'o-8'),
  ])
    await world.ingest(one);
  await world.cut(1);
  await world.publish(1);
  await world.tick();
  const refused = await world.get('/v1/conversions/again?user=u1');
  expect(refused.status).toBe(404);
  expect(refused.body.detail).toContain(
    'repeats an earlier "purchase" of the same properties.order_id and counts with it: ask for "first"',
  );
  // A repetition resets no path; that it is one, only an event ten days before its lookback says.
  const { store } = world.deps;
  const { records } = store;
  for (const read of ['the record', 'the archive']) {
    const why = (await world.get('/v1/conversions/other?user=u1')).body;
    expect(why, read).toMatchObject({ attributed: true, touches: [{ id: 'c', eligible: true }] });
    // As the record is when only its newest event is left: what is looked back at comes from the archive.
    Object.assign(store, {
      records: async (...asked: Parameters<typeof records>) =>
        (await records(...asked)).map((record) =>
          Buffer.isBuffer(record) ? record.subarray(record.lastIndexOf(0x0a, record.length - 2) + 1) : record,
        ),
    });
    await passBarrier(world, definitionsOf({ ...JSON.parse(definitions.json), rules: undefined, latenessDays: 0.001 }));
  }
});
