/** What an explanation and a journey say of events that came late, and of events that are older than records reach. */
import { encodeEvent } from '@tributary/model/event';
import { partitionOf } from '@tributary/model/user-key';
import { trimRecord } from '@tributary/views/record';
import { VIEWS } from '@tributary/views/registry';
import { stepRules } from '@tributary/views/step';
import { expect, test } from 'vitest';
import { createWorld, event, NOON } from './world.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const LATE = 'late events count in reports from the next generation on';

test('laws 7 and 8: an explanation says which late events it has and reports have not yet', async () => {
  const world = await createWorld({});
  const old = NOON - 10 * DAY;
  await world.ingest(event({ type: 'email_click', id: 'early', ts: old - 5 * HOUR, receivedAt: old - 5 * HOUR }));
  await world.ingest(event({ type: 'purchase', id: 'sale', ts: old, receivedAt: old, value: 1_000, currency: 'EUR' }));
  await world.ingest(event({ type: 'page', id: 'now', ts: NOON, receivedAt: NOON }));
  await world.cut(1);
  await world.publish(1);
  await world.tick();
  const warnings = async (id: string) => JSON.stringify((await world.get(`/v1/conversions/${id}?user=u1`)).body.meta.warnings);
  expect(await warnings('sale')).not.toContain(LATE);
  await world.ingest(event({ type: 'ad_click', id: 'late', ts: old - HOUR, receivedAt: NOON + 1, channel: 'paid-search' }));
  await world.ingest(event({ type: 'scroll', id: 'no touch', ts: old - HOUR, receivedAt: NOON + 1 }));
  await world.ingest(
    event({ type: 'purchase', id: 'late-sale', ts: old + HOUR, receivedAt: NOON + 2, value: 77, currency: 'EUR' }),
  );
  await world.tick();
  expect(await warnings('sale')).toContain(`1 ${LATE}`);
  expect(await warnings('late-sale')).toContain(`2 ${LATE}`);
});

test('law 7: of imported history behind the cut the record never had what is older than it reaches, and the explanation says so', async () => {
  const world = await createWorld({});
  const historical = true as const;
  await world.ingest(event({ type: 'page', id: 'now', ts: NOON, receivedAt: NOON }));
  await world.cut(1);
  await world.publish(1);
  await world.tick();
  // The speed layer keeps no line of it, as it is older than records reach; the archive has it behind the cut.
  world.log.push(event({ type: 'ad_click', id: 'click', ts: NOON - 100 * DAY, receivedAt: NOON + 1, historical }));
  const sale = {
    type: 'purchase',
    id: 'sale',
    ts: NOON - 75 * DAY,
    receivedAt: NOON + 2,
    value: 100,
    currency: 'EUR',
    historical,
  };
  await world.ingest(event(sale));
  await world.tick();
  const before = (await world.get('/v1/conversions/sale?user=u1')).body;
  expect([before.attributed, before.meta.complete]).toEqual([false, false]);
  await world.cut(2);
  await world.publish(2);
  await world.tick();
  const after = (await world.get('/v1/conversions/sale?user=u1')).body;
  expect([after.attributed, after.meta.complete]).toEqual([true, true]);
});

test.each([
  ['as many events as are kept of each user', 1_100, false],
  ['fewer', 40, true],
])('law 7: a journey at the far end of a record with %s says what it may lack', async (_, pages, complete) => {
  const world = await createWorld({});
  const ingest = (id: string, type: string, days: number, more = {}) =>
    world.ingest(event({ id, type, ts: NOON - days * DAY, receivedAt: NOON - days * DAY, ...more }));
  await ingest('click', 'email_click', 105);
  await ingest('sale', 'purchase', 80, { value: 100, currency: 'EUR' });
  for (let i = 0; i < pages; i++) await ingest(`p${i}`, 'page', 40 - i / 30);
  await ingest('now', 'page', 0);
  await world.cut(1);
  await world.publish(1);
  const whole = world.log.map((one) => `${encodeEvent(one)}\n`).join('');
  const { record } = trimRecord(whole, NOON, stepRules(VIEWS, world.definitions));
  await world.commit(partitionOf('u1', 4), { rewrites: new Map([['u1', record]]) }, {});
  await world.tick();
  const { journeys, meta } = (await world.get('/v1/users/u1/journey')).body;
  const sale = journeys.find((one: { conversion: { id: string } | null }) => one.conversion?.id === 'sale');
  expect([sale.touches.length, meta.complete]).toEqual([complete ? 1 : 0, complete]);
});
