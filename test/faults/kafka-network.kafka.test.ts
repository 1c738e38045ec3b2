/** Fault 6: a network between the log and its broker that refuses, swallows, resets and delays. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { EventLog } from '@tributary/log/port';
import { eventually, readAll } from '@tributary/testkit/contracts/log-reading';
import { missingKafka } from '@tributary/testkit/kafka/for-tests';
import { type KafkaCluster, startKafka } from '@tributary/testkit/kafka/kafka-cluster';
import { freePort } from '@tributary/testkit/servers/free-port';
import { type ProxyMode, startTcpProxy, type TcpProxy } from '@tributary/testkit/servers/tcp-proxy';
import { startStopwatch } from '@tributary/testkit/stopwatch';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  appendUntil,
  codesOf,
  expectKept,
  follow,
  fromStart,
  isAcknowledged,
  type Ledger,
  openLedger,
  openLog,
} from './kafka-rig.ts';

const PARTITIONS = 4;
const HOST = '127.0.0.1';
/** A call that gets no answer is given up within this, ms. */
const GIVEN_UP_MS = 40_000;

const missing = await missingKafka('a bad network to Kafka (test/faults/kafka-network.kafka.test.ts)', true);

describe.skipIf(missing !== null)('fault 6: a bad network to the broker', () => {
  let kafka: KafkaCluster;
  let proxy: TcpProxy;
  let log: EventLog;
  let reader: EventLog;
  let ledger: Ledger;
  let topics = 0;
  beforeAll(async () => {
    const port = await freePort();
    proxy = await startTcpProxy(port);
    kafka = await startKafka({ ports: [port], settings: { 'advertised.listeners': `PLAINTEXT://${HOST}:${proxy.port}` } });
  });
  afterAll(async () => {
    await kafka.stop();
    await proxy.stop();
  });
  beforeEach(async () => {
    const topic = `network-${++topics}`;
    log = await openLog(`${HOST}:${proxy.port}`, topic, PARTITIONS);
    reader = await openLog(`${HOST}:${proxy.port}`, topic, PARTITIONS);
    ledger = openLedger(PARTITIONS);
  });
  afterEach(async () => {
    await proxy.set({ kind: 'pass' });
    await log.close();
    await reader.close();
  });

  const recovers = () =>
    eventually(async () => {
      if (!isAcknowledged(await ledger.append(log, 0, 0))) throw new Error('still refused');
    }, GIVEN_UP_MS);

  it('law 3: a lost reply is log_unavailable in bounded time, although it was written, and nothing is sent again', async () => {
    for (let i = 0; i < 10; i++) await ledger.append(log, 0, i % PARTITIONS);
    await proxy.set({ kind: 'dropReply', afterBytes: 0 });
    const startedMs = performance.now();
    const lost = await Promise.all(Array.from({ length: 20 }, (_, i) => ledger.append(log, 0, i % PARTITIONS)));
    expect(codesOf(lost)).toEqual(['log_unavailable']);
    expect(lost.filter(isAcknowledged)).toEqual([]);
    expect(performance.now() - startedMs).toBeLessThan(GIVEN_UP_MS);
    await proxy.set({ kind: 'pass' });
    await recovers();
    const kept = await eventually(() => readAll(reader, fromStart(PARTITIONS), 1_000));
    expectKept(ledger.attempts, kept);
    const written = kept.flatMap(({ body }) => body.split('\n'));
    expect(
      lost.some(({ id }) => written.some((line) => line.includes(`"id":"${id}"`))),
      'it was written',
    ).toBe(true);
  });

  const storms: readonly (readonly [string, ProxyMode])[] = [
    ['refused', { kind: 'refuse' }],
    ['swallowed', { kind: 'blackHole' }],
    ['reset at once', { kind: 'resetReply', afterBytes: 0 }],
    ['reset in the middle of a reply', { kind: 'resetReply', afterBytes: 70 }],
    ['reset after some replies', { kind: 'resetReply', afterBytes: 3_000 }],
    ['late by 100 ms', { kind: 'delay', delayMs: 100 }],
  ];
  it.each(storms)(
    'law 6: under load, connections are %s now and then; appends and reads go on',
    async (_, mode) => {
      const [writing, reading] = [new AbortController(), new AbortController()];
      const working = appendUntil(ledger, log, 0, { inFlight: 16, signal: writing.signal });
      const following = follow(reader, reading.signal);
      following.catch(() => {});
      for (let strike = 0; strike < 4; strike++) {
        const before = ledger.attempts.filter(isAcknowledged).length;
        await expect
          .poll(() => ledger.attempts.filter(isAcknowledged).length, { timeout: GIVEN_UP_MS })
          .toBeGreaterThan(before + 100);
        await proxy.set(mode);
        await sleep(500);
        await proxy.set({ kind: 'pass' });
      }
      await recovers();
      writing.abort();
      await working;
      reading.abort();
      expect(codesOf(ledger.attempts).filter((code) => code !== 'log_unavailable' && code !== 'overloaded')).toEqual([]);
      expectKept(ledger.attempts, (await following).entries);
      expectKept(ledger.attempts, await eventually(() => readAll(reader, fromStart(PARTITIONS), 1_000)));
    },
    180_000,
  );

  it('a read waits no longer than waitMs and is aborted at once, also where no byte comes back', async () => {
    await ledger.append(log, 0, 0);
    await readAll(reader, fromStart(PARTITIONS), 100);
    await proxy.set({ kind: 'blackHole' });
    const abort = new AbortController();
    const waiting = reader
      .read(fromStart(PARTITIONS), { maxEntries: 10, waitMs: 30_000, signal: abort.signal })
      .catch((error: { code?: string }) => error.code);
    await sleep(300);
    const [startedMs, watch] = [performance.now(), startStopwatch()];
    abort.abort();
    expect([[], 'log_unavailable']).toContainEqual(await waiting);
    expect(watch.stop()).toBeLessThan(1_000);
    const silent = reader.read(fromStart(PARTITIONS), { maxEntries: 10, waitMs: 200 });
    await expect(silent).rejects.toMatchObject({ code: 'log_unavailable' });
    expect(performance.now() - startedMs).toBeLessThan(GIVEN_UP_MS);
  });
});
