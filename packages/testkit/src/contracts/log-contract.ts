/** The contract of EventLog: its eight invariants as tests that every adapter runs unchanged. */
import { getEventListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventLog, LogEntry, LogRecord, Position } from '@tributary/log/port';
import { afterEach, describe, expect, it } from 'vitest';
import { startStopwatch } from '../stopwatch.ts';
import { describePlaces } from './line-places-contract.ts';
import { expectIncreasing, readAll } from './log-reading.ts';

export interface LogFixture {
  readonly log: EventLog;
  /** Another handle on the same log, as another process would have. */
  reopen(partitions?: number): Promise<EventLog>;
  /** Destroys the log and creates an empty one in its place. */
  recreate(): Promise<void>;
  /** Closes every handle and removes the log. */
  close(): Promise<void>;
}

export const CONTRACT_PARTITIONS = 4;

const events = (body: string): LogRecord => ({ kind: 'events', body });
const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `entry ${i}`);
const bodies = (entries: readonly LogEntry[]): string[] => entries.map(({ body }) => body);
const after = (position: Position | null, partition = 0): Map<number, Position | null> => new Map([[partition, position]]);
const NOW = { maxEntries: 100_000, waitMs: 0 };
/** Within this, ms, an abort ends a waiting read; twice it for a busy machine. */
const ABORT_MS = 100;

