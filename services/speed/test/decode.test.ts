/** Whatever reader takes a line, a batch holds what `decodeLine` says of it. */
import { randomUUID } from 'node:crypto';
import type { EventLog, LogEntry } from '@tributary/log/port';
import type { Definitions } from '@tributary/model/definitions';
import { type Event, encodeEvent } from '@tributary/model/event';
import { decodeLine } from '@tributary/model/reading/decode-line';
import { LAYOUTS } from '@tributary/model/web';
import { definitionsOf, SMALL_DEFINITIONS, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { asWebEvent } from '@tributary/testkit/inputs/generate-web';
import { createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { createMemoryStore } from '@tributary/testkit/memory/memory-store';
import { naive } from '@tributary/testkit/oracle/naive';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSpeedWorker } from '../src/pipeline.ts';
import { decodeBatch, wholeEvent } from '../src/read/decode.ts';

const NOW = 1_795_000_000_000;
const base: Event = { ts: NOW, type: 'click', id: 'e', userId: 'anna', receivedAt: NOW, source: 'test' };

/** Lines as they may lie in an entry: plain ones, ones with letters of any script, escapes, damage. */
const anyLine = fc.oneof(
  fc
    .record(
      {
        id: fc.stringMatching(/^[a-z0-9]{1,6}$/),
        userId: fc.constantFrom('anna', 'bert', 'zoé', '山田'),
        campaign: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 }),
        value: fc.integer(),
        receivedAt: fc.integer({ min: NOW - 5_000, max: NOW }),
        properties: fc.object({ maxDepth: 2 }),
      },
      { requiredKeys: ['id', 'userId'] },
    )
    .map((fields) => encodeEvent({ ...base, ...fields } as Event)),
  fc.constantFrom(
    '',
    'x',
    '{"ts":1}',
    `${encodeEvent(base)} `,
    encodeEvent({ ...base, campaign: 'a"b' }),
    encodeEvent({ ...base, campaign: 'X' }).replace('X', '\ud800'),
  ),
);

test('law 7: a batch holds, of any lines, what the decoder says of each', () => {
  fc.assert(
    fc.property(fc.array(anyLine, { minLength: 1, maxLength: 12 }), fc.constantFrom(1, 3), (lines, partitions) => {
      const entry = { partition: 0, position: '1', kind: 'events', body: lines.join('\n'), appendedMs: NOW } as const;
      const { arrivals, parked, logTimeMs } = decodeBatch([entry], 0, 0, partitions, sha256Hex);
      const decoded = lines.map((line) => decodeLine(line, 0, partitions, NOW));
      const good = decoded.flatMap((one, lineNumber) => (one.ok ? [{ ...one, lineNumber }] : []));
      expect(arrivals).toMatchObject(
        good.map(({ event, userKey, lineNumber }) => {
          const { ts, type, id, receivedAt } = event;
          return { userKey, lineNumber, line: lines[lineNumber], event: { ts, type, id, receivedAt } };
        }),
      );
      for (const [i, { event }] of good.entries()) {
        const arrival = arrivals[i] as (typeof arrivals)[number];
        expect(wholeEvent(arrival)).toEqual(event);
        for (const field of ['channel', 'campaign', 'cost', 'value', 'currency'] as const)
          expect(arrival.event[field]).toBe(event[field]);
      }
      expect(parked).toHaveLength(lines.length - good.length);
      expect(logTimeMs).toBe(Math.max(0, ...good.map(({ event }) => event.receivedAt)));
    }),
    { numRuns: 500 },
  );
});

test('law 1: where an entry is not ASCII, no line is read at the place of another one', () => {
  const [second, third] = ['e-2', 'e-3'].map((id) => encodeEvent({ ...base, id, source: 'shop' })) as [string, string];
  // As many bytes more than letters as the second line is long: counted in letters, the third one begins where the second lies in bytes.
  const letters = '山'.repeat((second.length + 1) / 2);
  expect(new TextEncoder().encode(letters)).toHaveLength(letters.length + second.length + 1);
  const body = [encodeEvent({ ...base, id: 'e-1', campaign: letters }), second, third].join('\n');
  const { arrivals } = decodeBatch([{ partition: 0, position: '1', kind: 'events', body, appendedMs: NOW }], 0, 0, 1, sha256Hex);
  expect(arrivals.map(({ event }) => event.id)).toEqual(['e-1', 'e-2', 'e-3']);
});

