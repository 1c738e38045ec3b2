/** Messages between keys: where one is missing that the log acknowledged and lost, and where one line causes very many. */
import { ERASE_TYPE, encodeErasure } from '@tributary/model/erasure';
import { type Event, encodeEvent } from '@tributary/model/event';
import type { Message } from '@tributary/model/identity/adoption';
import { encodeMessage, messageNumber } from '@tributary/model/identity/message-line';
import { DAY_MS } from '@tributary/model/time';
import { createSpeedWorker, type SpeedWorkerOptions } from '@tributary/speed/pipeline';
import type { SpeedStore } from '@tributary/store/speed-store';
import { sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { JOINED } from '@tributary/testkit/inputs/joined-keys';
import { createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { createMemoryStore } from '@tributary/testkit/memory/memory-store';
import { markedCut } from '@tributary/views/record';
import { NEVER_CUT } from '@tributary/views/user-state';
import { expect, test } from 'vitest';

const numberOf = (n: number) => (n === 0 ? '' : messageNumber('1.0000000', n));
const linkTo = (to: string, n: number) =>
  encodeMessage(
    { kind: 'link', to: 'cookie', link: { id: `${to}\nat ${n}`, to, ts: 1_000 - n, version: `${n}`, receivedAt: 1_000 + n } },
    { from: 0, number: numberOf(n), after: numberOf(n - 1) },
  );
const said = (n: number) => linkTo('ada', n);

/** Whether a key says to itself that its record loses events. */
function isLoss(line: string): boolean {
  const { userId, properties } = JSON.parse(line) as Event;
  return (properties?.['$tributary'] as { readonly from?: string } | undefined)?.from === userId;
}

/** A worker of one partition, and all that it reads of what is appended, and of what records lose by it. */
function world(limits: SpeedWorkerOptions['limits'], storeOf = (speed: SpeedStore): SpeedStore => speed) {
  const log = createMemoryLog({ partitions: 1 });
  const store = createMemoryStore({ partitions: 1 });
  let commits = 0;
  const outbox = store.outbox(undefined, 'messages');
  const worker = createSpeedWorker({
    ...{ log, store: storeOf(store.speed()), definitions: JOINED, partitions: [0], sha256Hex, digestOf: sha256Hex },
    commitId: () => `c${++commits}`,
    limits: { waitMs: 0, ...limits },
  });
  async function work() {
    while ((await worker.runOnce()) > 0);
    await worker.settle();
  }
  async function relayLosses() {
    const { from, lines } = await outbox.read(0, 1);
    if (!lines.some(isLoss)) return false;
    await log.append(0, { kind: 'events', body: lines.join('\n') });
    await outbox.remove(0, from + 1);
    await work();
    return true;
  }
  return {
    store,
    async append(...lines: string[]) {
      const position = await log.append(0, { kind: 'events', body: lines.join('\n') });
      await work();
      while (await relayLosses());
      return position;
    },
    /** As where nothing is relayed. */
    async appendAlone(...lines: string[]) {
      await log.append(0, { kind: 'events', body: lines.join('\n') });
      await work();
    },
  };
}

test('law 7: the last message that was applied is the one before the first that is missing, until that comes', async () => {
  const { store, append } = world({});
  const appliedAfter = async (...numbers: number[]) => {
    await append(...numbers.map(said));
    return (await store.serving().states())[0]?.relayed?.applied[0];
  };
  expect(await appliedAfter(1)).toBe(numberOf(1));
  expect(await appliedAfter(3, 1)).toBe(numberOf(1));
  expect(await appliedAfter(2, 3)).toBe(numberOf(3));
  expect(await appliedAfter(1, 2)).toBe(numberOf(3));
});

test('law 7: what one line says to other keys is bound in each commit, and all of it has come before the line counts as read', async () => {
  const seen: { readonly length: number; readonly position: string }[] = [];
  const { store, append: appendTo } = world({ messagesLength: 4_000 }, (speed) => ({
    ...speed,
    commit(commit) {
      seen.push({ length: (commit.messages ?? []).join('').length, position: commit.next.position });
      return speed.commit(commit);
    },
  }));
  const append = (...lines: string[]) => {
    seen.length = 0;
    return appendTo(...lines);
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
    const { store, append } = world({ trimRecordLength: maxRecordLength, maxRecordLength });
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

test.each([
  ['is loaded', { maxCachedEvents: 0 }],
  ['is held', {}],
])('laws 1 and 7: a key whose record lost events says to itself how far back a link reaches: the key %s', async (_, limits) => {
  const { store, append } = world({ ...limits, trimRecordLength: 1_000, maxRecordLength: 1_000 });
  const click = (n: number) => ({ ts: 1_000 + n, type: 'click', id: `e${n}`, receivedAt: 1_000 + n, source: 'test' });
  // From here on it is a key that others say something to.
  const undoing = { kind: 'unlink', to: 'cookie', from: 'eve', version: '0', receivedAt: 1_000 } as const;
  await append(encodeMessage(undoing, { from: 0, number: numberOf(1), after: '' }));
  for (let n = 0; n < 40; n++) await append(encodeEvent({ ...click(n), anonymousId: 'cookie' }));
  const recordOf = async () => String((await store.speed().loadRecords(0, ['cookie'], 1e9)).records[0]);
  const overflowed = async () => (await store.serving().deltas([], 0))[0]?.overflowed ?? 0;
  const lostTs = markedCut(await recordOf());
  expect(lostTs).toBeGreaterThan(1_000);
  expect((await recordOf()).length).toBeLessThan(1_300);
  const link = { id: 'ada\nat x', to: 'ada', ts: 2_000, version: '1', receivedAt: 2_000 };
  await append(encodeMessage({ kind: 'link', to: 'cookie', link }, { from: 0, number: numberOf(2), after: numberOf(1) }));
  expect(await recordOf()).toContain(`"floor":${lostTs}`);
  const { lines } = await store.outbox(undefined, 'messages').read(0, 100);
  const messages = lines.map((line) => JSON.parse(line) as Event);
  expect(messages[0]?.properties).toEqual({ $tributary: { id: link.id, to: 'ada', version: '1', floor: lostTs } });
  expect(Math.min(...messages.slice(1).map(({ ts }) => ts))).toBeGreaterThan(lostTs);
  // A generation may be cut between the link and what the key says of it.
  const before = await overflowed();
  expect(before).toBeGreaterThan(0);
  await append(lines[0] as string);
  expect(await overflowed()).toBe(before + 1);
});

test.each([
  ['is loaded', { maxCachedEvents: 0 }],
  ['is held', {}],
])(
  'laws 1 and 7: a link that does not count any more still holds what the record of its key had lost: the key %s',
  async (_, limits) => {
    const { store, append, appendAlone } = world({ ...limits, trimRecordLength: 1_000, maxRecordLength: 1_000, linksOfDay: 1 });
    const click = (ts: number, id: string) =>
      encodeEvent({ ts, type: 'click', id, anonymousId: 'cookie', receivedAt: 1_100, source: 'test' });
    const link = (to: string, number: number, receivedAt: number) =>
      encodeMessage(
        { kind: 'link', to: 'cookie', link: { id: `${to}\nat x`, to, ts: 3_000, version: `${number}`, receivedAt } },
        { from: 0, number: numberOf(number), after: number === 1 ? '' : numberOf(number - 1) },
      );
    const outbox = store.outbox(undefined, 'messages');
    await append(link('ada', 1, 2_000));
    for (let n = 0; n < 40; n++) {
      await appendAlone(click(1_000 + n, `e${n}`));
      const { lines } = await outbox.read(0, 1_000);
      await outbox.remove(0, 1_000);
      for (const line of lines.filter(isLoss)) await appendAlone(line);
    }
    const recordOf = async () => String((await store.speed().loadRecords(0, ['cookie'], 1e9)).records[0]);
    const overflowed = async () => (await store.serving().deltas([], 0))[0]?.overflowed ?? 0;
    const lostTs = markedCut(await recordOf());
    expect(lostTs).toBeGreaterThan(1_000);
    await outbox.remove(0, 1_000);
    // It was received before that one, and one of a day counts.
    await append(link('bob', 2, 1_999));
    const messages = (await outbox.read(0, 1_000)).lines.map((line) => JSON.parse(line) as Event);
    expect(messages[0]?.properties).toMatchObject({ $tributary: { to: 'bob', floor: lostTs } });
    expect(messages.at(-1)?.properties).toEqual({ $tributary: { id: 'ada\nat x', to: 'ada', version: '1', held: lostTs } });
    const moved = messages.slice(1, -1).map(({ type, userId, ts }) => [type, userId, ts > lostTs]);
    expect(new Set(moved.map(String))).toEqual(new Set(['tributary.take,ada,true', 'tributary.put,bob,true']));
    const before = await overflowed();
    await append(encodeEvent(messages.at(-1) as Event));
    expect(await overflowed()).toBe(before + 1);
    // What comes late belongs to whom the others went.
    await append(click(lostTs - 1, 'late'));
    const [late] = (await outbox.read(0, 1_000)).lines.slice(-1).map((line) => JSON.parse(line) as Event);
    expect([late?.type, late?.userId, late?.ts]).toEqual(['tributary.put', 'ada', lostTs - 1]);
  },
);

/** A cookie whose events go on to ada, and what it says of what the phone lends it. */
async function lending() {
  const { store, append } = world({});
  const item = {
    ...{ origin: 'phone', id: 'e', ts: 1_500, isKnown: true, path: ['phone'] },
    line: encodeEvent({ ts: 1_500, type: 'click', id: 'e', anonymousId: 'phone', receivedAt: 1_500, source: 'test' }),
  };
  const say = (message: Message, number: number) =>
    append(encodeMessage(message, { from: 0, number: numberOf(number), after: numberOf(number - 1) }));
  const merge = { id: 'ada\nat x', to: 'ada', ts: 2_000, version: '1', receivedAt: 2_000, merges: true } as const;
  await say({ kind: 'link', to: 'cookie', link: merge }, 1);
  const loss = { kind: 'unlink', to: 'cookie', from: 'cookie', version: '9', receivedAt: 2_000, floor: 1_800 } as const;
  return {
    say,
    put: { kind: 'put', to: 'cookie', item, version: '2' },
    lose: () => append(encodeMessage(loss, { from: 0, number: messageNumber('1.9999999', 0), after: '' })),
    kinds: async () =>
      (await store.outbox(undefined, 'messages').read(0, 100)).lines.map((line) => (JSON.parse(line) as Event).type),
  } as const;
}

test('laws 1 and 3: what was lent to a key and taken back before its record lost it is not lent on where it comes again', async () => {
  const { say, put, lose, kinds } = await lending();
  await say(put, 2);
  await say({ ...put, kind: 'take', version: '3' }, 3);
  await lose();
  await say(put, 2);
  expect(await kinds()).toEqual(['tributary.put', 'tributary.take']);
  // One that never came is lent on as ever.
  await say({ ...put, item: { ...put.item, id: 'late' }, version: '4' }, 4);
  expect(await kinds()).toEqual(['tributary.put', 'tributary.take', 'tributary.put']);
});

test('laws 1 and 3: what was taken back of a key and lent again before its record lost it is not taken back where that comes again', async () => {
  const { say, put, lose, kinds } = await lending();
  await say(put, 2);
  await say({ ...put, kind: 'take', version: '3' }, 3);
  await say({ ...put, version: '4' }, 4);
  await lose();
  const moved = ['tributary.put', 'tributary.take', 'tributary.put'];
  await say({ ...put, kind: 'take', version: '3' }, 3);
  await say({ ...put, version: '4' }, 4);
  expect(await kinds()).toEqual(moved);
  // What is taken back for the first time is, of whom it was lent on to.
  await say({ ...put, kind: 'take', version: '5' }, 5);
  expect(await kinds()).toEqual([...moved, 'tributary.take']);
});

test('laws 1 and 7: a record loses events where the log says so, and while nothing is relayed not before it has four times its bound', async () => {
  const { store, append, appendAlone } = world({ trimRecordLength: 1_000, maxRecordLength: 1_000 });
  const click = (n: number) =>
    encodeEvent({ ts: 1_000 + n, type: 'click', id: `e${n}`, anonymousId: 'cookie', receivedAt: 1_000 + n, source: 'test' });
  const recordOf = async () => String((await store.speed().loadRecords(0, ['cookie'], 1e9)).records[0]);
  let sent = 0;
  while ((await recordOf()).length < 3_800) await appendAlone(click(sent++));
  expect(markedCut(await recordOf())).toBe(NEVER_CUT);
  const outbox = store.outbox(undefined, 'messages');
  // It says so again, but not with each event.
  const waiting = (await outbox.read(0, 100)).lines;
  expect(waiting.every(isLoss)).toBe(true);
  expect(waiting.length).toBeGreaterThan(1);
  expect(waiting.length).toBeLessThan(sent / 2);
  const [first] = waiting as [string];
  const floor = Number(/"floor":(\d+)/.exec(first)?.[1]);
  for (let more = 0; more < 10; more++) await appendAlone(click(sent++));
  const cutTs = markedCut(await recordOf());
  expect([cutTs > floor, (await recordOf()).length < 4_000]).toEqual([true, true]);
  await outbox.remove(0, 100);
  await append(first, click(sent++));
  expect(markedCut(await recordOf())).toBe(cutTs);
});

test.each([
  ['by the log, in the same batch', false],
  ['as it has four times its bound', true],
])('laws 1 and 7: a link says how far back it reaches of a key that is held, which loses events %s', async (_, isOver) => {
  const { store, appendAlone } = world({ trimRecordLength: 1_000, maxRecordLength: 1_000 });
  const click = (at: number) =>
    encodeEvent({ ts: at, type: 'click', id: `e${at}`, anonymousId: 'cookie', receivedAt: at, source: 'test' });
  const undoing = { kind: 'unlink', to: 'cookie', from: 'eve', version: '0', receivedAt: 1_000 } as const;
  await appendAlone(encodeMessage(undoing, { from: 0, number: numberOf(1), after: '' }));
  for (let at = 1_001; at < (isOver ? 1_060 : 1_020); at++) await appendAlone(click(at));
  const outbox = store.outbox(undefined, 'messages');
  const [loss] = (await outbox.read(0, 1)).lines as [string];
  await outbox.remove(0, 1_000);
  const recordOf = async () => String((await store.speed().loadRecords(0, ['cookie'], 1e9)).records[0]);
  const lostTs = isOver ? markedCut(await recordOf()) : Number(/"floor":(\d+)/.exec(loss)?.[1]);
  expect(lostTs).toBeGreaterThan(1_000);
  await appendAlone(...(isOver ? [] : [loss]), linkTo('ada', 2));
  const [first] = (await outbox.read(0, 1)).lines as [string];
  expect(JSON.parse(first)).toMatchObject({ userId: 'cookie', properties: { $tributary: { to: 'ada', floor: lostTs } } });
});

test('law 9: a record that has outgrown its bound says nothing of a key that was erased meanwhile', async () => {
  const { store, appendAlone } = world({ trimRecordLength: 1_000, maxRecordLength: 1_000 });
  const click = (n: number) =>
    encodeEvent({ ts: 1_000 + n, type: 'click', id: `e${n}`, anonymousId: 'cookie', receivedAt: 1_000 + n, source: 'test' });
  await appendAlone(...Array.from({ length: 15 }, (_, n) => click(n)));
  await appendAlone(encodeErasure({ type: ERASE_TYPE, userKey: 'cookie', id: 'erasure', atMs: 1_000 }));
  await appendAlone(linkTo('ada', 1));
  expect((await store.outbox(undefined, 'messages').read(0, 100)).lines.join('')).not.toContain('cookie');
});

test.each([
  [
    'law 7: what is taken back from a key whose record lost it leaves answers incomplete, as it counts at both until the next generation',
    false,
  ],
  ['laws 7 and 9: what is withdrawn from a key whose record lost it leaves answers incomplete until the next generation', true],
])('%s', async (_, isWithdrawn) => {
  const overflowedAfter = async (maxRecordLength: number) => {
    const { store, append } = world({ maxCachedEvents: 0, trimRecordLength: maxRecordLength, maxRecordLength });
    const event = (n: number) => ({ ts: 1_000 + n, type: 'click', id: `e${n}`, receivedAt: 1_000 + n, source: 'test' });
    const clicks = encodeEvent({ ...event(0), anonymousId: 'cookie' });
    const item = { origin: 'cookie', id: 'e0', ts: 1_000, isKnown: true, path: ['cookie'], line: clicks };
    const numbered = (n: number) => ({ from: 0, number: numberOf(n), after: numberOf(n - 1) });
    await append(encodeMessage({ kind: 'put', to: 'ada', item, version: '1' }, numbered(1)));
    for (let n = 1; n < 40; n++) await append(encodeEvent({ ...event(n), userId: 'ada' }));
    const overflowed = async () => (await store.serving().deltas([], 0))[0]?.overflowed ?? 0;
    const before = await overflowed();
    const of = sha256Hex('cookie');
    const withdrawal = { of, by: of, erasure: '2', hops: 1, version: '2', receivedAt: 1_000 };
    const taken: Message = { kind: 'take', to: 'ada', item, version: '2' };
    await append(encodeMessage(isWithdrawn ? { kind: 'withdraw', to: 'ada', ...withdrawal } : taken, numbered(2)));
    return (await overflowed()) - before;
  };
  expect(await overflowedAfter(1_000)).toBe(1);
  expect(await overflowedAfter(100_000)).toBe(0);
});

test('law 7: the record of a key that the worker does not hold is read once for the first message to it, and holds all that it lends', async () => {
  const read: string[] = [];
  const { store, append } = world({ maxCachedEvents: 0 }, (speed) => ({
    ...speed,
    loadRecords(partition, userKeys, maxBytes) {
      read.push(...userKeys);
      return speed.loadRecords(partition, userKeys, maxBytes);
    },
  }));
  const click = (anonymousId: string, id: string) =>
    encodeEvent({ ts: 1_000, type: 'click', id, anonymousId, receivedAt: 1_000, source: 'test' });
  await append(click('cookie', 'e1'));
  await append(click('cookie', 'e2'));
  await append(click('stranger', 'e3'));
  read.length = 0;
  await append(click('cookie', 'e4'), said(1));
  expect(read).toEqual(['cookie']);
  const { lines } = await store.outbox(undefined, 'messages').read(0, 10);
  const lent = lines.map((line) => (JSON.parse(line) as { properties: { $tributary: { id: string } } }).properties.$tributary.id);
  expect(lent).toEqual(['e1', 'e2', 'e4']);
});

test('law 7: what a first message needs of its key is read with the batch that brings it, once', async () => {
  const reads: (readonly string[])[] = [];
  const { store, append } = world({}, (speed) => ({
    ...speed,
    loadRecords(partition, userKeys, maxBytes) {
      if (userKeys.length > 0) reads.push(userKeys);
      return speed.loadRecords(partition, userKeys, maxBytes);
    },
  }));
  const click = { ts: 1_000, type: 'click', id: 'e', anonymousId: 'cookie', receivedAt: 1_000, source: 'test' };
  await append(encodeEvent(click));
  await append(encodeEvent({ ...click, anonymousId: 'other' }), said(1));
  await append(encodeEvent({ ...click, id: 'f' }), said(2));
  expect(reads).toEqual([['cookie'], ['other', 'cookie']]);
  expect(await store.outbox(undefined, 'messages').length(0)).toBe(2);
});
