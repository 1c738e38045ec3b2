/** An explained order says what was refunded of it, and whether reports count that. */
import { definitionsOf } from '@tributary/testkit/inputs/generate-definitions';
import { expect, test } from 'vitest';
import { createWorld, event, NOON, type World } from './world.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const ORDER = { type: 'purchase', id: 'sale', ts: NOON, value: 5_000, currency: 'EUR', properties: { order_id: 'o-7' } };

async function explained(world: World) {
  const { status, body } = await world.get('/v1/conversions/sale?user=u1');
  expect(status).toBe(200);
  return body;
}

test('refunds that name the order are listed, from its instant on, those that no report counts as such', async () => {
  const world = await createWorld({});
  await world.ingest(event({ type: 'email_click', id: 'click', ts: NOON - HOUR }));
  await world.ingest(event(ORDER));
  await world.tick();
  expect(await explained(world)).toMatchObject({ order: 'o-7', refunds: [] });
  const refund = { type: 'purchase', ts: NOON + HOUR, value: -2_000, currency: 'EUR', properties: { orderId: 'o-7' } };
  for (const other of [
    { ...refund, id: 'part' },
    { ...refund, id: 'rest', ts: NOON + 2 * HOUR, value: -3_000, type: 'page' },
    { ...refund, id: 'of another order', properties: { order_id: 'o-8' } },
    { ...refund, id: 'before it', ts: NOON - 2 * HOUR },
    { ...refund, id: 'no refund', value: 1 },
    { ...refund, id: 'of another user', userId: 'u2' },
  ])
    await world.ingest(event(other));
  await world.tick();
  expect((await explained(world)).refunds).toEqual([
    { id: 'part', ts: NOON + HOUR, type: 'purchase', valueMinor: -2_000, currency: 'EUR', counts: true },
    { id: 'rest', ts: NOON + 2 * HOUR, type: 'page', valueMinor: -3_000, currency: 'EUR', counts: false },
  ]);
});

test('an order is named by the field that its type is counted once by, and what repeats it counts nowhere', async () => {
  const definitions = definitionsOf({ conversions: { purchase: { onceBy: 'properties.invoice' } } });
  const world = await createWorld({ definitions });
  await world.ingest(event({ ...ORDER, properties: { invoice: 12, order_id: 'o-7' } }));
  await world.ingest(event({ ...ORDER, id: 'back', ts: NOON + HOUR, value: -5_000, properties: { invoice: '12' } }));
  await world.tick();
  expect(await explained(world)).toMatchObject({ order: '12', refunds: [{ id: 'back', counts: false }] });
});

test('a conversion that names no order says so', async () => {
  const world = await createWorld({});
  await world.ingest(event({ ...ORDER, properties: { order_id: { nested: 1 } } }));
  await world.tick();
  expect(await explained(world)).toMatchObject({ order: null, refunds: [] });
});

/** An order and a refund that were archived; `kept`: how much of the record is left, from its newest line on. */
async function archivedOrder(kept: 'all' | 'newest', definitions = definitionsOf({})): Promise<World> {
  const world = await createWorld({ definitions });
  await world.ingest(event({ ...ORDER, ts: NOON - 20 * DAY }));
  await world.ingest(event({ ...ORDER, id: 'back', ts: NOON - 10 * DAY, value: -5_000 }));
  await world.ingest(event({ type: 'email_click', id: 'later', ts: NOON }));
  await world.cut(1);
  await world.publish(1);
  await world.tick();
  const { store } = world.deps;
  const { records } = store;
  const newest = (record: Buffer) => record.subarray(record.lastIndexOf(0x0a, record.length - 2) + 1);
  if (kept === 'newest')
    Object.assign(store, {
      records: async (...asked: Parameters<typeof records>) =>
        (await records(...asked)).map((record) => (Buffer.isBuffer(record) ? newest(record) : record)),
    });
  return world;
}

test('law 7: the order and the refunds of an archived conversion are those that the record names', async () => {
  const body = await explained(await archivedOrder('all'));
  expect(body).toMatchObject({ order: 'o-7', refunds: [{ id: 'back', counts: true }] });
  expect(body.meta).toMatchObject({ complete: true, sources: ['batch', 'speed'] });
});

test('law 7: where records no longer hold them, generations do not say which order it was, and the answer says so', async () => {
  const body = await explained(await archivedOrder('newest'));
  expect(body).toMatchObject({ order: null, refunds: [] });
  expect(body.meta).toMatchObject({ complete: false, warnings: [expect.stringContaining('generations keep no properties')] });
});

test('law 7: where its type is counted once by the order, generations know it', async () => {
  const counted = definitionsOf({ conversions: { purchase: { onceBy: 'properties.order_id' } } });
  const body = await explained(await archivedOrder('newest', counted));
  expect(body).toMatchObject({ order: 'o-7', refunds: [{ id: 'back' }] });
  expect(body.meta).toMatchObject({ complete: true });
});
