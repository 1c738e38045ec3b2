/** The store is lost while what withdraws the events that an erased device had lent is on its way, and files were written again since. */
import { erasedBefore, erasedBehind, readForgotten } from '@tributary/archive/forgotten';
import { lackingVersion } from '@tributary/archive/retention/lacking';
import { archivedUpTo } from '@tributary/archive/segments';
import { ERASE_TYPE, encodeErasure, LIFT_TYPE } from '@tributary/model/erasure';
import type { Event } from '@tributary/model/event';
import { gapsInFlight } from '@tributary/serving/freshness/in-flight';
import { relayLog } from '@tributary/speed/messages/relay-log';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { expect, test } from 'vitest';
import { COOKIE, GONE, joined, ofCookie, rowsWith, STORED, settle } from './lent.ts';
import { event } from './one-user.ts';
import { speedFromNothing } from './speed-from-nothing.ts';
import { createWorld, PARTITIONS, type World } from './world.ts';

const PLAIN = definitionsOf({ ...SMALL_DEFINITIONS, latenessDays: 50, signalRetention: { days: 90, perUser: 20 } });
const JOINED = joined(PLAIN);
const ALL = [...Array(PARTITIONS).keys()];

let records = 0;
const recordOf = (type: typeof ERASE_TYPE | typeof LIFT_TYPE, userKey: string = COOKIE): Event =>
  JSON.parse(encodeErasure({ type, userKey, id: `record-${++records}`, atMs: event('', 0, '').receivedAt })) as Event;

const LENDING = [
  ofCookie('c1', 1, 'click'),
  event('s1', 3, 'identify', { userId: 'bob', anonymousId: COOKIE }),
  event('m1', 3, 'alias', { userId: 'dave', properties: { previousId: 'bob' } }),
  event('o1', 4, 'buy', { userId: 'bob', value: 100, currency: 'EUR' }),
  event('o2', 4, 'buy', { userId: 'dave', value: 70, currency: 'EUR' }),
];
const LEFT = [
  event('s1', 3, 'identify', { userId: 'dave' }),
  event('m1', 3, 'alias', { userId: 'dave' }),
  event('o1', 4, 'buy', { userId: 'dave', value: 100, currency: 'EUR' }),
  event('o2', 4, 'buy', { userId: 'dave', value: 70, currency: 'EUR' }),
];

/** One message after the other, until `most` were relayed. */
async function relay({ log, store, turn }: World, most: number): Promise<void> {
  const outbox = store.outbox(undefined, 'messages');
  for (let relayed = 0; relayed < most; ) {
    await turn();
    const before = relayed;
    for (const partition of ALL) {
      const { from, lines } = await outbox.read(partition, 1);
      if (lines[0] === undefined || relayed === most) continue;
      await relayLog(log).append(partition, { kind: 'events', body: lines[0] });
      await outbox.remove(partition, from + 1);
      relayed++;
    }
    if (relayed === before) throw new Error(`${relayed} of ${most} messages were there`);
  }
  await turn();
}

/** All that is left is the archive. */
async function loseStore(world: World): Promise<void> {
  const { dataDir, digestOf, log, store } = world;
  for (const p of ALL) await log.trim(p, (await archivedUpTo(dataDir, p)).last?.upTo ?? '');
  const erased = {
    before: (p: number) => erasedBefore(dataDir, p),
    behind: (p: number, at: string) => erasedBehind(dataDir, p, at),
    version: () => lackingVersion(dataDir),
  };
  const rebuilt = await speedFromNothing(world, JOINED, { erased, digestOf });
  for (const p of ALL) store.restore(p, rebuilt.snapshot(p));
}

/** A platform on which a device lends to bob, and he to dave. */
async function lent(events: readonly Event[] = LENDING) {
  const world = await createWorld(JOINED);
  await world.ingest(events);
  await settle(world);
  await world.run({}, STORED);
  const others: Event[] = [];
  return {
    world,
    /** What is to count besides. */
    others,
    async runOnce() {
      const view = event(`v${others.length}`, 5, 'view', { userId: 'zoe' });
      others.push(view);
      await world.ingest([view]);
      await world.run({ scheduled: false }, STORED);
      await world.turn();
      return readForgotten(world.dataDir);
    },
  };
}

test.each([
  ['none of what withdraws it was relayed', 0, false],
  ['what the owner of the device passes on was not relayed', 1, false],
  ['none of it was relayed, and the device is lifted', 0, true],
])(
  'laws 1 and 9: what an erased device had lent goes where the store is lost after two runs: %s',
  async (_case, relayed, lifts) => {
    const { world, others, runOnce } = await lent();
    try {
      await world.ingest([recordOf(ERASE_TYPE)]);
      await relay(world, relayed);
      await runOnce();
      if (lifts) await world.ingest([recordOf(LIFT_TYPE)]);
      expect((await runOnce())?.searchedAt).toBeNull();
      await loseStore(world);
      await settle(world);
      expect(gapsInFlight(await world.serving.states())).toEqual([]);
      expect(differences(await world.merged(), naive([...LEFT, ...others], JOINED))).toEqual([]);
      for (const _ of [1, 2]) await runOnce();
      const left = naive([...LEFT, ...others], JOINED);
      expect(differences(await world.viewsOf((await world.current())?.generation ?? 0), left)).toEqual([]);
      expect(differences(await world.merged(), left)).toEqual([]);
      // Its own rows go, once what withdraws the others is archived.
      expect((await readForgotten(world.dataDir))?.searchedAt).toBeGreaterThan(0);
      for (const folder of ['archive', 'generations']) expect(await rowsWith(world, GONE, folder), folder).toEqual([]);
      await world.run({ mode: 'full' }, STORED);
      expect(differences(await world.merged(), left)).toEqual([]);
    } finally {
      await world.close();
    }
  },
);

