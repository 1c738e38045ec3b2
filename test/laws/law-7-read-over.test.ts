/** The log lost what a worker had read, and no archiver had it in time: the worker goes on, and says that what it computes from then on is incomplete. */

import type { LogEntry } from '@tributary/log/port';
import { type Event, encodeEvent } from '@tributary/model/event';
import { MINUTE_MS } from '@tributary/model/time';
import type { SpeedStore } from '@tributary/store/speed-store';
import { LOG_BEGINS_MS } from '@tributary/testkit/inputs/generate';
import { definitionsOf, SMALL_DEFINITIONS, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { createMemoryStore } from '@tributary/testkit/memory/memory-store';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { addRowsByView, type RowsByView } from '@tributary/views/deltas';
import { VIEWS } from '@tributary/views/registry';
import { expect, test } from 'vitest';
import { createSpeedWorker } from '../../services/speed/src/pipeline.ts';
import { recallingLog } from '../../services/speed/src/read/recall.ts';

const DEFINITIONS = definitionsOf(SMALL_DEFINITIONS);
const NOW = LOG_BEGINS_MS;
const eventAt = (minute: number, type: string, id: string, more: Partial<Event> = {}): Event => {
  const ts = NOW + minute * MINUTE_MS;
  return { ts, type, id, userId: 'ana', receivedAt: ts, source: 'test', ...more };
};
const FIRST = eventAt(-10, 'scroll', 'first', { userId: 'ben' });
const KEPT = eventAt(0, 'click', 'kept', { channel: 'search' });
const LOST = eventAt(10, 'click', 'lost', { channel: 'tv' });
/** Its own time is known: it lies after all that is lost. */
const AFTER = eventAt(20, 'scroll', 'after', { ts: NOW + 26 * MINUTE_MS });
const BUY = (minute: number, id: string) => eventAt(minute, 'buy', id, { value: 100, currency: 'EUR' });

/** One partition, up to where its worker has read over the loss of `LOST`. */
async function readOver({ failing = false, restarted = false } = {}) {
  let minutes = 0;
  const log = createMemoryLog({ partitions: 1, now: () => NOW + minutes * MINUTE_MS });
  const store = createMemoryStore({ partitions: 1 });
  const holes: string[] = [];
  let failures = 0;
  const speed: SpeedStore = {
    ...store.speed(),
    commit(commit) {
      if (!failing || holes.length === 0 || failures++ > 0) return store.speed().commit(commit);
      return Promise.reject(new Error('the store is away'));
    },
  };
  let commits = 0;
  const newWorker = () =>
    createSpeedWorker({
      log: recallingLog(
        log,
        { upTo: async () => null, after: async () => null },
        {
          now: () => minutes * MINUTE_MS,
          onHole: (_partition, position) => holes.push(position),
        },
      ),
      store: speed,
      definitions: DEFINITIONS,
      partitions: [0],
      sha256Hex,
      digestOf: sha256Hex,
      commitId: () => `${++commits}`,
      limits: { maxEntries: 3, waitMs: 0 },
    });
  let worker = newWorker();
  async function drain() {
    for (let idle = 0; idle < 4; ) idle = (await worker.runOnce()) === 0 ? idle + 1 : 0;
    await worker.settle();
  }
  const bases = new Map<number, RowsByView>([[0, new Map()]]);
  const r = {
    holes,
    async send(event: Event) {
      minutes = (event.receivedAt - NOW) / MINUTE_MS;
      await log.append(0, { kind: 'events', body: encodeEvent(event) });
      await drain();
    },
    /** A generation that has all of `events`. */
    async cut(generation: number, events: readonly Event[]) {
      await log.append(0, { kind: 'barrier', body: JSON.stringify({ generation, definitions: DEFINITIONS.json }) });
      await drain();
      bases.set(generation, naive(events, DEFINITIONS));
    },
    async read(generation: number, events: readonly Event[]) {
      const [deltas] = await store.serving().deltas(
        VIEWS.map(({ name }) => name),
        generation,
      );
      const rows: RowsByView = new Map();
      addRowsByView(rows, bases.get(generation) as RowsByView);
      addRowsByView(rows, deltas?.rows ?? new Map());
      return { overflowed: deltas?.overflowed ?? 0, wrong: differences(rows, naive(events, DEFINITIONS)).length };
    },
  };
  await r.send(FIRST);
  const stored = store.snapshot(0);
  await r.send(KEPT);
  const { entries } = log.disk.partitions[0] as { entries: LogEntry[] };
  const copy = [...entries];
  await r.send(LOST);
  Object.assign(log.disk.partitions[0] as object, { entries: copy });
  store.restore(0, stored);
  await r.send(AFTER);
  expect(await r.read(0, [FIRST])).toEqual({ overflowed: 0, wrong: 0 });
  minutes += 2;
  await drain();
  if (restarted) worker = newWorker();
  return r;
}

test.each([
  { name: 'and goes on', options: {} },
  { name: 'and is restarted', options: { restarted: true } },
  { name: 'while its commit fails', options: { failing: true } },
])(
  'law 7: what a worker reads over, $name, is reported until a generation has it, and later whatever looks back at it',
  async ({ options }) => {
    const r = await readOver(options);
    expect(r.holes).toHaveLength(1);
    const known = [FIRST, KEPT, LOST, AFTER];
    const before = await r.read(0, known);
    expect(before.wrong, 'the test loses something').toBeGreaterThan(0);
    expect(before.overflowed).toBe(1);
    await r.cut(1, known);
    expect(await r.read(1, known)).toEqual({ overflowed: 0, wrong: 0 });
    await r.send({ ...LOST, receivedAt: NOW + 25 * MINUTE_MS });
    const resent = await r.read(1, known);
    expect(resent.wrong, 'counted once').toBe(0);
    expect(resent.overflowed, 'it may be a new event').toBe(1);
    await r.cut(2, known);
    const [bought, later] = [BUY(30, 'p'), BUY(60 * 24 * 9, 'q')];
    await r.send(bought);
    const looksBack = await r.read(2, [...known, bought]);
    expect(looksBack.wrong, 'its credit belongs to what was lost').toBeGreaterThan(0);
    expect(looksBack.overflowed).toBe(1);
    await r.cut(3, [...known, bought]);
    await r.send(later);
    expect(await r.read(3, [...known, bought, later]), 'nothing looks back for so long').toEqual({ overflowed: 0, wrong: 0 });
  },
);
