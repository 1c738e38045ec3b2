/** A publisher that slept appends again what a key had lent to a user, who was erased and lifted meanwhile (decision 43). */
import { ERASE_TYPE, encodeErasure, LIFT_TYPE } from '@tributary/model/erasure';
import { type Event, encodeEvent } from '@tributary/model/event';
import { PUT_TYPE } from '@tributary/model/identity/message-line';
import { partitionOf, userKeyOf } from '@tributary/model/user-key';
import { gapsInFlight } from '@tributary/serving/freshness/in-flight';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naiveJoined } from '@tributary/testkit/oracle/naive-joined';
import { expect, test } from 'vitest';
import { linesOf } from '../../../test/laws/adoption-lines.ts';
import { COOKIE, joined, ofCookie, STORED, settle } from './lent.ts';
import { event } from './one-user.ts';
import { createWorld, PARTITIONS, type World } from './world.ts';

const JOINED = joined(definitionsOf({ ...SMALL_DEFINITIONS, latenessDays: 50, signalRetention: { days: 90, perUser: 20 } }));

const recordOf = (type: typeof ERASE_TYPE | typeof LIFT_TYPE): Event =>
  JSON.parse(encodeErasure({ type, userKey: 'bob', id: type, atMs: event('', 0, '').receivedAt })) as Event;

/** What the lines say that real time has read. */
async function asLinesSay({ log, serving, digestOf }: World) {
  const upTo = (await serving.states()).map((state) => state?.position ?? '');
  return naiveJoined(linesOf(log.disk), upTo, JOINED, digestOf);
}

test('laws 1, 3 and 5: what a key lends again to a user who was erased and lifted counts, once, in both layers', async () => {
  const world = await createWorld(JOINED);
  const say = async (...events: readonly Event[]) => {
    await world.ingest(events);
    await settle(world);
    expect(differences(await world.merged(), await asLinesSay(world))).toEqual([]);
    expect(gapsInFlight(await world.serving.states())).toEqual([]);
  };
  try {
    await say(ofCookie('c1', 1, 'click'), event('s1', 3, 'identify', { userId: 'bob', anonymousId: COOKIE }));
    const [put, ...others] = linesOf(world.log.disk).flatMap(({ event: one }) => (one.type === PUT_TYPE ? [one] : []));
    expect([put?.userId, others.length]).toEqual(['bob', 0]);
    await world.run({}, STORED);
    await say(recordOf(ERASE_TYPE));
    await world.run({ scheduled: false }, STORED);
    await say(recordOf(LIFT_TYPE), event('o1', 4, 'buy', { userId: 'bob', value: 100, currency: 'EUR' }));
    const before = await world.merged();
    for (let times = 0; times < 2; times++) {
      await world.log.append(partitionOf(userKeyOf(put as Event), PARTITIONS), {
        kind: 'events',
        body: encodeEvent(put as Event),
      });
      await say();
    }
    const after = await world.merged();
    expect(differences(after, before)).not.toEqual([]);
    for (const mode of ['incremental', 'full'] as const) {
      await world.run({ mode, scheduled: false }, STORED);
      expect(differences(await world.merged(), after), mode).toEqual([]);
      expect(differences(await world.viewsOf((await world.current())?.generation ?? 0), after), mode).toEqual([]);
    }
  } finally {
    await world.close();
  }
});
