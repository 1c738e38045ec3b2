/** Conditions of segments look at fields that timelines keep, and at others. */
import type { Event } from '@tributary/model/event';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { expect, test } from 'vitest';
import { day, startFollowing } from './following.ts';

const ORDER: Partial<Event> = { type: 'order', channel: 'email', value: 7, page: '/a', element: 'buy', properties: { place: 3 } };
const OTHER: Partial<Event> = { type: 'order', channel: 'direct', value: 5, page: '/b', properties: { place: 4 } };

test.each([
  "type == 'order' && value > 5 && channel == 'email'",
  "page == '/a'",
  "type == 'order' && present(element)",
  'place == 3',
])('law 1: a segment with the condition %s has the users whose events meet it', async (enter) => {
  const fields = { place: { from: 'properties.place', type: 'integer' } };
  const definitions = definitionsOf({ ...SMALL_DEFINITIONS, fields, segments: { some: { enter, ttl: '14d' } } });
  const platform = startFollowing({ definitions });
  for (const [userId, sent] of Object.entries({ ann: ORDER, bob: OTHER }))
    await platform.append({ ts: day(0), type: '', id: `of ${userId}`, userId, receivedAt: day(0), source: 'test', ...sent });
  await platform.drain();
  expect((await platform.members('some')).users).toEqual(['ann']);
  // As who looks at the records says.
  platform.restart();
  await platform.beat(15);
  expect((await platform.members('some')).users).toEqual([]);
});