test('laws 1 and 9: what a device had lent that is erased again before a run goes where the store is lost after two runs', async () => {
  const { world, others, runOnce } = await lent();
  try {
    await world.ingest([recordOf(ERASE_TYPE)]);
    await settle(world);
    for (const _ of [1, 2, 3]) await runOnce();
    expect(await readForgotten(world.dataDir)).toMatchObject({
      erased: [world.digestOf(COOKIE)],
      searchedAt: expect.any(Number),
    });
    await world.ingest([recordOf(LIFT_TYPE)]);
    await world.ingest([ofCookie('c9', 3.5, 'click'), event('s9', 3.6, 'identify', { userId: 'bob', anonymousId: COOKIE })]);
    await settle(world);
    await world.ingest([recordOf(ERASE_TYPE)]);
    await world.turn();
    await runOnce();
    expect((await runOnce())?.searchedAt).toBeNull();
    await loseStore(world);
    await settle(world);
    const left = () => naive([...LEFT, event('s9', 3.6, 'identify', { userId: 'dave' }), ...others], JOINED);
    expect(gapsInFlight(await world.serving.states())).toEqual([]);
    expect(differences(await world.merged(), left())).toEqual([]);
    for (const _ of [1, 2]) await runOnce();
    expect(differences(await world.viewsOf((await world.current())?.generation ?? 0), left())).toEqual([]);
    expect(differences(await world.merged(), left())).toEqual([]);
    expect((await readForgotten(world.dataDir))?.searchedAt).toBeGreaterThan(0);
    for (const folder of ['archive', 'generations']) expect(await rowsWith(world, GONE, folder), folder).toEqual([]);
  } finally {
    await world.close();
  }
});

test.each([
  ['after files are without them', false],
  ['before the device is erased', true],
])(
  'laws 1 and 9: what a device had lent goes where its owner was erased meanwhile, and is lifted %s',
  async (_case, isLiftedBefore) => {
    const { world, others, runOnce } = await lent(LENDING.slice(0, 2));
    const lift = () => world.ingest([recordOf(LIFT_TYPE, 'bob')]);
    try {
      await world.ingest([recordOf(ERASE_TYPE, 'bob')]);
      await settle(world);
      for (const _ of [1, 2]) await runOnce();
      if (isLiftedBefore) await lift();
      // It waits until bob is lifted, and so does what withdraws it.
      await world.ingest([ofCookie('c5', 3.2, 'click')]);
      await world.turn();
      await world.ingest([recordOf(ERASE_TYPE)]);
      await world.turn();
      for (const _ of [1, 2]) await runOnce();
      expect((await readForgotten(world.dataDir))?.searchedAt).toBeNull();
      if (!isLiftedBefore) await lift();
      const order = event('o9', 4, 'buy', { userId: 'bob', value: 100, currency: 'EUR' });
      others.push(order);
      await world.ingest([order]);
      await relay(world, 1);
      await runOnce();
      await loseStore(world);
      await settle(world);
      expect(gapsInFlight(await world.serving.states())).toEqual([]);
      expect(differences(await world.merged(), naive(others, JOINED))).toEqual([]);
      for (const _ of [1, 2]) await runOnce();
      expect(differences(await world.merged(), naive(others, JOINED))).toEqual([]);
      expect((await readForgotten(world.dataDir))?.searchedAt).toBeGreaterThan(0);
      for (const folder of ['archive', 'generations']) expect(await rowsWith(world, GONE, folder), folder).toEqual([]);
    } finally {
      await world.close();
    }
  },
);

test('law 9: a device is not waited for once its erased owner has what withdraws its events', async () => {
  const { world, runOnce } = await lent(LENDING.slice(0, 2));
  try {
    await world.ingest([recordOf(ERASE_TYPE, 'bob')]);
    await settle(world);
    for (const _ of [1, 2]) await runOnce();
    await world.ingest([recordOf(ERASE_TYPE)]);
    await settle(world);
    for (const _ of [1, 2, 3]) await runOnce();
    const { searchedAt, erased, heard } = (await readForgotten(world.dataDir)) ?? {};
    expect(searchedAt).toBeGreaterThan(0);
    expect(erased).toEqual([world.digestOf(COOKIE), world.digestOf('bob')].sort());
    expect(heard?.withdrawals).toEqual([]);
    for (const folder of ['archive', 'generations']) expect(await rowsWith(world, COOKIE, folder), folder).toEqual([]);
  } finally {
    await world.close();
  }
});
