/**
 * What the record of a key loses by its length follows from the log, where keys of one person are joined: a store that is lost, at any moment between a link
 * and what comes of it, and a worker that reads again in other batches, leave each event with one key.
 */
import { type Event, encodeEvent } from '@tributary/model/event';
import { LINK_TYPES, UNLINK_TYPE } from '@tributary/model/identity/message-line';
import { userKeyOf } from '@tributary/model/user-key';
import { pairsInFlight } from '@tributary/serving/freshness/in-flight';
import { relayLog } from '@tributary/speed/messages/relay-log';
import { createDrain } from '@tributary/speed/outbox/drain';
import { createSpeedWorker } from '@tributary/speed/pipeline';
import { sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { JOINED, keyIn } from '@tributary/testkit/inputs/joined-keys';
import { createRandom } from '@tributary/testkit/inputs/random';
import { createMemoryDisk, createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { createMemoryStore } from '@tributary/testkit/memory/memory-store';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { type LogLine, naiveJoined, naiveJoinedOfPeople } from '@tributary/testkit/oracle/naive-joined';
import { expect, test } from 'vitest';
import { linesOf } from './adoption-lines.ts';

const [OF_COOKIE, OF_ADA] = [0, 1];
const COOKIE = keyIn(OF_COOKIE, 'cookie-');
const ADA = keyIn(OF_ADA, 'ada-');
const AT_MS = 1_000_000_000;

function rig() {
  const disk = createMemoryDisk();
  const log = createMemoryLog({ partitions: 2, disk });
  const store = createMemoryStore({ partitions: 2 });
  const nothing = store.snapshot(OF_COOKIE);
  let [workers, commits, events] = [0, 0, 0];
  const send = (of: Partial<Event>) => {
    const at = AT_MS + ++events;
    const event = { ts: at, receivedAt: at, id: `e${events}`, type: 'click', source: 'test', channel: 'mail', ...of } as Event;
    return log.append(event.userId === ADA ? OF_ADA : OF_COOKIE, { kind: 'events', body: encodeEvent(event) });
  };
  /** Records have room for some ten clicks. */
  const worker = (partitions: readonly number[], maxEntries: number) => {
    const name = `w${++workers}`;
    return createSpeedWorker({
      ...{ log, store: store.speed(), definitions: JOINED, partitions, sha256Hex, digestOf: sha256Hex },
      commitId: () => `${name}:${++commits}`,
      limits: { waitMs: 0, maxEntries, maxRecordLength: 1_500, trimRecordLength: 200, messagesLength: 400 },
    });
  };
  const work = async ({ runOnce, settle }: ReturnType<typeof worker>) => {
    while ((await runOnce()) > 0);
    await settle();
  };
  const outbox = store.outbox(undefined, 'messages');
  /** Appends what waits, as far as it is to go, and removes it where `isKept` does not ask for it again. */
  const publish = async (partition: number, goes: (event: Event) => boolean = () => true, isKept = false) => {
    const { from, lines } = await outbox.read(partition, 1e6);
    for (const line of lines) {
      const event = JSON.parse(line) as Event;
      if (goes(event)) await log.append(userKeyOf(event) === ADA ? OF_ADA : OF_COOKIE, { kind: 'events', body: line });
    }
    if (!isKept) await outbox.remove(partition, from + lines.length);
    return lines.length;
  };
  return { disk, log, store, nothing, outbox, send, worker, work, publish };
}

type Rig = ReturnType<typeof rig>;

async function settled({ worker, work, publish }: Rig, maxEntries: number): Promise<void> {
  const last = worker([OF_COOKIE, OF_ADA], maxEntries);
  do await work(last);
  while ((await publish(OF_COOKIE)) + (await publish(OF_ADA)) > 0);
}

/** Nothing is on its way, and each event counts for one key; what was appended. */
async function expectOneKey({ disk, log, store }: Rig): Promise<LogLine[]> {
  const lines = linesOf(disk);
  const ends = (await log.ends()).map((end) => end ?? '');
  expect(pairsInFlight(await store.serving().states())).toBe(0);
  const asLogSays = naiveJoined(lines, ends, JOINED, sha256Hex);
  expect(differences(asLogSays, naiveJoinedOfPeople(lines, ends, JOINED))).toEqual([]);
  return lines;
}

/** `goes`: what of the messages of the cookie leaves the outbox before the store is lost. */
async function lostStore(first: number, second: number, clicks: number, goes: (event: Event) => boolean) {
  const own = rig();
  const { store, nothing, send, worker, work, publish } = own;
  for (let n = 0; n < clicks; n++) await send({ anonymousId: COOKIE });
  const before = worker([OF_COOKIE], first);
  // What the record loses before the link comes, and what comes when it has outgrown its bound again.
  await work(before);
  await publish(OF_COOKIE);
  await work(before);
  for (let n = 0; n < clicks / 2; n++) await send({ anonymousId: COOKIE });
  await send({ type: 'identify', userId: ADA, anonymousId: COOKIE });
  await work(worker([OF_ADA], 10));
  await publish(OF_ADA);
  await work(worker([OF_COOKIE], first));
  await publish(OF_COOKIE, goes, true);
  store.restore(OF_COOKIE, nothing);
  await settled(own, second);

  return (await expectOneKey(own)).filter(
    ({ event }) => LINK_TYPES.includes(event.type) && JSON.stringify(event.properties).includes('"floor":'),
  );
}

test.each([
  ['the store is lost while a floor is under way', 1, 4],
  ['the record is trimmed before the link, which had come with its events', 100, 1],
  ['the record is trimmed with the link, which had come behind it', 1, 100],
])('laws 1 and 7: %s: each event counts for one key', async (_, first, second) => {
  const floors = await lostStore(first, second, 24, ({ userId }) => userId === ADA);
  expect(floors.length).toBeGreaterThan(0);
});

test('laws 1 and 7: in whatever batches a worker reads, before a store is lost and after it, each event counts for one key', async () => {
  let floors = 0;
  for (let seed = 0; seed < 60; seed++) {
    const random = createRandom(seed);
    const share = random.pick([0, 0.3, 0.8, 1]);
    const sizes = [random.between(1, 12), random.between(1, 12)] as const;
    floors += (await lostStore(...sizes, random.between(8, 40), () => random.chance(share))).length;
  }
  expect(floors).toBeGreaterThan(60);
});

test('laws 3 and 7: what leaves an outbox was appended, also where the store is put back meanwhile and batches end elsewhere then', async () => {
  const own = rig();
  const { log, store, nothing, outbox, send, worker, work, publish } = own;
  for (let n = 0; n < 24; n++) await send({ anonymousId: COOKIE });
  await send({ type: 'identify', userId: ADA, anonymousId: COOKIE });
  await work(worker([OF_ADA], 10));
  await publish(OF_ADA);
  await work(worker([OF_COOKIE], 4));
  // What the record says of its length, and the first two of what the link moves.
  const waiting = (await outbox.read(OF_COOKIE, 1e6)).lines.map((line) => userKeyOf(JSON.parse(line) as Event));
  const maxLines = waiting.indexOf(ADA) + 2;
  expect([waiting[0], waiting[maxLines]]).toEqual([COOKIE, ADA]);
  let appended = 0;
  const drain = createDrain(
    {
      outbox,
      log: relayLog({
        partitions: 2,
        async append(partition, record) {
          const position = await log.append(partition, record);
          // All is read at once now, so nothing is said of the length of the record before the link is read.
          if (++appended === 2) {
            store.restore(OF_COOKIE, nothing);
            await work(worker([OF_COOKIE], 100));
          }
          return position;
        },
      }),
      asPublished: (line) => line,
      maxLines,
      onError: (error) => expect(error).toBeUndefined(),
    },
    { onLength: () => {}, onUnremoved: () => {} },
  );
  expect(await drain.passSome(OF_COOKIE, { lines: 0, longest: 0 })).toBe(true);
  await settled(own, 100);
  await expectOneKey(own);
});

test('law 7: no answer waits for what a record says of its own length: it is said again', async () => {
  const own = rig();
  const { store, outbox, send, worker, work } = own;
  for (let n = 0; n < 14; n++) await send({ anonymousId: COOKIE });
  await send({ type: 'identify', userId: ADA, anonymousId: COOKIE });
  await work(worker([OF_COOKIE], 4));
  expect(await outbox.length(OF_COOKIE)).toBe(1);
  await outbox.remove(OF_COOKIE, 1);
  await settled(own, 4);
  expect(pairsInFlight(await store.serving().states())).toBe(0);
  for (let n = 0; n < 8; n++) await send({ anonymousId: COOKIE });
  await settled(own, 4);
  const lines = await expectOneKey(own);
  expect(lines.some(({ event }) => event.type === UNLINK_TYPE)).toBe(true);
});
