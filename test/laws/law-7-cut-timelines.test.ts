import type { LogEntry } from '@tributary/log/port';
import { type Event, encodeEvent } from '@tributary/model/event';
import { HOUR_MS } from '@tributary/model/time';
import { arbitraryLog } from '@tributary/testkit/inputs/arbitrary-log';
import { LOG_BEGINS_MS } from '@tributary/testkit/inputs/generate';
import { definitionsOf, generateDefinitions, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { createRandom } from '@tributary/testkit/inputs/random';
import { createMemoryDisk, createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { createMemoryStore } from '@tributary/testkit/memory/memory-store';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { createLedger } from '@tributary/testkit/simulation/ledger';
import { addRowsByView, type RowsByView } from '@tributary/views/deltas';
import { VIEWS } from '@tributary/views/registry';
import { step, stepRules } from '@tributary/views/step';
import { emptyUser } from '@tributary/views/user-state';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { WorkerLimits } from '../../services/speed/src/pipeline.ts';
import { PARTS_UNDER_TEST } from './parts-under-test.ts';

const definitions = definitionsOf(SMALL_DEFINITIONS);
const KEPT_FOR_HOURS = definitionsOf({ ...SMALL_DEFINITIONS, signalRetention: { days: 1 / 24, perUser: 20 } });
const VIEW_NAMES = VIEWS.map(({ name }) => name);

/** One partition, its worker and the oracle; generations are computed by the oracle, as the batch would. */
function rig(initial = definitions, limits: Partial<WorkerLimits> = {}, now?: () => number) {
  const log = createMemoryLog({ partitions: 1, disk: createMemoryDisk(), ...(now && { now }) });
  const store = createMemoryStore({ partitions: 1 });
  const ledger = createLedger(initial, PARTS_UNDER_TEST.parse);
  const bases = new Map<number, RowsByView>([[0, naive([], initial)]]);
  let [commits, noted, inForce] = [0, 0, initial];
  const newWorker = () =>
    PARTS_UNDER_TEST.createWorker({
      log,
      store: store.speed(),
      definitions: initial,
      partitions: [0],
      commitId: () => `${++commits}`,
      limits: { maxEntries: 3, waitMs: 0, maxCachedEvents: 1_000, trimRecordLength: 100_000, ...limits },
      onReset: (_partition, why) => {
        throw new Error(`the partition was loaded again: ${why}`);
      },
    });
  let worker = newWorker();
  const r = {
    restart() {
      worker = newWorker();
    },
    async drain() {
      const [end] = await log.ends();
      // A turn that ends at a barrier may have taken no event.
      do {
        while ((await worker.runOnce()) > 0);
        await worker.settle();
      } while ((await store.speed().loadState(0))?.position !== end && end !== null);
    },
    async append(...events: Event[]) {
      await log.append(0, { kind: 'events', body: events.map(encodeEvent).join('\n') });
    },
    async send(...events: Event[]) {
      await r.append(...events);
      await r.drain();
    },
    /** `together`: the worker reads it with what comes next. */
    async cut(generation: number, to = inForce, together = false) {
      inForce = to;
      await log.append(0, { kind: 'barrier', body: JSON.stringify({ generation, definitions: to.json }) });
      if (!together) await r.drain();
      bases.set(generation, naive(ledgerNow().arrivals.map(({ event }) => event), to)); // biome-ignore format: one thought
    },
    /** What an answer on top of the generation says, and how it differs from the oracle. */
    async read(generation: number) {
      const [deltas] = await store.serving().deltas(VIEW_NAMES, generation);
      const rows: RowsByView = new Map();
      addRowsByView(rows, bases.get(generation) as RowsByView);
      addRowsByView(rows, deltas?.rows ?? new Map());
      const expected = ledgerNow().expected(generation, deltas?.state?.position ?? null);
      return { overflowed: deltas?.overflowed ?? 0, wrong: differences(rows, expected.rows) };
    },
    generations: () => [...bases.keys()],
  };
  function ledgerNow() {
    const { entries } = log.disk.partitions[0] as { entries: LogEntry[] };
    ledger.note(entries.slice(noted));
    noted = entries.length;
    return ledger;
  }
  return r;
}

const NOW = LOG_BEGINS_MS + 24 * HOUR_MS;
const touch = (id: string, ageHours: number, channel = 'search'): Event => {
  return { ts: NOW - ageHours * HOUR_MS, type: 'click', id, userId: 'ana', receivedAt: NOW, source: 'test', channel };
};
const purchase = (id: string, ageHours: number): Event => {
  return { ts: NOW - ageHours * HOUR_MS, type: 'buy', id, userId: 'ana', receivedAt: NOW, source: 'test', value: 100 };
};
const FIRST = touch('first', 1.9, 'tv');
const FLOOD = Array.from({ length: 10 }, (_, i) => touch(`t${i}`, 1.5 - i / 100));
const BOUND: Partial<WorkerLimits> = { maxTimelineEvents: 10 };

describe('law 7: what looks behind the cut of a timeline is reported, in every generation to come', () => {
  test('law 7: a late event whose own rows are frozen is pending, and reports no cut', () => {
    const { latenessMs, lookbackMs } = definitions;
    const rules = stepRules(VIEWS, definitions);
    const frozenUpToMs = NOW - latenessMs - lookbackMs;
    for (const [ts, fate, overflowed] of [
      [frozenUpToMs, 'late', false],
      [NOW, 'counted', true],
    ] as const)
      expect(
        step(emptyUser(ts - lookbackMs), { ...touch('a', 0), ts }, NOW, rules, new Map()),
        `${NOW - ts} ms ago`,
      ).toMatchObject({ fate, overflowed });
  });

  test.each([false, true])(
    'law 7: a purchase a generation after its first touch was cut off (worker restarted: %s)',
    async (restarted) => {
      const r = rig(definitions, BOUND);
      await r.send(FIRST, ...FLOOD);
      expect(await r.read(0), 'cutting alone makes nothing wrong').toEqual({ overflowed: 0, wrong: [] });
      await r.cut(1);
      if (restarted) r.restart();
      await r.send(purchase('p', 0));
      expect((await r.read(1)).overflowed).toBeGreaterThan(0);
      await r.cut(2);
      expect(await r.read(2)).toEqual({ overflowed: 0, wrong: [] });
      await r.send(purchase('q', 0));
      expect((await r.read(2)).overflowed).toBeGreaterThan(0);
    },
  );

  test.each([false, true])(
    'law 3: a resend of an event that was cut off counts once (worker restarted: %s)',
    async (restarted) => {
      const r = rig(definitions, BOUND);
      await r.send(FIRST, ...FLOOD);
      await r.cut(1);
      if (restarted) r.restart();
      await r.send(FIRST);
      const { overflowed, wrong } = await r.read(1);
      expect(wrong).toEqual([]);
      expect(overflowed, 'it may be a new event').toBe(1);
    },
  );

  test('law 7: a record that outgrew its bytes says so to the worker that loads it', async () => {
    const r = rig(definitions, { maxRecordLength: 1_200, trimRecordLength: 1 });
    await r.send(FIRST, ...FLOOD);
    await r.cut(1);
    r.restart();
    await r.send(purchase('p', 0));
    const { overflowed, wrong } = await r.read(1);
    expect(wrong).not.toEqual([]);
    expect(overflowed).toBe(1);
  });

  test('law 7: a conversion looks at a touch exactly one window before it', async () => {
    const r = rig(definitions, { maxTimelineEvents: 2 });
    await r.send(touch('a', 1.5), touch('b', 1, 'tv'), { ...touch('c', 0.5), type: 'scroll' }); // cut up to b
    await r.cut(1);
    await r.send({ ...purchase('p', -5), receivedAt: NOW + 5 * HOUR_MS });
    const { overflowed, wrong } = await r.read(1);
    expect(wrong).not.toEqual([]);
    expect(overflowed).toBe(1);
  });

  test('law 7: a touch revises a null path that began behind the cut', async () => {
    const r = rig(definitions, { maxTimelineEvents: 2 });
    await r.send(touch('a', 1.9, 'tv'), touch('b', 1.8, 'tv'), touch('c', 1)); // cut up to b
    await r.cut(1);
    await r.send({ ...touch('d', -4.9), receivedAt: NOW + 5 * HOUR_MS }); // looks itself at c and what comes after
    const { overflowed, wrong } = await r.read(1);
    expect(wrong).not.toEqual([]);
    expect(overflowed).toBe(1);
  });

  test('law 7: definitions with a longer lookback report what their records no longer hold', async () => {
    const long = definitionsOf({
      ...SMALL_DEFINITIONS,
      touches: { ...SMALL_DEFINITIONS.touches, click: { windowDays: 2, defaultChannel: 'direct' } },
    });
    const r = rig(KEPT_FOR_HOURS, { trimRecordLength: 1, maxCachedEvents: 1 });
    const scroll = (i: number): Event => ({ ...touch(`s${i}`, -20), type: 'scroll', receivedAt: NOW + 20 * HOUR_MS });
    await r.send(FIRST);
    await r.send(...Array.from({ length: 21 }, (_, i) => scroll(i))); // the first touch is past every retention, and trimmed
    await r.cut(1, long);
    await r.send({ ...purchase('p', -20), receivedAt: NOW + 20 * HOUR_MS });
    const { overflowed, wrong } = await r.read(1);
    expect(wrong).not.toEqual([]);
    expect(overflowed).toBe(1);
    await r.send({ ...touch('far', -20 - 60), receivedAt: NOW + 80 * HOUR_MS });
    await r.cut(2);
    await r.send({ ...purchase('q', -20 - 70), receivedAt: NOW + 90 * HOUR_MS });
    expect(await r.read(2), 'the cut is behind what can be looked at').toEqual({ overflowed: 0, wrong: [] });
  });

  test.each([false, true])(
    'law 7: what was dropped while the clock of the log was ahead is reported once log time came back (worker restarted: %s)',
    async (restarted) => {
      const rules = definitionsOf({
        ...SMALL_DEFINITIONS,
        touches: { ...SMALL_DEFINITIONS.touches, click: { windowDays: 2, defaultChannel: 'direct' } },
        signalRetention: { days: 1 / 24, perUser: 20 },
      });
      let hours = 0;
      const r = rig(rules, { trimRecordLength: 1, maxCachedEvents: 1 }, () => NOW + hours * HOUR_MS);
      const at = (event: Event): Event => ({ ...event, ts: NOW + hours * HOUR_MS, receivedAt: NOW + hours * HOUR_MS });
      await r.send(FIRST);
      hours = 100; // records are kept for 98 hours
      await r.send(...Array.from({ length: 21 }, (_, i) => at({ ...touch(`s${i}`, 0), type: 'scroll' })));
      hours = 1;
      await r.send(at({ ...touch('s', 0), type: 'scroll' }), at({ ...touch('t', 0), type: 'scroll' }));
      await r.cut(1);
      if (restarted) r.restart();
      hours = 3;
      await r.send(at(purchase('p', 0)));
      const { overflowed, wrong } = await r.read(1);
      expect(wrong).not.toEqual([]);
      expect(overflowed).toBe(1);
      hours = 101;
      await r.cut(2);
      await r.send(at(purchase('q', 0)));
      expect(await r.read(2), 'the cut is behind what can be looked at').toEqual({ overflowed: 0, wrong: [] });
    },
  );

  test('law 7: any walk of the clock of the log: what is not reported is exact', async () => {
    const seen = { exact: 0, reported: 0, wrongAndReported: 0 };
    const move = fc.record({
      hours: fc.constantFrom(0, 0, 0, 0, 1, 1, 1, 3, 3, 30, 50, -30, -50),
      ageHours: fc.constantFrom(0, 0, 0.5, 1.5, 5),
      what: fc.constantFrom('click', 'click', 'click', 'buy', 'buy', 'scroll', 'cut', 'cut', 'restart'),
      together: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(move, { minLength: 10, maxLength: 30 }), async (moves) => {
        let nowMs = NOW;
        let generation = 0;
        const r = rig(KEPT_FOR_HOURS, { trimRecordLength: 1, maxCachedEvents: 1_000 }, () => nowMs);
        for (const [i, { hours, ageHours, what, together }] of moves.entries()) {
          nowMs += hours * HOUR_MS;
          if (what === 'restart') r.restart();
          else if (what === 'cut') await r.cut(++generation);
          else {
            const event: Event = { ...touch(`e${i}`, 0), type: what, ts: nowMs - ageHours * HOUR_MS, receivedAt: nowMs };
            if (together) await r.append(event);
            else await r.send(event);
          }
          if (together) continue;
          await r.drain();
          for (const g of r.generations()) {
            const { overflowed, wrong } = await r.read(g);
            if (overflowed === 0) expect(wrong, `generation ${g} after move ${i}`).toEqual([]);
            seen[overflowed === 0 ? 'exact' : wrong.length > 0 ? 'wrongAndReported' : 'reported']++;
          }
        }
      }),
      { numRuns: 100 },
    );
    expect(Math.min(seen.exact, seen.wrongAndReported), JSON.stringify(seen)).toBeGreaterThan(10);
  });

  test('law 7: definitions that change how long records are kept, in any order: what is not reported is exact', async () => {
    const click = (windowHours: number) => ({
      ...SMALL_DEFINITIONS.touches,
      click: { windowDays: windowHours / 24, defaultChannel: 'direct' },
    });
    const choices = [
      { touches: click(2), signalRetention: { days: 1 / 24, perUser: 20 } },
      { touches: click(2), signalRetention: { days: 4, perUser: 20 } },
      { touches: click(30), signalRetention: { days: 1 / 24, perUser: 20 } },
      { touches: click(2), signalRetention: { days: 1 / 24, perUser: 20 }, latenessDays: 2 },
    ].map((choice) => definitionsOf({ ...SMALL_DEFINITIONS, ...choice }));
    const orders = choices.flatMap((a) =>
      choices.flatMap((b) => choices.flatMap((c) => choices.map((d) => [a, b, c, d] as const))),
    );
    const seen = { exact: 0, reported: 0, wrongAndReported: 0 };
    for (const [i, [first, ...others]] of orders.entries()) {
      const r = rig(first, { trimRecordLength: 1, maxCachedEvents: i % 3 === 0 ? 1 : 1_000 });
      // The newest 20 signals stay whatever their age: a flood takes their places.
      const flood = (id: number): Event[] =>
        Array.from({ length: 21 }, (_, n) => ({ ...touch(`${id}s${n}`, -20), type: 'scroll', receivedAt: NOW + 20 * HOUR_MS }));
      await r.send(FIRST);
      await r.send(...flood(0));
      for (const [at, to] of others.entries()) {
        // Some of them one right behind the other, in one read.
        await r.cut(at + 1, to, i % 2 === 0);
        if (i % 5 === at) r.restart();
        if (i % 7 === at) await r.append(...flood(at + 1));
      }
      await r.drain();
      await r.send({ ...purchase('p', -20), receivedAt: NOW + 20 * HOUR_MS });
      const { overflowed, wrong } = await r.read(others.length);
      if (overflowed === 0) expect(wrong, `order ${i}`).toEqual([]);
      seen[overflowed === 0 ? 'exact' : wrong.length > 0 ? 'wrongAndReported' : 'reported']++;
    }
    expect(Math.min(seen.exact, seen.wrongAndReported), JSON.stringify(seen)).toBeGreaterThan(10);
  });

  test('law 7: any log, bound, cuts, definitions and restarts: what is not reported is exact', async () => {
    const seen = { exact: 0, reported: 0, wrongAndReported: 0 };
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(arbitraryLog({ inTime: true, duplicates: false }), arbitraryLog({ inTime: false, maxEvents: 40 })),
        fc.array(fc.record({ at: fc.nat(40), what: fc.constantFrom('cut', 'change', 'restart') }), { maxLength: 6 }),
        fc.record({
          maxTimelineEvents: fc.constantFrom(2, 4, 7, 1_000),
          maxCachedEvents: fc.constantFrom(1, 1_000),
          trimRecordLength: fc.constantFrom(1, 100_000),
        }),
        fc.nat(),
        async (events, changes, limits, seed) => {
          const random = createRandom(seed);
          const r = rig(generateDefinitions(random), limits);
          let generation = 0;
          for (const [i, event] of events.entries()) {
            for (const { what } of changes.filter(({ at }) => at === i)) {
              if (what === 'restart') r.restart();
              else if (what === 'cut') await r.cut(++generation);
              else await r.cut(++generation, generateDefinitions(random));
            }
            await r.send({ ...event, userId: i % 5 === 0 ? 'bob' : 'ana' });
            for (const g of r.generations()) {
              const { overflowed, wrong } = await r.read(g);
              if (overflowed === 0) expect(wrong, `generation ${g} after event ${i}`).toEqual([]);
              seen[overflowed === 0 ? 'exact' : wrong.length > 0 ? 'wrongAndReported' : 'reported']++;
            }
          }
        },
      ),
      { numRuns: 150 },
    );
    expect(Math.min(seen.exact, seen.wrongAndReported), JSON.stringify(seen)).toBeGreaterThan(10);
  });
});
