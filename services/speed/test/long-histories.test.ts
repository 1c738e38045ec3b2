/** A long history of one key that comes to count for another one, and goes back: all of it shows at once, and no row of it is left to the next generation. */
import { type Event, encodeEvent } from '@tributary/model/event';
import { UNDO_TYPE } from '@tributary/model/identity/links-of';
import { MINUTE_MS } from '@tributary/model/time';
import { createSpeedWorker } from '@tributary/speed/pipeline';
import { definitionsOf, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { createMemoryStore } from '@tributary/testkit/memory/memory-store';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { VIEWS } from '@tributary/views/registry';
import { expect, test } from 'vitest';

const JOINED = definitionsOf({ identity: { days: 30 } });
const NOON = Date.UTC(2026, 10, 20, 12);
const PAIRS = 100;

const sent = Array.from({ length: PAIRS }, (_, n) => {
  const base = { anonymousId: 'cookie', receivedAt: NOON, source: 'test' };
  const ts = NOON - (PAIRS - n) * MINUTE_MS;
  return [
    { ...base, ts, type: 'ad_click', id: `t${n}`, channel: `channel-${n % 7}` },
    { ...base, ts: ts + 1, type: 'purchase', id: `c${n}`, value: 100, currency: 'EUR' },
  ];
}).flat();

/** The user's own, behind all of these. */
const later = Array.from({ length: 50 }, (_, n): Event => {
  const base = { userId: 'vera', receivedAt: NOON, source: 'test' };
  return { ...base, ts: NOON - 50_000 + n * 1_000, type: 'purchase', id: `o${n}`, value: 70, currency: 'EUR' };
});

function world() {
  const log = createMemoryLog({ partitions: 1 });
  const store = createMemoryStore({ partitions: 1 });
  const outbox = store.outbox(undefined, 'messages');
  let commits = 0;
  const worker = createSpeedWorker({
    ...{ log, store: store.speed(), definitions: JOINED, partitions: [0], sha256Hex, digestOf: sha256Hex },
    commitId: () => `c${++commits}`,
    limits: { waitMs: 0 },
  });
  const append = async (...lines: string[]) => {
    await log.append(0, { kind: 'events', body: lines.join('\n') });
    for (;;) {
      while ((await worker.runOnce()) > 0);
      await worker.settle();
      const { from, lines: said } = await outbox.read(0, 50);
      if (said.length === 0) return;
      await log.append(0, { kind: 'events', body: said.join('\n') });
      await outbox.remove(0, from + said.length);
    }
  };
  const isWhole = async (counting: readonly Event[]) => {
    const [counted] = await store.serving().deltas(
      VIEWS.map(({ name }) => name),
      0,
    );
    expect(counted?.overflowed).toBe(0);
    expect(differences(counted?.rows ?? new Map(), naive(counting, JOINED))).toEqual([]);
  };
  return { append, isWhole };
}

test.for([
  ['as they came', sent, []],
  ['the newest first', sent.toReversed(), []],
  ['before orders of the user', sent, later],
] as const)(
  'laws 1 and 7: clicks and orders that move between keys are counted whole, and no work is left over: %s',
  async ([, events, own]) => {
    const { append, isWhole } = world();
    // Few at a time: what a batch may cost a user is another bound.
    const all = [...events, ...own];
    for (let n = 0; n < all.length; n += 4) await append(...all.slice(n, n + 4).map(encodeEvent));
    await isWhole([...sent, ...own]);
    const said = { ts: NOON, receivedAt: NOON, source: 'test', userId: 'vera' };
    const signsIn: Event = { ...said, type: 'identify', id: 'signs in', anonymousId: 'cookie' };
    await append(encodeEvent(signsIn));
    await isWhole([...sent.map(({ anonymousId: _, ...event }) => ({ ...event, userId: 'vera' })), ...own, signsIn]);
    const undoes: Event = { ...said, type: UNDO_TYPE, id: 'not theirs', properties: { key: 'cookie' } };
    await append(encodeEvent(undoes));
    await isWhole([...sent, ...own, signsIn, undoes]);
  },
);

test('law 1: what comes to one key in an entry changes no row of another key that gets something in it', async () => {
  const { append, isWhole } = world();
  const clicks = sent.filter(({ type }) => type === 'ad_click').slice(0, 8);
  const [ofVera, ofZoe] = [clicks.slice(0, 4), clicks.slice(4).map((event) => ({ ...event, anonymousId: 'phone' }))];
  const signIns = (['vera', 'zoe'] as const).map((userId, n): Event => {
    const base = { ts: NOON, receivedAt: NOON, source: 'test', type: 'identify', id: `signs in ${n}` };
    return { ...base, userId, anonymousId: n === 0 ? 'cookie' : 'phone' };
  });
  const orders = ['vera', 'zoe'].map((userId): Event => ({ ...(later[0] as Event), userId }));
  await append(...[...ofVera, ...ofZoe, ...orders].map(encodeEvent));
  await append(...signIns.map(encodeEvent));
  const as = (userId: string, events: readonly Event[]) => events.map(({ anonymousId: _, ...event }) => ({ ...event, userId }));
  await isWhole([...as('vera', ofVera), ...as('zoe', ofZoe), ...orders, ...signIns]);
});
