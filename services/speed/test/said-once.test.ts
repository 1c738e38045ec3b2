/** A link of an hour is said once (packages/model/src/identity/said-once.ts): as a function of the log, whatever the worker has in memory. */
import { ERASE_TYPE, encodeErasure, LIFT_TYPE } from '@tributary/model/erasure';
import { encodeEvent } from '@tributary/model/event';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '@tributary/model/time';
import { createSpeedWorker } from '@tributary/speed/pipeline';
import { sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { APART, JOINED } from '@tributary/testkit/inputs/joined-keys';
import { createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { createMemoryStore } from '@tributary/testkit/memory/memory-store';
import { trimRecord, userFromRecord } from '@tributary/views/record';
import { VIEWS } from '@tributary/views/registry';
import { ANYWHERE, namedIn } from '@tributary/views/said-marks';
import { stepRules } from '@tributary/views/step';
import { expect, test } from 'vitest';

const NOON = Date.UTC(2026, 10, 20, 12);

interface Page {
  readonly device?: string;
  readonly ts?: number;
  readonly receivedAt?: number;
}

let sent = 0;
function page(minutes: number, { device = 'cookie', ts, receivedAt }: Page = {}): string {
  const now = NOON + minutes * MINUTE_MS;
  const event = { ts: ts ?? now, type: 'page', id: `e${++sent}`, userId: 'ada', anonymousId: device };
  return encodeEvent({ ...event, receivedAt: receivedAt ?? now, source: 'web' });
}

/** Somebody else, for whom the worker forgets ada where it may hold one event. */
const stranger = (minutes: number) =>
  encodeEvent({
    ...{ ts: NOON + minutes * MINUTE_MS, type: 'page', id: `e${++sent}`, anonymousId: `other-${sent}` },
    ...{ receivedAt: NOON + minutes * MINUTE_MS, source: 'web' },
  });

function world({ definitions = JOINED, trimRecordLength = 100_000, maxCachedEvents = 1_000, maxEntries = 10 } = {}) {
  const log = createMemoryLog({ partitions: 1 });
  return {
    log,
    begin() {
      const store = createMemoryStore({ partitions: 1 });
      let commits = 0;
      const worker = createSpeedWorker({
        ...{ log, store: store.speed(), definitions, partitions: [0], sha256Hex, digestOf: sha256Hex },
        commitId: () => `c${++commits}`,
        limits: { waitMs: 0, maxCachedEvents, maxEntries, trimRecordLength },
      });
      const read = async () => {
        while ((await worker.runOnce()) > 0);
        await worker.settle();
      };
      return {
        /** What it has said so far, without what it says in return. */
        async links(...lines: string[]) {
          for (const line of lines) await log.append(0, { kind: 'events', body: line });
          await read();
          const { lines: messages } = await store.outbox(undefined, 'messages').read(0, 10_000);
          return messages.filter((line) => line.includes('"tributary.link"'));
        },
        record: async () => (await store.speed().loadRecords(0, ['ada'], 1e6)).records[0] as string,
        read,
      };
    },
  };
}

test.each([
  ['held in memory', {}],
  ['read from the record each time', { maxCachedEvents: 1, maxEntries: 1 }],
  ['read from a record that was trimmed', { maxCachedEvents: 1, maxEntries: 1, trimRecordLength: 1 }],
])('law 7: a page whose user is signed in says so once an hour, day of receipt and device: %s', async (_where, limits) => {
  const { begin } = world(limits);
  const worker = begin();
  const visit = Array.from({ length: 300 }, (_, i) => [page(i / 10), stranger(i / 10)]).flat();
  expect(await worker.links(...visit)).toHaveLength(1);
  // Another hour, another device, an hour of the past that came now.
  expect(await worker.links(page(61), stranger(61), page(62))).toHaveLength(2);
  expect(await worker.links(page(63, { device: 'tablet' }), stranger(63), page(64, { device: 'tablet' }))).toHaveLength(3);
  const past = { ts: NOON - 50 * HOUR_MS };
  expect(await worker.links(page(65, past), stranger(65), page(66, past))).toHaveLength(4);
  // Received before what said so: that decides, so it is said.
  const early = { ts: NOON, receivedAt: NOON - 1 };
  expect(await worker.links(page(67, early), stranger(67), page(68, early))).toHaveLength(5);
  // The same hour on the next day of receipt, which counts for itself.
  const late = { ts: NOON, receivedAt: NOON + DAY_MS };
  expect(await worker.links(page(69, late), stranger(70), page(70, late))).toHaveLength(6);
  // What is older than records are kept leaves no line there, and what it said all the same.
  const ancient = { ts: NOON - 200 * DAY_MS };
  expect(await worker.links(page(71, ancient), stranger(71), page(72, ancient))).toHaveLength(7);

  // Who begins from nothing says the same under the same numbers.
  const said = await worker.links();
  expect(await begin().links()).toEqual(said);
});

test('law 1: an event from before keys were joined said nothing to another key: the next one says it', async () => {
  const { log, begin } = world({ definitions: APART });
  const worker = begin();
  expect(await worker.links(page(1), page(2))).toEqual([]);
  await log.append(0, { kind: 'barrier', body: JSON.stringify({ generation: 1, definitions: JOINED.json }) });
  expect(await worker.links(page(3), page(4))).toHaveLength(1);
});

test('law 9: of a user who is erased nothing is known to be said, also once they count again', async () => {
  const { begin } = world();
  const worker = begin();
  const erasure = (type: typeof ERASE_TYPE | typeof LIFT_TYPE) =>
    encodeErasure({ type, userKey: 'ada', id: type, atMs: NOON + 3 * MINUTE_MS });
  expect(await worker.links(page(1), page(2), erasure(ERASE_TYPE), page(4))).toHaveLength(1);
  expect(await worker.links(erasure(LIFT_TYPE), page(5), page(6))).toHaveLength(2);
  expect((await worker.record()).match(/"said"/g)).toHaveLength(1);
});

test('law 7: a record knows where the keys are that its user named in links, or that two users were merged, and forgets it never', async () => {
  const { begin } = world();
  const worker = begin();
  const alias = (previousId: string) =>
    encodeEvent({
      ...{ ts: NOON, type: 'alias', id: `e${++sent}`, userId: 'ada', properties: { previousId } },
      ...{ receivedAt: NOON, source: 'web' },
    });
  const undo = encodeEvent({
    ...{ ts: NOON, type: 'tributary.undo', id: 'undo', userId: 'ada', properties: { key: 'cookie' } },
    ...{ receivedAt: NOON, source: 'tributary' },
  });
  await worker.links(undo, page(1), page(2));
  expect([...(namedIn(await worker.record()) ?? [])]).toEqual([0]);
  await worker.links(alias('someone'), alias('others'));
  const named = [...(namedIn(await worker.record()) ?? [])];
  expect(named).toEqual([0, ANYWHERE]);
  const rules = stepRules(VIEWS, JOINED, 100, false);
  const trimmed = trimRecord(await worker.record(), NOON + 400 * DAY_MS, rules, 1).record;
  expect([...(namedIn(trimmed) ?? [])]).toEqual(named);
  expect((await worker.record()).match(/"to"/g)).toHaveLength(2);
});

test('what a record says of links is not an event, and outlives the lines that it stands beside', async () => {
  const { begin } = world();
  const worker = begin();
  await worker.links(page(1), page(2));
  const record = await worker.record();
  const rules = stepRules(VIEWS, JOINED, 100, false);
  expect(userFromRecord(record, NOON, rules).events).toHaveLength(2);
  const marks = record.split('\n').filter((line) => line.includes('"said"'));
  expect(marks).toHaveLength(1);
  expect(marks[0]?.length).toBeLessThan(48);
  expect(trimRecord(record, NOON + DAY_MS, rules, 1).record).toContain(marks[0]);
  expect(trimRecord(record, NOON + 3 * DAY_MS, rules).record).not.toContain('"said"');
});
