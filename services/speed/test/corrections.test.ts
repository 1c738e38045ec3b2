/** Law 1 across a barrier that brings corrections, changes them, and takes them away: conditions look at what timelines do not keep. */
import { type Event, encodeEvent } from '@tributary/model/event';
import { definitionsOf, SMALL_DEFINITIONS, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { createMemoryStore } from '@tributary/testkit/memory/memory-store';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { addRowsByView, type RowsByView } from '@tributary/views/deltas';
import { VIEWS } from '@tributary/views/registry';
import { expect, test } from 'vitest';
import { createSpeedWorker } from '../src/pipeline.ts';

const NOON = Date.UTC(2026, 10, 20, 12);
const RANGE = { from: '2026-11-20', to: '2026-11-21', author: 'ada', reason: 'it went wrong' };
const COUNTING = {
  ...SMALL_DEFINITIONS,
  web: {},
  fields: { order: 'properties.order' },
  counts: { orders: { count: 'buy', by: 'order' }, campaigns: { count: '*', by: 'campaign', where: 'channel != "mail"' } },
};
const PLAIN = definitionsOf(COUNTING);
const CORRECTED = definitionsOf({
  ...COUNTING,
  corrections: [
    { name: 'crawler', when: 'page == "/robots"', drop: true, ...RANGE },
    { name: 'renamed', when: 'campaign == "sumer"', set: { campaign: 'summer', channel: 'mail' }, ...RANGE },
    { name: 'refund', when: 'order == "o-7"', value: -20, ...RANGE },
  ],
});

let at = 0;
const event = (id: string, type: string, more: Partial<Event> = {}): Event => ({
  ts: NOON + 60_000 * at++,
  type,
  id,
  userId: 'anna',
  receivedAt: NOON + 60_000 * at,
  source: 'test',
  ...more,
});

/** What is sent before the first barrier, between it and the second, and so on. */
const PARTS: readonly (readonly Event[])[] = [
  [
    event('a', 'click', { campaign: 'sumer' }),
    event('bot', 'click', { channel: 'search', page: '/robots' }),
    event('crawled', 'page', { page: '/robots', properties: { viewId: 'v', layout: 0 } }),
    event('o', 'buy', { value: 100, currency: 'EUR', properties: { order: 'o-7' } }),
  ],
  [
    event('b', 'click', { campaign: 'sumer', channel: 'search' }),
    event('c', 'click', { campaign: 'sumer', channel: 'mail' }),
    event('bot bought', 'buy', { value: 7, page: '/robots' }),
    event('crawled again', 'page', { page: '/robots', properties: { viewId: 'v', layout: 0 } }),
    event('viewed', 'page', { page: '/', properties: { viewId: 'v', layout: 0 } }),
    event('p', 'buy', { value: 30, properties: { order: 'o-8' } }),
  ],
  [event('q', 'buy', { value: 9, properties: { order: 'o-7' } })],
];
/** Sent again after a barrier: as it was, and as something that no correction would touch. */
const RESENT: readonly Event[] = PARTS.flat().flatMap((one) => [one, { ...one, page: '/', campaign: 'other' }]);

test('laws 1 and 3: from its barrier on a correction holds, for what lies before it too, and what is dropped stays known', async () => {
  const log = createMemoryLog({ partitions: 1 });
  const store = createMemoryStore({ partitions: 1 });
  let commits = 0;
  const worker = createSpeedWorker({
    log,
    store: store.speed(),
    definitions: PLAIN,
    partitions: [0],
    sha256Hex,
    digestOf: sha256Hex,
    commitId: () => `c${commits++}`,
    limits: { waitMs: 0, outputs: 'all' },
  });
  const arrived: Event[] = [];
  const send = async (events: readonly Event[]) => {
    arrived.push(...events);
    await log.append(0, { kind: 'events', body: events.map(encodeEvent).join('\n') });
    await worker.runOnce();
    await worker.settle();
  };
  for (const [i, definitions] of [PLAIN, CORRECTED, PLAIN, CORRECTED].entries()) {
    if (i > 0) await log.append(0, { kind: 'barrier', body: JSON.stringify({ generation: i, definitions: definitions.json }) });
    const view = naive(arrived, definitions);
    await send(PARTS[i] ?? []);
    if (i > 0) await send(RESENT.filter(({ id }) => arrived.some((known) => known.id === id)));
    const [deltas] = await store.serving().deltas(
      VIEWS.map(({ name }) => name),
      i,
    );
    addRowsByView(view, deltas?.rows as RowsByView);
    expect(differences(view, naive(arrived, definitions)), `generation ${i}`).toEqual([]);
  }
  const { lines } = await store.outbox().read(0, 1_000);
  const enriched = lines.map((line) => JSON.parse(line)).filter(({ type }) => type === 'event.enriched');
  const said = enriched.map(({ id, kind, channel, campaign, correctedBy, dropped }) => [
    id,
    kind,
    channel,
    campaign,
    correctedBy,
    dropped,
  ]);
  expect(said).toContainEqual(['b', 'touch', 'mail', 'summer', ['renamed'], false]);
  expect(said).toContainEqual(['bot bought', 'signal', undefined, undefined, ['crawler'], true]);
  expect(said).toContainEqual(['p', 'conversion', undefined, undefined, undefined, undefined]);
});
