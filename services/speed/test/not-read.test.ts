/** A worker that rebuilds its state: what lies before the oldest generation that readers may take is kept, and not counted. */
import { type Event, encodeEvent } from '@tributary/model/event';
import { HOUR_MS } from '@tributary/model/time';
import { notCounted } from '@tributary/store/counted-views';
import { LOG_BEGINS_MS } from '@tributary/testkit/inputs/generate';
import { definitionsOf, SMALL_DEFINITIONS, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { createMemoryStore } from '@tributary/testkit/memory/memory-store';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { addRowsByView, type RowsByView } from '@tributary/views/deltas';
import { VIEWS } from '@tributary/views/registry';
import { expect, test } from 'vitest';
import { createSpeedWorker } from '../src/pipeline.ts';

const DEFINITIONS = definitionsOf(SMALL_DEFINITIONS);
/** Other rates alone change no row, another window changes them all. */
const RATES = definitionsOf({ ...SMALL_DEFINITIONS, exchangeRates: { to: 'EUR', rates: { USD: '0.92' } } });
const SHORTER = definitionsOf({
  ...SMALL_DEFINITIONS,
  touches: { ...SMALL_DEFINITIONS.touches, click: { windowDays: 0.125, defaultChannel: 'direct' } },
});

const eventAt = (hour: number, type: string, more: Partial<Event> = {}): Event => {
  const ts = LOG_BEGINS_MS + hour * HOUR_MS;
  return { ts, type, id: `${type}-${hour}`, userId: 'ana', receivedAt: ts, source: 'test', ...more };
};
const bought = { value: 100, currency: 'EUR' };
/** What follows each barrier: the last two change what came before it. */
const PARTS = [
  [eventAt(0, 'click', { channel: 'search' }), eventAt(2, 'buy', bought), eventAt(3, 'scroll')],
  [
    eventAt(4, 'click', { channel: 'tv' }),
    eventAt(6, 'buy', bought),
    eventAt(4, 'click', { channel: 'tv', receivedAt: LOG_BEGINS_MS }),
  ],
  [eventAt(5, 'click', { channel: 'email' }), eventAt(8, 'buy', bought), eventAt(2, 'buy', bought), eventAt(7, 'scroll')],
] as const;

async function rebuilt(oldest: number, of: readonly (typeof DEFINITIONS)[], outputs: 'none' | 'conversions' = 'none') {
  const log = createMemoryLog({ partitions: 1 });
  const store = createMemoryStore({ partitions: 1 });
  for (const [generation, events] of PARTS.entries()) {
    const body = JSON.stringify({ generation, definitions: of[generation]?.json });
    if (generation > 0) await log.append(0, { kind: 'barrier', body });
    for (const event of events) await log.append(0, { kind: 'events', body: encodeEvent(event) });
  }
  let commits = 0;
  const worker = createSpeedWorker({
    ...{ log, store: store.speed(), definitions: DEFINITIONS, partitions: [0], sha256Hex, digestOf: sha256Hex },
    ...{ commitId: () => `c${++commits}`, oldestRead: async () => oldest, limits: { waitMs: 0, maxEntries: 2, outputs } },
  });
  for (let idle = 0; idle < 3; ) idle = (await worker.runOnce()) === 0 ? idle + 1 : 0;
  await worker.settle();
  const serving = store.serving();
  const names = VIEWS.map(({ name }) => name);
  return {
    record: (await serving.records([{ partition: 0, userKey: 'ana' }], 1e6))[0],
    async deltasSince(generation: number): Promise<RowsByView> {
      return (await serving.deltas(names, generation))[0]?.rows ?? new Map();
    },
    states: await serving.states(),
    passedOn: (await store.outbox().read(0, 100)).lines,
  };
}

test.each([
  { what: 'the same definitions', of: [DEFINITIONS, DEFINITIONS, DEFINITIONS] },
  { what: 'other rates at the cut', of: [DEFINITIONS, DEFINITIONS, RATES] },
  { what: 'other windows before it', of: [DEFINITIONS, SHORTER, SHORTER] },
])('law 1: rebuilt from before the oldest generation that is read, what is read is exact: $what', async ({ of }) => {
  const [short, whole] = [await rebuilt(2, of), await rebuilt(0, of)];
  const rows: RowsByView = new Map();
  addRowsByView(rows, naive(PARTS.slice(0, 2).flat(), of[2] as typeof DEFINITIONS));
  addRowsByView(rows, await short.deltasSince(2));
  expect(differences(rows, naive(PARTS.flat(), of[2] as typeof DEFINITIONS))).toEqual([]);
  expect(await short.deltasSince(2)).toEqual(await whole.deltasSince(2));
  expect((await short.deltasSince(2)).size).toBeGreaterThan(0);
  expect(short.record).toEqual(whole.record);
  // Nothing lies under the generations before it, and where somebody asks, they hear that.
  expect(await short.deltasSince(0)).toEqual(await short.deltasSince(2));
  const lacking = (states: typeof short.states) => [0, 1, 2].map((generation) => notCounted(states, VIEWS, generation).length);
  expect(lacking(short.states)).toEqual([VIEWS.length, VIEWS.length, 0]);
  expect(lacking(whole.states)).toEqual([0, 0, 0]);
});

test('law 3: what is passed on about conversions is the same, whatever is read', async () => {
  const all = [DEFINITIONS, DEFINITIONS, DEFINITIONS];
  const [short, whole] = [await rebuilt(2, all, 'conversions'), await rebuilt(0, all, 'conversions')];
  expect(whole.passedOn.length).toBeGreaterThan(3);
  expect(short.passedOn).toEqual(whole.passedOn);
});