export function describeLogContract(name: string, makeLog: (partitions: number) => Promise<LogFixture>): void {
  describe(`contract of the log: ${name}`, () => {
    let opened: LogFixture[] = [];
    afterEach(async () => {
      for (const fixture of opened) await fixture.close();
      opened = [];
    });
    const open = async (): Promise<LogFixture> => {
      const fixture = await makeLog(CONTRACT_PARTITIONS);
      opened.push(fixture);
      return fixture;
    };

    describe('invariant 1: acknowledged is durable', () => {
      it('another handle reads what one handle appended', async () => {
        const { log, reopen } = await open();
        const startedMs = Date.now();
        const position = await log.append(2, events('a fact'));
        const other = await reopen();
        const read = await other.read(after(null, 2), NOW);
        expect(read).toMatchObject([{ partition: 2, position, kind: 'events', body: 'a fact' }]);
        // The log's own clock, to the second: the broker may be another machine.
        expect(read[0]?.appendedMs).toBeGreaterThan(startedMs - 1_000);
      });
    });

    describe('invariant 2: positions increase, reads are in order and without a gap', () => {
      it.each([1, 2, 7, 1_000])('%d entries at a time give the same answer', async (maxEntries) => {
        const { log } = await open();
        const wanted = numbered(50);
        for (const body of wanted) await log.append(1, events(body));
        const entries = await readAll(log, after(null, 1), maxEntries);
        expect(bodies(entries)).toEqual(wanted);
        expectIncreasing(entries.map(({ position }) => position));
      });

      it('reading resumes at any position', async () => {
        const { log } = await open();
        const wanted = numbered(20);
        const positions: Position[] = [];
        for (const body of wanted) positions.push(await log.append(0, events(body)));
        for (const [i, position] of positions.entries())
          expect(bodies(await log.read(after(position), NOW))).toEqual(wanted.slice(i + 1));
      });

      it('maxEntries bounds each partition, and partitions not named are not read', async () => {
        const { log } = await open();
        for (const partition of [0, 1, 2]) for (const body of numbered(5)) await log.append(partition, events(body));
        const entries = await log.read(new Map([...after(null, 0), ...after(null, 2)]), { maxEntries: 3, waitMs: 0 });
        expect(bodies(entries.filter(({ partition }) => partition === 0))).toEqual(numbered(3));
        expect(bodies(entries.filter(({ partition }) => partition === 2))).toEqual(numbered(3));
        expect(entries).toHaveLength(6);
      });

      it.each([
        ['what several entries weigh', 8 * 65_536, 8],
        ['less than one entry weighs', 1, 2],
      ])('maxBytes bounds a read over all partitions, at %s: each gives one entry at least', async (_, maxBytes, atMost) => {
        const { log } = await open();
        const wanted = numbered(20).map((body) => body.padEnd(65_536, '.'));
        // At once: an adapter may write several entries as one.
        await Promise.all([0, 2].flatMap((partition) => wanted.map((body) => log.append(partition, events(body)))));
        const positions = new Map([...after(null, 0), ...after(null, 2)]);
        const seen: LogEntry[] = [];
        while (seen.length < 2 * wanted.length) {
          const entries = await log.read(positions, { maxEntries: 1_000, maxBytes, waitMs: 0 });
          expect(entries.length).toBeGreaterThan(0);
          expect(entries.length).toBeLessThanOrEqual(atMost);
          for (const { partition, position } of entries) positions.set(partition, position);
          seen.push(...entries);
        }
        for (const one of [0, 2]) expect(bodies(seen.filter(({ partition }) => partition === one))).toEqual(wanted);
      });

      it.each([0, -1, 1.5, Number.NaN])('maxEntries %d is refused: it never means "all"', async (maxEntries) => {
        const { log } = await open();
        await log.append(0, events('a'));
        await expect(log.read(after(null), { maxEntries, waitMs: 0 })).rejects.toThrow(RangeError);
        expect(bodies(await log.read(after(null), { maxEntries: 1, waitMs: 0.4 }))).toEqual(['a']);
      });

      it('a reader that follows writers under way sees every entry once, in order', async () => {
        const { log, reopen } = await open();
        const reader = await reopen();
        const count = 400;
        const writing = Promise.all(numbered(count).map((body) => log.append(3, events(body))));
        const seen: LogEntry[] = [];
        while (seen.length < count) {
          const more = await reader.read(after(seen.at(-1)?.position ?? null, 3), { maxEntries: 17, waitMs: 1_000 });
          expect(more.length).toBeGreaterThan(0);
          seen.push(...more);
        }
        const positions = await writing;
        expect(seen.map(({ position }) => position)).toEqual([...positions].sort());
        expectIncreasing(seen.map(({ position }) => position));
      });

      it('two readers of one handle do not hold each other up', async () => {
        const { log } = await open();
        const abort = new AbortController();
        const waiting = log.read(after(null, 0), { maxEntries: 10, waitMs: 5_000, signal: abort.signal });
        await log.append(1, events('here'));
        const watch = startStopwatch();
        expect(bodies(await log.read(after(null, 1), { maxEntries: 10, waitMs: 5_000 }))).toEqual(['here']);
        expect(watch.stop()).toBeLessThan(1_000);
        abort.abort();
        expect(await waiting).toEqual([]);
      });
    });

    describe('invariant 3: positions compare as strings', () => {
      it('over thousands of entries, and across a reopening', async () => {
        const { log, reopen } = await open();
        const first = await Promise.all(numbered(3_000).map((body) => log.append(0, events(body))));
        const again = await (await reopen()).append(0, events('later'));
        expectIncreasing([...first, again]);
      });

      it('ends() gives the newest position of each partition, trimmed or not, and null where there never was one', async () => {
        const { log } = await open();
        expect(await log.ends()).toEqual([null, null, null, null]);
        await log.append(1, events('a'));
        const end = await log.append(1, events('b'));
        const other = await log.append(3, events('c'));
        expect(await log.ends()).toEqual([null, end, null, other]);
        await log.trim(3, other);
        expect(await log.ends()).toEqual([null, end, null, other]);
      });

      it('starts() gives the newest position that was dropped, and null where the log still has its beginning', async () => {
        const { log, reopen } = await open();
        const dropped = await log.append(1, events('a'));
        await log.append(1, events('b'));
        await log.append(2, events('c'));
        expect(await log.starts()).toEqual([null, null, null, null]);
        await log.trim(1, dropped);
        for (const handle of [log, await reopen()]) expect(await handle.starts()).toEqual([null, dropped, null, null]);
      });
    });

    describe('ageAfter: how long the first entry after a position has waited', () => {
      it('from its append on, whatever was appended after it; nothing where nothing comes after', async () => {
        const { log, reopen } = await open();
        expect(await log.ageAfter(new Map([...after(null, 0), ...after(null, 1)]))).toEqual(new Map());
        const beforeMs = performance.now();
        const first = await log.append(0, events('first'));
        await sleep(300);
        const second = await log.append(0, events('second'));
        const last = await log.append(1, events('last'));
        for (const handle of [log, await reopen()]) {
          const askedMs = performance.now();
          const ages = await handle.ageAfter(new Map([...after(null, 0), ...after(last, 1)]));
          expect([...ages.keys()]).toEqual([0]);
          expect(ages.get(0)).toBeGreaterThanOrEqual(290);
          expect(ages.get(0)).toBeLessThan(performance.now() - beforeMs + 50);
          const later = await handle.ageAfter(after(first, 0));
          expect(later.get(0)).toBeLessThan((ages.get(0) as number) - 200 + performance.now() - askedMs);
          expect(await handle.ageAfter(after(second, 0))).toEqual(new Map());
        }
        expect(await log.ageAfter(new Map())).toEqual(new Map());
      });

      it('after a trim the oldest retained entry is the first', async () => {
        const { log } = await open();
        const dropped = await log.append(0, events('dropped'));
        await sleep(300);
        const beforeMs = performance.now();
        const kept = await log.append(0, events('kept'));
        await log.trim(0, dropped);
        expect((await log.ageAfter(after(null, 0))).get(0)).toBeLessThan(performance.now() - beforeMs + 50);
        await log.trim(0, kept);
        expect(await log.ageAfter(after(null, 0))).toEqual(new Map());
      });
    });

    describe('invariant 4: what one appender had acknowledged in order stays in order', () => {
      it('appends one after the other', async () => {
        const { log } = await open();
        const positions: Position[] = [];
        for (const body of numbered(100)) positions.push(await log.append(0, events(body)));
        expectIncreasing(positions);
      });

      it('appends under way together keep the order of the calls in each partition', async () => {
        const { log } = await open();
        const wanted = numbered(1_000);
        const positions = await Promise.all(wanted.map((body, i) => log.append(i % 2, events(body))));
        for (const partition of [0, 1]) {
          expectIncreasing(positions.filter((_, i) => i % 2 === partition));
          expect(bodies(await log.read(after(null, partition), NOW))).toEqual(wanted.filter((_, i) => i % 2 === partition));
        }
      });

      it('two appenders interleave, each in its own order', async () => {
        const { log, reopen } = await open();
        const other = await reopen();
        await Promise.all(
          numbered(200).flatMap((body) => [log.append(0, events(`a ${body}`)), other.append(0, events(`b ${body}`))]),
        );
        const read = bodies(await log.read(after(null), NOW));
        expect(read).toHaveLength(400);
        for (const who of ['a', 'b'])
          expect(read.filter((body) => body.startsWith(who))).toEqual(numbered(200).map((body) => `${who} ${body}`));
      });
    });

    describe('invariant 5: the number of partitions is fixed', () => {
      it.each([1, 3, 5, 16])('opening with %d instead of 4 is partition_mismatch', async (partitions) => {
        const { reopen } = await open();
        await expect(reopen(partitions)).rejects.toMatchObject({ code: 'partition_mismatch' });
      });

      it.each([-1, 4, 1.5])('partition %d is refused by every operation', async (partition) => {
        const { log } = await open();
        await expect(log.append(partition, events('x'))).rejects.toThrow(RangeError);
        await expect(log.read(after(null, partition), NOW)).rejects.toThrow(RangeError);
        const position = await log.append(0, events('y'));
        await expect(log.trim(partition, position)).rejects.toThrow(RangeError);
        await expect(log.ageAfter(after(null, partition))).rejects.toThrow(RangeError);
      });
    });

    describe('invariant 6: identity names this very log', () => {
      it('every handle of one log has the same, another log another one', async () => {
        const { log, reopen } = await open();
        const second = await open();
        expect((await reopen()).identity).toBe(log.identity);
        expect(second.log.identity).not.toBe(log.identity);
        expect(log.partitions).toBe(CONTRACT_PARTITIONS);
      });

      it('a log recreated behind a handle is log_recreated for every operation', async () => {
        const { log, reopen, recreate } = await open();
        const position = await log.append(0, events('old'));
        await recreate();
        const fresh = await reopen();
        expect(fresh.identity).not.toBe(log.identity);
        await fresh.append(0, events('new'));
        await expect(log.read(after(position), NOW)).rejects.toMatchObject({ code: 'log_recreated' });
        await expect(log.read(after(null), NOW)).rejects.toMatchObject({ code: 'log_recreated' });
        await expect(log.append(1, events('lost?'))).rejects.toMatchObject({ code: 'log_recreated' });
        await expect(log.append(1, events('lost?'))).rejects.toMatchObject({ code: 'log_recreated' });
        await expect(log.trim(0, position)).rejects.toMatchObject({ code: 'log_recreated' });
        await expect(log.ends()).rejects.toMatchObject({ code: 'log_recreated' });
        await expect(log.ageAfter(after(position))).rejects.toMatchObject({ code: 'log_recreated' });
        await expect(log.starts()).rejects.toMatchObject({ code: 'log_recreated' });
      });

      it('a reader that waits while the log is recreated learns it at the end of its wait', async () => {
        const { log, reopen, recreate } = await open();
        const position = await log.append(0, events('old'));
        await log.read(after(null), NOW);
        const waiting = log.read(after(position), { maxEntries: 10, waitMs: 500 });
        const outcome = expect(waiting).rejects.toMatchObject({ code: 'log_recreated' });
        await sleep(50);
        await recreate();
        await (await reopen()).append(0, events('new'));
        await outcome;
      });
    });

    describe('invariant 7: a position past which the log was trimmed is position_expired', () => {
      it('expired before the last dropped entry, alive at it and after it', async () => {
        const { log, reopen } = await open();
        const positions: Position[] = [];
        for (const body of numbered(10)) positions.push(await log.append(0, events(body)));
        await log.trim(0, positions[4] as Position);
        for (const handle of [log, await reopen()]) {
          for (const position of positions.slice(0, 4))
            await expect(handle.read(after(position), NOW)).rejects.toMatchObject({ code: 'position_expired' });
          for (const [i, position] of positions.entries())
            if (i >= 4) expect(bodies(await handle.read(after(position), NOW))).toEqual(numbered(10).slice(i + 1));
          expect(bodies(await handle.read(after(null), NOW))).toEqual(numbered(10).slice(5));
        }
      });

      it('also when nothing is left, and in a partition read beside healthy ones', async () => {
        const { log } = await open();
        const first = await log.append(0, events('a'));
        const last = await log.append(0, events('b'));
        await log.append(1, events('c'));
        await log.trim(0, last);
        await expect(log.read(after(first), NOW)).rejects.toMatchObject({ code: 'position_expired' });
        const both = new Map([...after(null, 1), ...after(first, 0)]);
        await expect(log.read(both, NOW)).rejects.toMatchObject({ code: 'position_expired' });
        expect(bodies(await log.read(new Map([...after(null, 1), ...after(last, 0)]), NOW))).toEqual(['c']);
        const next = await log.append(0, events('d'));
        expect(next > last).toBe(true);
        expect(bodies(await log.read(after(last), NOW))).toEqual(['d']);
      });

      it('a slow reader, trimmed past between two reads of one handle, gets the error', async () => {
        const { log, reopen } = await open();
        const positions = await Promise.all(numbered(10).map((body) => log.append(0, events(body))));
        const slow = await log.read(after(null), { maxEntries: 2, waitMs: 0 });
        await (await reopen()).trim(0, positions[6] as Position);
        await expect(log.read(after(slow.at(-1)?.position ?? null), NOW)).rejects.toMatchObject({ code: 'position_expired' });
      });

      it('trimming drops only its partition, is repeatable, and never goes back', async () => {
        const { log } = await open();
        const positions = await Promise.all(numbered(2_500).map((body) => log.append(0, events(body))));
        await log.append(1, events('other'));
        await log.trim(0, positions[2_400] as Position);
        await log.trim(0, positions[2_400] as Position);
        await log.trim(0, positions[3] as Position);
        expect(bodies(await log.read(after(null), NOW))).toEqual(numbered(2_500).slice(2_401));
        expect(bodies(await log.read(after(positions[2_400] as Position), NOW))).toHaveLength(99);
        await expect(log.read(after(positions[2_399] as Position), NOW)).rejects.toMatchObject({ code: 'position_expired' });
        expect(bodies(await log.read(after(null, 1), NOW))).toEqual(['other']);
      });
    });
    describePlaces(open);

    describe('records come back as they were sent', () => {
      it('events, barriers and heartbeats', async () => {
        const { log } = await open();
        const records: LogRecord[] = [
          { kind: 'events', body: '{"ts":1}\n{"ts":2}' },
          { kind: 'barrier', body: '{"generation":1,"definitions":"{}"}' },
          { kind: 'heartbeat', body: '{"receivedAt":5}' },
        ];
        for (const record of records) await log.append(0, record);
        expect((await log.read(after(null), NOW)).map(({ kind, body }) => ({ kind, body }))).toEqual(records);
      });

      it('unicode, control characters, protocol look-alikes, and nothing at all', async () => {
        const { log } = await open();
        const texts = ['ÄÖÜ ß € 日本語 🧭👩🏽‍💻', '\u0000\u0001\r\n\t', '*3\r\n$3\r\nDEL\r\n', '"\\u2028" \u2028', '{p}:log', ''];
        for (const text of texts) await log.append(0, events(text));
        expect(bodies(await log.read(after(null), NOW))).toEqual(texts);
      });

      it('bodies of 1 MB, several at once', async () => {
        const { log } = await open();
        const large = ['a', 'é', '🧭'].map((letter) => letter.repeat(1024 * 1024).slice(0, 1024 * 1024));
        await Promise.all(large.map((body) => log.append(0, events(body))));
        const read = bodies(await log.read(after(null), NOW));
        expect(read.map((body, i) => body === large[i])).toEqual([true, true, true]);
      });
    });

    describe('waiting and ending', () => {
      it('waitMs 0 returns at once, a wait ends after waitMs, both empty', async () => {
        const { log } = await open();
        const watch = startStopwatch();
        expect(await log.read(after(null), { maxEntries: 1, waitMs: 0 })).toEqual([]);
        expect(watch.stop()).toBeLessThan(150);
        const startedMs = performance.now();
        const waited = startStopwatch();
        expect(await log.read(after(null), { maxEntries: 1, waitMs: 200 })).toEqual([]);
        expect(performance.now() - startedMs).toBeGreaterThan(190);
        expect(waited.stop()).toBeLessThan(1_350);
        expect(await log.read(new Map(), { maxEntries: 1, waitMs: 0 })).toEqual([]);
      });

      it('an append ends the wait in any named partition, and only there', async () => {
        const { log, reopen } = await open();
        const writer = await reopen();
        const waiting = log.read(new Map([...after(null, 0), ...after(null, 2)]), { maxEntries: 5, waitMs: 10_000 });
        await sleep(50);
        await writer.append(1, events('not named'));
        await writer.append(2, events('named'));
        const watch = startStopwatch();
        expect(bodies(await waiting)).toEqual(['named']);
        expect(watch.stop()).toBeLessThan(500);
      });

      it('an abort ends the wait promptly, leaves no listener, and the handle goes on', async () => {
        const { log } = await open();
        const position = await log.append(0, events('a'));
        for (let round = 0; round < 5; round += 1) {
          const abort = new AbortController();
          const waiting = log.read(after(position), { maxEntries: 1, waitMs: 20_000, signal: abort.signal });
          await sleep(20);
          const watch = startStopwatch();
          abort.abort();
          expect(await waiting).toEqual([]);
          expect(watch.stop()).toBeLessThan(2 * ABORT_MS);
          expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
          expect(await log.read(after(null), { maxEntries: 1, waitMs: 20_000, signal: abort.signal })).toEqual([]);
        }
        expect(bodies(await log.read(after(null), NOW))).toEqual(['a']);
      });

      it('reads that end by themselves leave no listener on a signal that lives long', async () => {
        const { log } = await open();
        const { signal } = new AbortController();
        await log.append(0, events('a'));
        for (let i = 0; i < 20; i += 1) await log.read(after(null), { maxEntries: 1, waitMs: 10, signal });
        for (let i = 0; i < 3; i += 1) await log.read(after(null, 1), { maxEntries: 1, waitMs: 10, signal });
        await log.read(new Map(), { maxEntries: 1, waitMs: 10, signal });
        expect(getEventListeners(signal, 'abort')).toEqual([]);
      });

      it('closing ends the waits of its handle, refuses what comes after, and spares other handles', async () => {
        const { log, reopen } = await open();
        const other = await reopen();
        const waiting = log.read(after(null), { maxEntries: 1, waitMs: 20_000 });
        await sleep(20);
        await log.close();
        expect(await waiting).toEqual([]);
        await expect(log.append(0, events('late'))).rejects.toMatchObject({ code: 'log_unavailable' });
        await expect(log.read(after(null), NOW)).rejects.toMatchObject({ code: 'log_unavailable' });
        await log.close();
        await other.append(0, events('fine'));
        expect(bodies(await other.read(after(null), NOW))).toEqual(['fine']);
      });

      it('closing waits for the appends under way', async () => {
        const { log, reopen } = await open();
        const appends = Promise.allSettled(numbered(2_500).map((body) => log.append(0, events(body))));
        await log.close();
        const acknowledged = (await appends).flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
        expect(acknowledged).toHaveLength(2_500);
        expect((await (await reopen()).read(after(null), NOW)).map(({ position }) => position)).toEqual(acknowledged);
      });
    });
  });
}
