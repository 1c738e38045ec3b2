/** Law 7: what records lack since log time fell back stays with its key, whatever links come later. */

import { type Event, encodeEvent } from '@tributary/model/event';
import { DAY_MS, HOUR_MS } from '@tributary/model/time';
import { partitionOf } from '@tributary/model/user-key';
import { pairsInFlight } from '@tributary/serving/freshness/in-flight';
import { relayLog } from '@tributary/speed/messages/relay-log';
import { createSpeedWorker } from '@tributary/speed/pipeline';
import { definitionsOf, SMALL_DEFINITIONS, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { createMemoryDisk, createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { createMemoryStore } from '@tributary/testkit/memory/memory-store';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naiveJoined, naiveJoinedOfPeople } from '@tributary/testkit/oracle/naive-joined';
import { expect, test } from 'vitest';
import { linesOf } from './adoption-lines.ts';
import { joined } from './adoption-world.ts';

const START = Date.UTC(2026, 5, 10);
const FILE = { ...SMALL_DEFINITIONS, latenessDays: 30, signalRetention: { days: 90, perUser: 20 } };
const LONG = { click: { windowDays: 28, defaultChannel: 'direct' } };
const DEFINITIONS = joined(definitionsOf({ ...FILE, touches: { ...FILE.touches, ...LONG } }));

const keyIn = (partition: number, name: string) =>
  Array.from({ length: 99 }, (_, i) => `${name}-${i}`).find((key) => partitionOf(key, 2) === partition) as string;

async function world() {
  const clock = { ms: START };
  const disk = createMemoryDisk(false);
  const store = createMemoryStore({ partitions: 2 });
  const log = createMemoryLog({ partitions: 2, disk, now: () => clock.ms });
  const relay = relayLog(log);
  const outbox = store.outbox(undefined, 'messages');
  let commits = 0;
  let events = 0;
  const started = () =>
    createSpeedWorker({
      ...{ log, store: store.speed(), definitions: DEFINITIONS, partitions: [0, 1], sha256Hex, digestOf: sha256Hex },
      commitId: () => `c${++commits}`,
      limits: { maxEntries: 4, waitMs: 0, trimRecordLength: 1 },
    });
  let worker = started();
  async function settle(): Promise<void> {
    for (let idle = 0; idle < 3; ) {
      idle = (await worker.runOnce()) === 0 ? idle + 1 : 0;
      for (const partition of [0, 1]) {
        const { from, lines } = await outbox.read(partition, 100);
        if (lines.length === 0) continue;
        await relay.append(partition, { kind: 'events', body: lines.join('\n') });
        await outbox.remove(partition, from + lines.length);
        idle = 0;
      }
    }
  }
  async function send(partition: number, event: Pick<Event, 'ts' | 'type'> & Partial<Event>): Promise<void> {
    const body = encodeEvent({ receivedAt: event.ts, source: 'test', id: `e${++events}`, ...event });
    await log.append(partition, { kind: 'events', body });
    await settle();
  }
  /** Another worker takes over, which has nothing in memory. */
  const restart = () => void (worker = started());
  return { clock, disk, store, send, restart };
}

test('law 7: a link does not reach what the record of its key lost while the clock of the log ran ahead', async () => {
  const { clock, disk, store, send } = await world();
  const [device, other, user] = [keyIn(0, 'device'), keyIn(0, 'other'), keyIn(1, 'user')];
  await send(0, { ts: START - 10 * DAY_MS, receivedAt: START, type: 'click', channel: 'search', anonymousId: device });
  clock.ms = START + 100 * DAY_MS;
  await send(0, { ts: clock.ms, type: 'scroll', anonymousId: other });
  for (let n = 0; n < 60; n++) await send(0, { ts: START + 11 * DAY_MS - n, type: 'scroll', anonymousId: device });
  const record = async () => String((await store.speed().loadRecords(0, [device], 1e9)).records[0]);
  expect(await record()).not.toContain('click');
  clock.ms = START + 12 * DAY_MS;
  await send(0, { ts: clock.ms, type: 'scroll', anonymousId: other });
  await send(1, { ts: clock.ms, type: 'identify', userId: user, anonymousId: device });
  await send(1, { ts: clock.ms + HOUR_MS, type: 'buy', value: 70, userId: user });
  await expectAllCounted({ store, disk });
});

test.each([
  ['it links', false],
  ['it is undone', true],
])(
  'laws 1 and 7: a link by a clock that is far behind does not reach what the record of its key has let go of by its age: %s',
  async (_, isUndone) => {
    const { clock, disk, store, send, restart } = await world();
    const [device, other, user] = [keyIn(0, 'device'), keyIn(0, 'other'), keyIn(1, 'user')];
    await send(0, { ts: START, type: 'click', channel: 'search', anonymousId: device });
    if (isUndone) await send(1, { ts: START, type: 'identify', userId: user, anonymousId: device });
    clock.ms = START + 100 * DAY_MS;
    await send(0, { ts: clock.ms, type: 'scroll', anonymousId: other });
    for (let n = 0; n < 60; n++) await send(0, { ts: clock.ms - n, type: 'scroll', anonymousId: device });
    const record = async () => String((await store.speed().loadRecords(0, [device], 1e9)).records[0]);
    expect(await record()).not.toContain('click');
    restart();
    const said = isUndone ? { type: 'tributary.undo', properties: { key: device } } : { type: 'identify', anonymousId: device };
    await send(1, { ts: START + DAY_MS, userId: user, ...said });
    await send(1, { ts: clock.ms + HOUR_MS, type: 'buy', value: 70, userId: user });
    await expectAllCounted({ store, disk });
  },
);

/** What the next generation counts is what was sent: nothing was taken from the key that came to none. */
async function expectAllCounted({ store, disk }: Pick<Awaited<ReturnType<typeof world>>, 'store' | 'disk'>): Promise<void> {
  const states = await store.serving().states();
  expect(pairsInFlight(states)).toBe(0);
  const upTo = states.map((state) => state?.position ?? '');
  const next = naiveJoined(linesOf(disk), upTo, DEFINITIONS, sha256Hex);
  expect([...(next.get('touches') ?? [])].length).toBeGreaterThan(0);
  expect(differences(next, naiveJoinedOfPeople(linesOf(disk), upTo, DEFINITIONS))).toEqual([]);
}
