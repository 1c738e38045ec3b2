/** Answers about users where keys of one person are joined (decision 43): what counts for a key, never a message, and nothing of what was lent away. */
import { type Event, encodeEvent } from '@tributary/model/event';
import { encodeMessage } from '@tributary/model/identity/message-line';
import { DAY_MS, MINUTE_MS } from '@tributary/model/time';
import { partitionOf, userKeyOf } from '@tributary/model/user-key';
import { definitionsOf } from '@tributary/testkit/inputs/generate-definitions';
import { expect, test } from 'vitest';
import { joined } from '../../../test/laws/adoption-world.ts';
import { createWorld, event, NOON, PARTITIONS, type World } from './world.ts';

const DEFINITIONS = joined(definitionsOf({ signalRetention: { days: 90, perUser: 20 } }));

async function append({ commit }: World, userKey: string, ...lines: string[]): Promise<void> {
  const conversions = new Map(
    lines
      .map((line) => JSON.parse(line) as Event)
      .filter(({ type }) => type === 'purchase')
      .map(({ id }) => [id, userKey]),
  );
  const appends = new Map([[userKey, lines.map((line) => `${line}\n`).join('')]]);
  await commit(partitionOf(userKey, PARTITIONS), { appends, conversions }, { logTimeMs: NOON });
}

const click = event({ type: 'ad_click', id: 'click', ts: NOON - 2 * MINUTE_MS, channel: 'mail', anonymousId: 'cookie' });
const { userId: _, ...CLICK } = click;
const BUY = event({ type: 'purchase', id: 'order', ts: NOON - MINUTE_MS, userId: 'ada', value: 500, currency: 'EUR' });

/** As the speed layer leaves it: the click under the cookie, the order under the user, and what they said to each other. */
async function joinedWorld(): Promise<World> {
  const world = await createWorld({ definitions: DEFINITIONS });
  const receivedAt = NOON - 1;
  const link = { id: 'ada\nat x', to: 'ada', ts: NOON - MINUTE_MS, version: '1', receivedAt };
  const item = { origin: 'cookie', id: 'click', ts: CLICK.ts, path: ['cookie'], line: encodeEvent(CLICK) };
  expect(userKeyOf(CLICK)).toBe('cookie');
  const linked = encodeMessage({ kind: 'link', to: 'cookie', link }, { from: 0, number: 1 });
  const put = encodeMessage({ kind: 'put', to: 'ada', item, version: '2' }, { from: 1, number: 1 });
  await append(world, 'cookie', encodeEvent(CLICK), linked);
  await append(world, 'ada', encodeEvent(BUY), put);
  await world.tick();
  return world;
}

test('law 5: signals, journeys and explanations of a user have what was lent to them, as it was sent', async () => {
  const world = await joinedWorld();
  const { body } = await world.get('/v1/users/ada/signals');
  expect(body.signals).toEqual([BUY, CLICK]);
  const queried = await world.post('/v1/signals/query', { users: ['ada', 'eve'], limit: 5 });
  expect(queried.body.results.map(({ signals }: { signals: unknown }) => signals)).toEqual([[BUY, CLICK], []]);
  const journeys = (await world.get('/v1/users/ada/journey')).body.journeys;
  expect(journeys).toMatchObject([
    { status: 'converted', touches: [{ id: 'click', channel: 'mail' }], conversion: { id: 'order' } },
  ]);
  const explained = await world.get('/v1/conversions/order');
  expect([explained.status, explained.body.userId]).toEqual([200, 'ada']);
  expect(JSON.stringify(explained.body)).toContain('"click"');
  expect(JSON.stringify([body, journeys, explained.body])).not.toContain('tributary');
});

test('law 5: what was lent away does not count where it was received', async () => {
  const world = await joinedWorld();
  expect((await world.get('/v1/users/cookie/signals')).body.signals).toEqual([]);
  expect((await world.get('/v1/users/cookie/journey')).body.journeys).toEqual([]);
  expect(DEFINITIONS.joinedMs).toBe(30 * DAY_MS);
});
