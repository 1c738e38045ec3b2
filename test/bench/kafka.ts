/**
 * The log in Kafka: reading a filled topic beside a bare consumer of the same client that only parses; the speed worker on it, one
 * and two of them as processes; end to end over HTTP. One broker, on the cores that everything else uses too.
 */
import { cpus } from 'node:os';
import { openEventLog } from '@tributary/log/open-log';
import type { EventLog } from '@tributary/log/port';
import { connectRedis, whenReady } from '@tributary/runtime/redis/connect';
import { kafkaForTests } from '@tributary/testkit/kafka/for-tests';
import { startRedis } from '@tributary/testkit/servers/redis-server';
import { Kafka, logLevel } from 'kafkajs';
import { benchEndToEnd } from './end-to-end.ts';
import { fill } from './fill.ts';
import type { Figure } from './report.ts';
import { runWorkers } from './worker-processes.ts';
import type { Workload } from './workload.ts';

const PARTITIONS = 16;
const PREFIX = 'bench';
const ROUNDS = 3;

export async function benchKafka(load: Workload, seconds: number): Promise<Figure[]> {
  const kafka = await kafkaForTests();
  const redis = await startRedis();
  try {
    const log = await openEventLog({
      kafka: { brokers: [kafka.bootstrap], clientId: 'bench', topicPrefix: `${PREFIX}-${Date.now()}` },
      redis: () => {
        throw new Error('the log lies in Kafka');
      },
      name: 'events',
      partitions: PARTITIONS,
      now: Date.now,
    });
    const topic = await filledTopic(log, kafka.bootstrap, load);
    const bares: number[] = [];
    const reads: number[] = [];
    // In turn: the machine's speed drifts.
    for (let round = 0; round < ROUNDS; round++) {
      bares.push(await bareConsumer(kafka.bootstrap, topic, load.events));
      reads.push(await readAndParse(log, load.events));
    }
    await log.close();
    const prefix = topic.slice(0, -'.events'.length);
    const one: Run[] = [];
    const two: Run[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      one.push(await workers(1, kafka.bootstrap, prefix, redis.url));
      two.push(await workers(2, kafka.bootstrap, prefix, redis.url));
    }
    const rate = (times: readonly number[]) => load.events / Math.min(...times);
    const [alone, together] = [fastest(one), fastest(two)];
    const cpuMicros = (run: Run) => (1e6 * run.seconds * run.cores) / load.events;
    const endToEnd = await benchEndToEnd(5_000, seconds, {
      env: { TRIBUTARY_KAFKA_BROKERS: kafka.bootstrap, TRIBUTARY_KAFKA_TOPIC_PREFIX: `${PREFIX}-e2e-${Date.now()}` },
      p50: 20,
    });
    const figure = (name: string, value: number, unit: string, more: Partial<Figure> = {}): Figure => ({
      section: 'kafka',
      figure: name,
      value,
      unit,
      ...more,
    });
    return [
      figure('bare consumer that only parses', rate(bares), 'events/s', { note: `kafkajs, best of ${ROUNDS}, in turn` }),
      figure('read and parse', rate(reads), 'events/s'),
      figure('read and parse / bare consumer', rate(reads) / rate(bares), '×', { goal: { value: 0.8, better: 'more' } }),
      figure('one speed worker, from a filled topic', load.events / alone.seconds, 'events/s', {
        note: `all views; ${alone.cores.toFixed(2)} of ${cpus().length} cores busy`,
      }),
      figure('two speed workers / one', alone.seconds / together.seconds, '×', {
        goal: { value: 1.6, better: 'more' },
        note:
          `${Math.round(load.events / together.seconds).toLocaleString('en')} events/s, ${together.cores.toFixed(2)} of ${cpus().length} cores busy; ` +
          `${cpuMicros(alone).toFixed(1)} µs of CPU an event (worker, Redis, broker), so the cores allow ${((cpus().length * alone.seconds) / (alone.seconds * alone.cores)).toFixed(2)} ×`,
      }),
      ...endToEnd.map((each) => ({ ...each, section: 'kafka, end to end' })),
    ];
  } finally {
    await redis.stop();
    await kafka.stop();
  }
}

async function filledTopic(log: EventLog, bootstrap: string, load: Workload): Promise<string> {
  await fill(log, load);
  const admin = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  const topics = (await admin.listTopics()).filter((name) => name.startsWith(`${PREFIX}-`) && name.endsWith('.events'));
  await admin.disconnect();
  return topics.sort().at(-1) as string;
}

/** Seconds from the first batch to the last. */
async function bareConsumer(bootstrap: string, topic: string, events: number): Promise<number> {
  const kafka = new Kafka({ brokers: [bootstrap], clientId: 'bare', logLevel: logLevel.NOTHING });
  const consumer = kafka.consumer({ groupId: `bare-${Date.now()}` });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const done = Promise.withResolvers<number>();
  let seen = 0;
  let startedAt = 0;
  await consumer.run({
    autoCommit: false,
    async eachBatch({ batch }) {
      if (seen === 0) startedAt = performance.now();
      for (const { value } of batch.messages) {
        JSON.parse((value as Buffer).toString());
        seen++;
      }
      if (seen >= events) done.resolve((performance.now() - startedAt) / 1000);
    },
  });
  const taken = await done.promise;
  await consumer.disconnect();
  return taken;
}

async function readAndParse(log: EventLog, events: number): Promise<number> {
  const after = new Map<number, string | null>(Array.from({ length: PARTITIONS }, (_, p) => [p, null]));
  let seen = 0;
  let startedAt = 0;
  while (seen < events) {
    const entries = await log.read(after, { maxEntries: 50, waitMs: 1_000 });
    if (seen === 0) startedAt = performance.now();
    for (const { partition, position, kind, body } of entries) {
      after.set(partition, position);
      if (kind !== 'events') continue;
      for (const line of body.split('\n')) {
        JSON.parse(line);
        seen++;
      }
    }
  }
  return (performance.now() - startedAt) / 1000;
}

interface Run {
  readonly seconds: number;
  /** CPU of the whole machine, in cores. */
  readonly cores: number;
}

/** `count` workers on the emptied Redis. */
async function workers(count: number, bootstrap: string, topicPrefix: string, redisUrl: string): Promise<Run> {
  const redis = connectRedis(redisUrl, 'commit', () => {});
  await whenReady(redis, 10_000);
  await redis.flushall();
  redis.disconnect();
  const busyBefore = busyMs();
  const { seconds } = await runWorkers({
    count,
    bootstrap,
    topicPrefix,
    redisUrl,
    partitions: PARTITIONS,
    views: 'all',
    namespace: 'bench',
  });
  return { seconds, cores: (busyMs() - busyBefore) / 1000 / seconds };
}

function fastest(runs: readonly Run[]): Run {
  return runs.reduce((best, run) => (run.seconds < best.seconds ? run : best));
}

/** CPU time that the machine has spent on anything so far, over all cores, ms. */
function busyMs(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
}
