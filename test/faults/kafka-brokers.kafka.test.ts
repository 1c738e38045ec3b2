/** Faults 5 and 7 with real brokers: killed, paused, and a leader that moves while it is written to. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventLog } from '@tributary/log/port';
import { eventually, readAll } from '@tributary/testkit/contracts/log-reading';
import { missingKafka } from '@tributary/testkit/kafka/for-tests';
import { type Broker, type KafkaCluster, startKafka } from '@tributary/testkit/kafka/kafka-cluster';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  appendUntil,
  codesOf,
  expectKept,
  expectPositionsExact,
  follow,
  fromStart,
  isAcknowledged,
  leaderOf,
  openLedger,
  openLog,
} from './kafka-rig.ts';

const PARTITIONS = 4;
/** When a broker that is silent loses its partitions, ms; Kafka's default is 9 s. */
const SESSION_MS = 3_000;
const SETTINGS = {
  'broker.session.timeout.ms': String(SESSION_MS),
  'broker.heartbeat.interval.ms': '500',
  'replica.lag.time.max.ms': '3000',
};
const MB = 1024 * 1024;

const missing = await missingKafka('faults of brokers (test/faults/kafka-brokers.kafka.test.ts)', true);
const opened: EventLog[] = [];
let topics = 0;

async function open(bootstrap: string, topic: string): Promise<EventLog> {
  const log = await openLog(bootstrap, topic, PARTITIONS);
  opened.push(log);
  return log;
}

afterEach(async () => {
  for (const log of opened.splice(0)) await log.close();
});

describe.skipIf(missing !== null)('three brokers', () => {
  let kafka: KafkaCluster;
  beforeAll(async () => {
    kafka = await startKafka({ brokers: 3, settings: SETTINGS });
  });
  afterAll(() => kafka.stop());
  afterEach(async () => {
    for (const broker of kafka.brokers) {
      broker.resume();
      if (broker.pid === null) await broker.start();
    }
  });

  /** Two appenders and a reader work; `strike` happens to the leader of partition 0; then they go on, and the books are checked. */
  async function underLoad(strike: (leader: Broker, moved: () => Promise<void>) => Promise<void>): Promise<void> {
    const topic = `faults-${++topics}`;
    const logs = [await open(kafka.bootstrap, topic), await open(kafka.bootstrap, topic)];
    const reader = await open(kafka.bootstrap, topic);
    const ledger = openLedger(PARTITIONS);
    const [writing, reading] = [new AbortController(), new AbortController()];
    const working = Promise.all(
      logs.map((log, appender) => appendUntil(ledger, log, appender, { inFlight: 8, signal: writing.signal })),
    );
    const following = follow(reader, reading.signal);
    following.catch(() => {});
    try {
      await expect.poll(() => ledger.attempts.filter(isAcknowledged).length).toBeGreaterThan(200);
      const before = await leaderOf(kafka.bootstrap, topic, 0);
      const leader = kafka.brokers.find(({ id }) => id === before) as Broker;
      /** Another one leads, and both appenders have found it. */
      const moved = async () => {
        await eventually(async () => {
          const now = await leaderOf(others(leader), topic, 0);
          if (now === null || now === before) throw new Error(`partition 0 is still led by ${now}`);
        }, 30_000);
        const since = ledger.attempts.length;
        const found = () => ledger.attempts.slice(since).filter((one) => one.partition === 0 && isAcknowledged(one));
        await expect.poll(() => new Set(found().map(({ appender }) => appender)).size).toBe(logs.length);
      };
      await strike(leader, moved);
      const struck = ledger.attempts.length;
      const later = () => ledger.attempts.slice(struck).filter(isAcknowledged);
      await expect
        .poll(() => new Set(later().map(({ appender, partition }) => `${appender} ${partition}`)).size, { timeout: 40_000 })
        .toBe(logs.length * PARTITIONS);
    } finally {
      writing.abort();
      await working;
      reading.abort();
    }
    const kept = await readAll(await open(kafka.bootstrap, topic), fromStart(PARTITIONS), 1_000);
    expect(codesOf(ledger.attempts).filter((code) => code !== 'log_unavailable' && code !== 'overloaded')).toEqual([]);
    expectKept(ledger.attempts, kept);
    expectKept(ledger.attempts, (await following).entries);
    const acknowledged = ledger.attempts.filter(isAcknowledged);
    await expectPositionsExact(
      reader,
      acknowledged.filter((_, i) => i % Math.ceil(acknowledged.length / 40) === 0),
      kept,
    );
  }

  function others(than: Broker): string {
    return kafka.brokers.flatMap(({ id, port }) => (id === than.id ? [] : [`127.0.0.1:${port}`])).join(',');
  }

  it('fault 7, law 6: the leader is killed while it is written to; what was acknowledged is kept, once, in order', async () => {
    await underLoad(async (leader, moved) => {
      await leader.kill();
      await moved();
      await leader.start();
    });
  });

  it('fault 7: leadership moves twice while the old leader lives', async () => {
    await underLoad(async (leader, moved) => {
      await leader.stop();
      await moved();
      await leader.start();
    });
  });

  it('fault 5, law 3: the leader is paused until another took over, and wakes as a zombie', async () => {
    await underLoad(async (leader, moved) => {
      await leader.pause();
      await moved();
      await sleep(SESSION_MS);
      leader.resume();
      await sleep(2_000);
    });
  });

  it('law 6: with one copy left an append is refused, not acknowledged; with two it goes on', async () => {
    const topic = `faults-${++topics}`;
    const log = await open(kafka.bootstrap, topic);
    const ledger = openLedger(PARTITIONS);
    await ledger.append(log, 0, 0);
    const leader = await leaderOf(kafka.bootstrap, topic, 0);
    const followers = kafka.brokers.filter(({ id }) => id !== leader);
    await Promise.all(followers.map((broker) => broker.kill()));
    const startedMs = performance.now();
    const alone = await Promise.all(Array.from({ length: 20 }, () => ledger.append(log, 0, 0)));
    expect(performance.now() - startedMs).toBeLessThan(40_000);
    expect(alone.filter(isAcknowledged)).toEqual([]);
    await Promise.all(followers.map((broker) => broker.start()));
    await eventually(async () => {
      if (!isAcknowledged(await ledger.append(log, 0, 0))) throw new Error('still refused');
    }, 40_000);
    expectKept(ledger.attempts, await readAll(await open(kafka.bootstrap, topic), fromStart(PARTITIONS), 100));
  });
});

