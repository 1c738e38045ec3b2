/** Messages between keys: where one is missing that the log acknowledged and lost, and where one line causes very many. */
import { storedDefinitions } from '@tributary/model/definitions';
import { ERASE_TYPE, encodeErasure } from '@tributary/model/erasure';
import { encodeEvent } from '@tributary/model/event';
import { encodeMessage, messageNumber } from '@tributary/model/identity/message-line';
import { DAY_MS } from '@tributary/model/time';
import { createSpeedWorker } from '@tributary/speed/pipeline';
import { definitionsOf, SMALL_DEFINITIONS, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { createMemoryStore } from '@tributary/testkit/memory/memory-store';
import { expect, test } from 'vitest';

const PLAIN = definitionsOf({ ...SMALL_DEFINITIONS, signalRetention: { days: 90, perUser: 20 } });
const JOINED = storedDefinitions(
  JSON.stringify({ ...(JSON.parse(PLAIN.json) as object), rules: 7, identity: { days: 30 } }),
  sha256Hex,
);

const numberOf = (n: number) => (n === 0 ? '' : messageNumber('1.0000000', n));
const linkTo = (to: string, n: number) =>
  encodeMessage(
    { kind: 'link', to: 'cookie', link: { id: `${to}\nat ${n}`, to, ts: 1_000 - n, version: `${n}`, receivedAt: 1_000 + n } },
    { from: 0, number: numberOf(n), after: numberOf(n - 1) },
  );
const said = (n: number) => linkTo('ada', n);

test('law 7: the last message that was applied is the one before the first that is missing, until that comes', async () => {
  const log = createMemoryLog({ partitions: 1 });
  const store = createMemoryStore({ partitions: 1 });
  let commits = 0;
  const worker = createSpeedWorker({
    ...{ log, store: store.speed(), definitions: JOINED, partitions: [0], sha256Hex, digestOf: sha256Hex },
    commitId: () => `c${++commits}`,
    limits: { waitMs: 0 },
  });
  const appliedAfter = async (...numbers: number[]) => {
    await log.append(0, { kind: 'events', body: numbers.map(said).join('\n') });
    while ((await worker.runOnce()) > 0);
    await worker.settle();
    return (await store.serving().states())[0]?.relayed?.applied[0];
  };
  expect(await appliedAfter(1)).toBe(numberOf(1));
  expect(await appliedAfter(3, 1)).toBe(numberOf(1));
  expect(await appliedAfter(2, 3)).toBe(numberOf(3));
  expect(await appliedAfter(1, 2)).toBe(numberOf(3));
});

test('law 7: what one line says to other keys is bound in each commit, and all of it has come before the line counts as read', async () => {
  const log = createMemoryLog({ partitions: 1 });
  const store = createMemoryStore({ partitions: 1 });
  const speed = store.speed();
  const seen: { readonly length: number; readonly position: string }[] = [];
  let commits = 0;
  const worker = createSpeedWorker({
    ...{ log, definitions: JOINED, partitions: [0], sha256Hex, digestOf: sha256Hex },
    store: {
      ...speed,
      commit(commit) {
        seen.push({ length: (commit.messages ?? []).join('').length, position: commit.next.position });
        return speed.commit(commit);
      },
    },
    commitId: () => `c${++commits}`,
    limits: { waitMs: 0, messagesLength: 4_000 },
  });
  const append = async (...lines: string[]) => {
    const position = await log.append(0, { kind: 'events', body: lines.join('\n') });
    seen.length = 0;
    while ((await worker.runOnce()) > 0);
    await worker.settle();
    return position;
  };
  const outbox = store.outbox(undefined, 'messages');
  const sent = Array.from({ length: 200 }, (_, n) =>
    encodeEvent({ ts: 1_000 + n, type: 'click', id: `e${n}`, anonymousId: 'cookie', receivedAt: 1_000, source: 'test' }),
  );
  const before = await append(...sent);
  const of = await append(said(1));
  expect(await outbox.length(0)).toBe(200);
  expect(seen.length).toBeGreaterThan(8);
  for (const { length } of seen) expect(length).toBeLessThan(5_000);
  // All but the last stand before the link.
  expect(seen.map(({ position }) => position)).toEqual([...seen.slice(1).map(() => before), of]);
  const numbers = (await outbox.read(0, 1_000)).lines.map((line) => (JSON.parse(line) as { id: string }).id.split('/'));
  for (const [n, [, , after]] of numbers.entries()) expect(after).toBe(n === 0 ? '' : numbers[n - 1]?.[1]);
  expect((await store.serving().states())[0]?.relayed?.sent[0]).toBe(numbers.at(-1)?.[1]);
  // So is what an erased key withdraws from all whom it was linked to.
  await outbox.remove(0, 200);
  await append(...Array.from({ length: 60 }, (_, n) => linkTo(`user-${n}`, n + 2)));
  await outbox.remove(0, 10_000);
  await append(encodeErasure({ type: ERASE_TYPE, userKey: 'cookie', id: 'erasure', atMs: 1_000 }));
  expect((await outbox.read(0, 1_000)).lines).toHaveLength(61);
  for (const { length } of seen) expect(length).toBeLessThan(5_000);
});

test('law 7: a link of a key whose record lost events that it reaches leaves answers incomplete, and one that does not reach them leaves none', async () => {
  const overflowedAfter = async (agoMs: number, maxRecordLength: number) => {
    const linkedMs = 100 * DAY_MS;
    const sentMs = linkedMs - agoMs;
    const log = createMemoryLog({ partitions: 1 });
    const store = createMemoryStore({ partitions: 1 });
    let commits = 0;
    const worker = createSpeedWorker({
      ...{ log, store: store.speed(), definitions: JOINED, partitions: [0], sha256Hex, digestOf: sha256Hex },
      commitId: () => `c${++commits}`,
      limits: { waitMs: 0, trimRecordLength: maxRecordLength, maxRecordLength },
    });
    const append = async (...lines: string[]) => {
      await log.append(0, { kind: 'events', body: lines.join('\n') });
      while ((await worker.runOnce()) > 0);
      await worker.settle();
    };
    for (let n = 0; n < 40; n++)
      await append(
        encodeEvent({
          ts: sentMs + n,
          type: 'click',
          id: `e${n}`,
          anonymousId: 'cookie',
          receivedAt: sentMs + n,
          source: 'test',
        }),
      );
    const overflowed = async () => (await store.serving().deltas([], 0))[0]?.overflowed ?? 0;
    const before = await overflowed();
    const link = { id: 'ada\nat x', to: 'ada', ts: linkedMs, version: '1', receivedAt: linkedMs };
    await append(encodeMessage({ kind: 'link', to: 'cookie', link }, { from: 0, number: numberOf(1), after: '' }));
    return (await overflowed()) - before;
  };
  // The record has room for some 10 of 40 events.
  expect(await overflowedAfter(DAY_MS, 1_000)).toBe(1);
  expect(await overflowedAfter(DAY_MS, 100_000)).toBe(0);
  expect(await overflowedAfter(31 * DAY_MS, 1_000)).toBe(0);
});
