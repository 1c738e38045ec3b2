/** What corrections did is said where a conversion is explained, whichever layer it is explained from. */
import { definitionsOf } from '@tributary/testkit/inputs/generate-definitions';
import { expect, test } from 'vitest';
import { createWorld, event, NOON } from './world.ts';

const DAY_MS = 86_400_000;
const day = (offset: number) => new Date(NOON + offset * DAY_MS).toISOString().slice(0, 10);
const RANGE = { from: day(-1), to: day(1), author: 'ada' };
const CORRECTED = definitionsOf({
  fields: { order: 'properties.order_id' },
  corrections: [
    { name: 'renamed', when: 'campaign == "sumer"', set: { campaign: 'summer', channel: 'mail' }, reason: 'misspelt', ...RANGE },
    { name: 'refund', when: 'order == "o-7"', value: 0, reason: 'sent back', ...RANGE },
    { name: 'crawler', when: 'page == "/robots"', drop: true, reason: 'not a person', ...RANGE },
  ],
});

test('law 1: an explanation has what events count as, and names who corrected them, why', async () => {
  const world = await createWorld({ definitions: CORRECTED });
  for (const one of [
    event({ type: 'email_click', id: 'c', ts: NOON - 60_000, channel: 'search', campaign: 'sumer' }),
    event({ type: 'email_click', id: 'bot', ts: NOON - 50_000, page: '/robots' }),
    event({ type: 'purchase', id: 'o', ts: NOON, value: 1_000, currency: 'EUR', properties: { order_id: 'o-7' } }),
    event({ type: 'purchase', id: 'b', ts: NOON + 1, value: 5, page: '/robots' }),
  ])
    await world.ingest(one);
  const explained = {
    conversion: { id: 'o', valueMinor: 0, currency: 'EUR' },
    corrections: [
      { id: 'o', name: 'refund', author: 'ada', reason: 'sent back' },
      { id: 'c', name: 'renamed', author: 'ada', reason: 'misspelt' },
    ],
    touches: [{ id: 'c', channel: 'mail', campaign: 'summer', eligible: true }],
    meta: { complete: true },
  };
  await world.tick();
  expect((await world.get('/v1/conversions/o?user=u1')).body).toMatchObject(explained);
  await world.cut(1);
  await world.publish(1);
  await world.tick();
  expect((await world.get('/v1/conversions/o?user=u1')).body).toMatchObject(explained);
  const dropped = await world.get('/v1/conversions/b?user=u1');
  expect(dropped.status).toBe(404);
  expect(dropped.body.detail).toContain('"b" does not count: it was corrected by "crawler" of ada (not a person)');
  const { rows } = (await world.get('/v1/attribution?model=linear&by=channel,campaign')).body;
  expect(rows).toMatchObject([{ channel: 'mail', campaign: 'summer', creditMicros: 1_000_000, valueMinor: 0 }]);
});