/** As trackers make them, some with parts that are more than the whole. */
function reportOf(i: number): Record<string, unknown> {
  return {
    ...{ viewId: 'v', layout: LAYOUTS[i % 4], engagedMs: 900 + i, visibleMs: 1_200, hoverMs: 800 },
    ...(i % 5 === 0 ? {} : { fromScrollBp: 0, maxScrollBp: 50 * i, bands: Array(20).fill(i % 60) }),
    ...(i % 7 === 0
      ? {}
      : {
          els: [
            [`el-${i % 3}`, 300, i, 1, i, 5, 30, 40],
            ['Größe 😀', 0, 7, 0, 5, 9, 1, 1],
          ],
        }),
    ...(i % 11 === 0
      ? {}
      : {
          moves: [
            ['el-1', i % 256, 4 * i],
            ['el-2', 7, 1],
          ],
        }),
  };
}

test('law 1: of reports that are read in place a worker counts what their lines say, to pages and to what definitions count', async () => {
  const definitions = definitionsOf({
    ...SMALL_DEFINITIONS,
    web: {},
    counts: { reports: { count: 'activity', by: 'page' } },
  });
  const events = Array.from({ length: 300 }, (_, i): Event => {
    const event = { ...base, id: `e-${i}`, userId: i % 10 === 0 ? '山田' : 'anna', type: i % 3 === 0 ? 'page' : 'scroll' };
    return i % 2 === 0 ? asWebEvent(event, i) : { ...event, type: 'activity', page: `/p/${i % 7}`, properties: reportOf(i) };
  });
  const log = createMemoryLog({ partitions: 1 });
  for (let i = 0; i < events.length; i += 50)
    await log.append(0, {
      kind: 'events',
      body: events
        .slice(i, i + 50)
        .map(encodeEvent)
        .join('\n'),
    });
  const [entry] = await log.read(new Map([[0, null]]), { maxEntries: 1, waitMs: 0 });
  const { arrivals } = decodeBatch([entry as LogEntry], 0, 0, 1, sha256Hex, true);
  expect(arrivals.filter(({ report }) => report !== undefined).length).toBeGreaterThan(20);
  const store = await counted(log, definitions);
  const views = ['heat', 'attention', 'attentionTotals', 'pages', 'scrollBands', 'scrollReach', 'counts'];
  const [deltas] = await store.serving().deltas(views, 0);
  const expected = naive(events, definitions);
  for (const view of views) {
    expect(expected.get(view)?.size, view).toBeGreaterThan(0);
    expect(deltas?.rows.get(view), view).toEqual(expected.get(view));
  }
});

test('law 3: a worker counts a conversion once by a key that only the whole line has', async () => {
  const definitions = definitionsOf({
    ...SMALL_DEFINITIONS,
    conversions: ['purchase'],
    once: { purchase: { by: 'properties.order', withinDays: 1 } },
  });
  const order = (id: string, name: string): Event => ({
    ...base,
    type: 'purchase',
    id,
    value: 500,
    currency: 'EUR',
    properties: { order: name },
  });
  const events = [order('1', 'a'), order('2', 'a'), order('3', 'b')];
  const log = createMemoryLog({ partitions: 1 });
  await log.append(0, { kind: 'events', body: events.map(encodeEvent).join('\n') });
  const store = await counted(log, definitions);
  const [deltas] = await store.serving().deltas(['conversions'], 0);
  expect(deltas?.rows.get('conversions')).toEqual(naive(events, definitions).get('conversions'));
  expect([...(deltas?.rows.get('conversions')?.values() ?? [])]).toEqual([[2, 1_000]]);
});

/** The store of a worker that has applied all of the log. */
async function counted(log: EventLog, definitions: Definitions) {
  const store = createMemoryStore({ partitions: 1 });
  const worker = createSpeedWorker({
    log,
    store: store.speed(),
    definitions,
    partitions: [0],
    sha256Hex,
    digestOf: sha256Hex,
    commitId: randomUUID,
    limits: { waitMs: 0 },
  });
  while ((await worker.runOnce()) > 0);
  await worker.settle();
  return store;
}
