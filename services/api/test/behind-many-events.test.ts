/** What a user with many events, long names or notes does not hide. */

import type { Event } from '@tributary/model/event';
import { expect, test } from 'vitest';
import { createWorld, event, NOON, type World } from './world.ts';

const DAY = 86_400_000;

test('laws 7 and 8: a listed conversion is explained, however many events its user sent since', {
  timeout: 120_000,
}, async () => {
  const world = await createWorld({});
  const OLD = NOON - 200 * DAY;
  const push = (one: Event) => void world.log.push(one);
  push(event({ type: 'email_click', id: 'click', ts: OLD - 3_600_000, receivedAt: OLD }));
  push(event({ type: 'purchase', id: 'old-sale', ts: OLD, receivedAt: OLD, value: 500, currency: 'EUR' }));
  for (let i = 0; i < 20_001; i++)
    push(event({ type: 'page', id: `p${i}`, ts: OLD + DAY + i * 1_000, receivedAt: OLD + DAY + i * 1_000 }));
  await world.ingest(event({ type: 'page', id: 'now', ts: NOON }));
  await world.cut(1);
  await world.publish(1);
  await world.tick();
  const list = await world.get('/v1/conversion-list?user=u1');
  expect(list.body.conversions.map(({ id }: { id: string }) => id)).toEqual(['old-sale']);
  const { status, body } = await world.get('/v1/conversions/old-sale?user=u1');
  expect(status).toBe(200);
  expect(body).toMatchObject({ attributed: true, meta: { complete: false } });
  expect(JSON.stringify(body.meta.warnings)).toContain('refunds among them were not looked for');
  expect((await world.get('/v1/conversions/no-sale?user=u1')).status).toBe(404);
});

test('law 7: readyz says notes as sentences', async () => {
  const world = await createWorld({});
  Object.assign(world.deps.logReach, { dateOf: () => NOON + 10 * 60_000 });
  await world.ingest(event({ type: 'page', ts: NOON }));
  await world.cut(1);
  await world.publish(1);
  await world.tick();
  const { body } = await world.get('/readyz', null);
  expect(body.detail).not.toContain('[object Object]');
});

async function demandNextPage(world: World, url: string): Promise<void> {
  const first = await world.get(url);
  expect(first.status).toBe(200);
  expect((await world.get(`${url}&cursor=${first.body.nextCursor}`)).status).toBe(200);
}

test('law 7: nextCursor is one that the next page takes: names of 512 characters', async () => {
  const world = await createWorld({});
  const name = (letter: string) => letter.repeat(511);
  for (const [i, letter] of ['가', '나', '다'].entries())
    await world.ingest(event({ type: 'visit', id: `t${i}`, ts: NOON - i, channel: name(letter), campaign: name(letter) }));
  await world.ingest(event({ type: 'purchase', id: 'c', ts: NOON, value: 100, currency: 'EUR' }));
  await world.tick();
  await demandNextPage(world, '/v1/attribution?model=linear&by=channel,campaign&limit=1');
});

test('law 7: coalitions of many channels with names of 150 characters', async () => {
  const world = await createWorld({});
  for (const user of ['u1', 'u2', 'u3']) {
    for (let i = 0; i < 20; i++)
      await world.ingest(
        event({
          type: 'visit',
          userId: user,
          ts: NOON - 100 + i,
          channel: `${user}-${String(i).padStart(2, '0')}-${'x'.repeat(150)}`,
        }),
      );
    await world.ingest(event({ type: 'purchase', userId: user, ts: NOON, value: 100, currency: 'EUR' }));
  }
  await world.tick();
  await demandNextPage(world, '/v1/coalitions?limit=1');
});