describe.skipIf(missing !== null)('one broker', () => {
  let kafka: KafkaCluster;
  beforeAll(async () => {
    kafka = await startKafka();
  });
  afterAll(() => kafka.stop());

  it('fault 5: paused for 10 s, appends are held within bounds and then refused, and a reader sees nothing twice', async () => {
    const topic = `faults-${++topics}`;
    const log = await open(kafka.bootstrap, topic);
    const reader = await open(kafka.bootstrap, topic);
    const ledger = openLedger(PARTITIONS);
    const reading = new AbortController();
    const following = follow(reader, reading.signal);
    for (let i = 0; i < 100; i++) await ledger.append(log, 0, i % PARTITIONS);
    const [broker] = kafka.brokers;
    const residentBefore = process.memoryUsage().rss;
    let heldPeak = 0;
    let held = 0;
    let offeredBytes = 0;
    const offered: Promise<unknown>[] = [];
    await broker?.pause();
    const resumeAt = performance.now() + 10_000;
    // Far more than may be held, however slow the machine is at offering it.
    while (performance.now() < resumeAt || offeredBytes < 180 * MB) {
      for (let i = 0; i < 50; i++) {
        const attempt = ledger.append(log, 0, i % PARTITIONS, 8_000);
        const { bytes } = ledger.attempts.at(-1) as { bytes: number };
        held += bytes;
        offeredBytes += bytes;
        offered.push(attempt.then(() => (held -= bytes)));
      }
      await sleep(10);
      heldPeak = Math.max(heldPeak, held);
    }
    const residentGrowth = process.memoryUsage().rss - residentBefore;
    broker?.resume();
    await Promise.all(offered);
    await eventually(async () => {
      if (!isAcknowledged(await ledger.append(log, 0, 0))) throw new Error('still refused');
    }, 30_000);
    reading.abort();
    const { entries } = await following;
    expect(heldPeak).toBeLessThan(80 * MB);
    expect(residentGrowth).toBeLessThan(350 * MB);
    expect(codesOf(ledger.attempts).filter((code) => code !== 'log_unavailable' && code !== 'overloaded')).toEqual([]);
    expectKept(ledger.attempts, entries);
    expectKept(ledger.attempts, await readAll(await open(kafka.bootstrap, topic), fromStart(PARTITIONS), 1_000));
  });

  it('a broker killed and started again: the same handles go on, and what was acknowledged is there', async () => {
    const topic = `faults-${++topics}`;
    const log = await open(kafka.bootstrap, topic);
    const ledger = openLedger(PARTITIONS);
    const writing = new AbortController();
    const working = appendUntil(ledger, log, 0, { inFlight: 8, signal: writing.signal });
    await expect.poll(() => ledger.attempts.filter(isAcknowledged).length).toBeGreaterThan(200);
    await kafka.brokers[0]?.kill();
    await kafka.brokers[0]?.start();
    const struck = ledger.attempts.length;
    await expect.poll(() => ledger.attempts.slice(struck).filter(isAcknowledged).length, { timeout: 40_000 }).toBeGreaterThan(50);
    writing.abort();
    await working;
    expectKept(ledger.attempts, await readAll(log, fromStart(PARTITIONS), 1_000));
  });
});
