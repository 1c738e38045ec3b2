/** A speed layer that begins from nothing where keys are joined, and archive and log have lost what had caused some of the messages between them. */
import { erasedBefore, erasedBehind } from '@tributary/archive/forgotten';
import { lackingVersion } from '@tributary/archive/retention/lacking';
import { archivedUpTo } from '@tributary/archive/segments';
import { type Definitions, storedDefinitions } from '@tributary/model/definitions';
import { ERASE_TYPE, encodeErasure } from '@tributary/model/erasure';
import type { Event } from '@tributary/model/event';
import { partitionOf } from '@tributary/model/user-key';
import { gapsInFlight } from '@tributary/serving/freshness/in-flight';
import { relayLog } from '@tributary/speed/messages/relay-log';
import { definitionsOf, SMALL_DEFINITIONS, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { createMemoryStore, type MemoryStore } from '@tributary/testkit/memory/memory-store';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { addRowsByView } from '@tributary/views/deltas';
import { VIEWS } from '@tributary/views/registry';
import { expect, test } from 'vitest';
import { event } from './one-user.ts';
import { speedFromNothing } from './speed-from-nothing.ts';
import { createWorld, PARTITIONS, SMALL_LIMITS, type World } from './world.ts';

const STORED = {
  parseDefinitions: (json: string) => storedDefinitions(json, sha256Hex),
  limits: { ...SMALL_LIMITS, keepGenerations: 1 },
};
const PLAIN = definitionsOf({ ...SMALL_DEFINITIONS, latenessDays: 50, signalRetention: { days: 90, perUser: 20 } });
const JOINED: Definitions = storedDefinitions(
  JSON.stringify({ ...(JSON.parse(PLAIN.json) as object), rules: 7, identity: { days: 30 } }),
  sha256Hex,
);
const ALL = [...Array(PARTITIONS).keys()];

type Stored = ReturnType<MemoryStore['snapshot']>;

/** Relays what waits in a store; how many lines that were. */
async function relayAll({ log }: World, store: MemoryStore): Promise<number> {
  const outbox = store.outbox(undefined, 'messages');
  let relayed = 0;
  for (const partition of ALL) {
    const { from, lines } = await outbox.read(partition, 1_000);
    if (lines.length === 0) continue;
    await relayLog(log).append(partition, { kind: 'events', body: lines.join('\n') });
    await outbox.remove(partition, from + lines.length);
    relayed += lines.length;
  }
  return relayed;
}

async function settle(world: World): Promise<void> {
  do await world.turn();
  while ((await relayAll(world, world.store)) > 0);
}

const erasure = (userKey: string): Event =>
  JSON.parse(
    encodeErasure({ type: ERASE_TYPE, userKey, id: `erasure of ${userKey}`, atMs: event('', 0, '').receivedAt }),
  ) as Event;

/** A store without some of its partitions, or with what these had before, its worker and its publisher, until nothing moves. */
async function rebuilt(world: World, empty: readonly number[], before?: Stored): Promise<MemoryStore> {
  const { dataDir, digestOf } = world;
  const erased = {
    before: (p: number) => erasedBefore(dataDir, p),
    behind: (p: number, at: string) => erasedBehind(dataDir, p, at),
    version: () => lackingVersion(dataDir),
  };
  const nothing = createMemoryStore({ partitions: PARTITIONS });
  let copies = ALL.map((p) => (empty.includes(p) ? (before ?? nothing.snapshot(p)) : world.store.snapshot(p)));
  for (;;) {
    const store = await speedFromNothing(world, JOINED, { erased, digestOf, copies });
    if ((await relayAll(world, store)) === 0) return store;
    copies = ALL.map((p) => store.snapshot(p));
  }
}

/** Another key of the same partition. */
function besides(key: string): string {
  const names = Array.from({ length: 100 }, (_, n) => `${key}-${n}`);
  return names.find((name) => partitionOf(name, PARTITIONS) === partitionOf(key, PARTITIONS)) as string;
}

test('laws 1, 5 and 7: what begins from nothing behind an erased user comes to complete and right answers, and so does one partition alone', async () => {
  const world = await createWorld(JOINED);
  try {
    const { userId: _, ...click } = event('c1', 1, 'click', { anonymousId: 'cookie', channel: 'mail' });
    const signIn = (id: string, anonymousId: string) => event(id, 2, 'identify', { userId: 'ada', anonymousId });
    // Between the same partitions, behind what goes with the erased user.
    const [bob, phone] = [besides('ada'), besides('cookie')];
    await world.ingest([
      ...[event('e1', 1, 'view', { userId: 'eve' }), click, { ...click, anonymousId: phone }],
      ...[signIn('a1', 'eve'), signIn('a2', 'eve'), signIn('a3', 'cookie'), signIn('a4', 'cookie')],
      event('s1', 2, 'identify', { userId: bob, anonymousId: phone }),
    ]);
    await settle(world);
    await world.run({}, STORED);
    await world.ingest([erasure('ada')]);
    await settle(world);
    const { log, dataDir } = world;
    // The record of the erasure is gone from the log as well, once files are written again.
    for (const id of ['x1', 'x2', 'x3']) {
      await world.ingest([event(id, 3, 'view', { userId: 'zoe' })]);
      await settle(world);
      await world.run({ scheduled: false }, STORED);
      await world.turn();
    }
    for (const p of ALL) await log.trim(p, (await archivedUpTo(dataDir, p)).last?.upTo ?? '');
    const answer = await world.merged();
    const [from, to] = [partitionOf(bob, PARTITIONS), partitionOf(phone, PARTITIONS)];
    const lastSent = async (store: MemoryStore) => (await store.serving().states())[from]?.relayed?.sent[to];
    const before = await lastSent(world.store);
    expect(before).toContain('.0000005.');
    const last = (await world.current())?.generation ?? 0;
    // Who sends again puts what it sends behind what is lacking: the partition of the erased user goes first.
    for (const empty of [[], [2], [0], [1], ALL]) {
      const store = await rebuilt(world, empty);
      const serving = store.serving();
      expect(await lastSent(store), `without ${empty}`).toBe(before);
      expect(gapsInFlight(await serving.states()), `without ${empty}`).toEqual([]);
      const rows = await world.viewsOf(last);
      for (const deltas of await serving.deltas([...VIEWS.map(({ name }) => name)], last)) addRowsByView(rows, deltas.rows);
      expect(differences(rows, answer), `without ${empty}`).toEqual([]);
    }
    // What comes then moves between keys in both layers.
    for (const p of ALL) world.store.restore(p, (await rebuilt(world, ALL)).snapshot(p));
    await world.ingest([
      event('b1', 4, 'identify', { userId: 'bob', anonymousId: 'eve' }),
      event('b2', 4, 'identify', { userId: 'bob', anonymousId: 'cookie' }),
    ]);
    await settle(world);
    expect(gapsInFlight(await world.serving.states())).toEqual([]);
    const merged = await world.merged();
    await world.run({}, STORED);
    expect(differences(await world.merged(), merged)).toEqual([]);
    await world.run({ mode: 'full' }, STORED);
    expect(differences(await world.merged(), merged)).toEqual([]);
  } finally {
    await world.close();
  }
});

test.each([
  ['lost, and its archive has others', true, false],
  ['lost, and its archive has nothing else', false, false],
  ['put back to before that message', false, true],
])(
  'laws 1 and 7: where a partition is %s, and the last message to it went with an erased user, the next one of its sender ends the gap',
  async (_name, hasOthers, isPutBack) => {
    const world = await createWorld(JOINED);
    try {
      const ada = ['ada', 'bea', 'eve'].find(
        (key) => partitionOf(key, PARTITIONS) !== partitionOf('cookie', PARTITIONS),
      ) as string;
      const [from, to] = [partitionOf('cookie', PARTITIONS), partitionOf(ada, PARTITIONS)];
      const clicked = (id: string, hours: number, anonymousId = 'cookie'): Event => {
        const { userId: _, ...click } = event(id, hours, 'click', { anonymousId, channel: 'mail' });
        return click;
      };
      const phone = besides('cookie');
      const zoe = besides(hasOthers ? besides(ada) : phone);
      if (isPutBack) {
        await world.ingest([clicked('c0', 1, phone), event('p1', 1, 'identify', { userId: besides(ada), anonymousId: phone })]);
        await settle(world);
      }
      const before = isPutBack ? world.store.snapshot(to) : undefined;
      await world.ingest([clicked('c1', 1), event('a1', 2, 'identify', { userId: ada, anonymousId: 'cookie' })]);
      await settle(world);
      await world.run({}, STORED);
      await world.ingest([erasure(ada)]);
      await settle(world);
      for (const id of ['x1', 'x2', 'x3']) {
        await world.ingest([event(id, 3, 'view', { userId: zoe })]);
        await settle(world);
        await world.run({ scheduled: false }, STORED);
        await world.turn();
      }
      for (const p of ALL) await world.log.trim(p, (await archivedUpTo(world.dataDir, p)).last?.upTo ?? '');
      const inFlight = async () => gapsInFlight(await world.serving.states());
      expect(await inFlight()).toEqual([]);
      const store = await rebuilt(world, [to], before);
      for (const p of ALL) world.store.restore(p, store.snapshot(p));
      expect((await inFlight()).length).toBe(1);
      // Another user of that partition gets something from the same sender.
      const order = event('b2', 6, 'buy', { userId: besides(ada), value: 70, currency: 'EUR' });
      await world.ingest([event('b1', 4, 'identify', { userId: besides(ada), anonymousId: 'cookie' }), clicked('c2', 5), order]);
      await settle(world);
      const [sent, applied] = [
        (await world.serving.states())[from]?.relayed?.sent[to],
        (await world.serving.states())[to]?.relayed?.applied[from],
      ];
      expect(applied).toBe(sent);
      expect(await inFlight()).toEqual([]);
      const merged = await world.merged();
      for (const mode of ['incremental', 'full'] as const) {
        await world.run({ mode }, STORED);
        expect(differences(await world.merged(), merged), mode).toEqual([]);
      }
    } finally {
      await world.close();
    }
  },
);
