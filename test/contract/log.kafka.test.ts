import { setTimeout as sleep } from 'node:timers/promises';
import { type KafkaLogOptions, openKafkaLog } from '@tributary/log/kafka/kafka-log';
import type { KafkaSettings } from '@tributary/log/kafka/settings';
import { openEventLog } from '@tributary/log/open-log';
import type { EventLog, LogEntry } from '@tributary/log/port';
import { encodeEvent } from '@tributary/model/event';
import { decodeLine } from '@tributary/model/reading/decode-line';
import { describeLogContract } from '@tributary/testkit/contracts/log-contract';
import { type CrashableLogFixture, describeLogCrashContract } from '@tributary/testkit/contracts/log-crash-contract';
import { eventually, readAll } from '@tributary/testkit/contracts/log-reading';
import { createRandom } from '@tributary/testkit/inputs/random';
import { missingKafka } from '@tributary/testkit/kafka/for-tests';
import { type KafkaCluster, startKafka } from '@tributary/testkit/kafka/kafka-cluster';
import kafkajs, { type Admin, type KafkaMessage } from 'kafkajs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

const missing = await missingKafka('the log on Kafka', true);

const APPEND_TIME = { name: 'message.timestamp.type', value: 'LogAppendTime' };

describe.skipIf(missing !== null)('the log on Kafka', () => {
  let kafka: KafkaCluster;
  let admin: Admin;
  beforeAll(async () => {
    // A broker that was killed may return once its session has ended.
    kafka = await startKafka({ settings: { 'broker.heartbeat.interval.ms': '300', 'broker.session.timeout.ms': '2000' } });
    admin = new kafkajs.Kafka({ brokers: [kafka.bootstrap], logLevel: kafkajs.logLevel.NOTHING }).admin();
    await admin.connect();
  });
  afterAll(async () => {
    await admin?.disconnect();
    await kafka?.stop();
  });

  let topics = 0;
  const freshTopic = () => `contract-${++topics}`;

  function openLog(topic: string, partitions: number, more: Partial<KafkaLogOptions> = {}): Promise<EventLog> {
    return openKafkaLog({
      kafka: { brokers: [kafka.bootstrap], clientId: 'tests' },
      topic,
      partitions,
      now: Date.now,
      entryLimits: { mergeEvents: 1, mergeBytes: 256 * 1024 },
      ...more,
    });
  }

  async function makeLog(partitions: number): Promise<CrashableLogFixture> {
    const topic = freshTopic();
    const opened: EventLog[] = [];
    const open = async (count: number) => {
      const log = await openLog(topic, count);
      opened.push(log);
      return log;
    };
    return {
      log: await open(partitions),
      reopen: (count = partitions) => open(count),
      async recreate() {
        await admin.deleteTopics({ topics: [topic] });
        while ((await admin.listTopics()).includes(topic)) await sleep(20);
        await (await openLog(topic, partitions)).close();
      },
      async crash() {
        await kafka.brokers[0]?.kill();
        await kafka.brokers[0]?.start();
      },
      async close() {
        for (const log of opened) await log.close();
        await admin.deleteTopics({ topics: [topic] });
      },
    };
  }

  describeLogContract('Kafka', makeLog);
  describeLogCrashContract('Kafka', makeLog);

  describe('beyond the contract', () => {
    const NOW = { maxEntries: 1_000, waitMs: 0 };
    const START = new Map([[0, null]]);
    const client = () =>
      new kafkajs.Kafka({ brokers: [kafka.bootstrap], logLevel: kafkajs.logLevel.NOTHING, retry: { retries: 3 } });
    const opened: EventLog[] = [];
    const open = async (...args: Parameters<typeof openLog>) => {
      const log = await openLog(...args);
      opened.push(log);
      return log;
    };
    afterEach(async () => {
      for (const log of opened.splice(0)) await log.close();
    });

    const event = (id: string, userId = 'u') => ({ ts: 5, type: 't', id, userId, receivedAt: 6, source: 's' });
    const lines = (entries: readonly LogEntry[]) => entries.flatMap(({ body }) => body.split('\n'));

    it('events of another client come out canonical, the same for every reader; what is none is parked, and reading goes on', async () => {
      const topic = freshTopic();
      const log = await open(topic, 1, { entryLimits: { mergeEvents: 32, mergeBytes: 1024 } });
      const producer = client().producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
      await producer.connect();
      const startedMs = Date.now();
      const values = ['{"userId":"u","type":"click","ts":7}', 'not JSON', JSON.stringify({ type: 't', userId: 'ü', page: null })];
      const messages = values.map((value) => ({ key: 'u', value, timestamp: '1700000000000' }));
      await producer.send({ topic, messages });
      await producer.send({ topic, messages, compression: kafkajs.CompressionTypes.GZIP });
      await producer.disconnect();
      await log.append(0, { kind: 'events', body: encodeEvent(event('ours')) });
      // Timestamps that lie years apart lie in files of their own, and Kafka reads one at a time.
      const seen = lines(await readAll(log, START, 100));
      expect(seen).toHaveLength(7);
      const { receivedAt } = JSON.parse(seen[0] as string) as { receivedAt: number };
      // The broker's time: the producer's, here of the year 2023, could as well be of the year 2286.
      expect(receivedAt).toBeGreaterThan(startedMs - 1_000);
      expect(seen[0]).toBe(
        `{"ts":7,"type":"click","id":"${topic}-0-0","userId":"u","receivedAt":${receivedAt},"source":"kafka"}`,
      );
      expect(seen.map((line) => decodeLine(line, 0, 1, Number.MAX_SAFE_INTEGER).ok)).toEqual([
        true,
        false,
        true,
        true,
        false,
        true,
        true,
      ]);
      const other = await open(topic, 1);
      expect(lines(await readAll(other, START, 1))).toEqual(seen);
    });

    it('our events are CloudEvents to another client, keyed by the user', async () => {
      const topic = freshTopic();
      const log = await open(topic, 1);
      await log.append(0, { kind: 'events', body: encodeEvent(event('e-1', 'jürgen')) });
      await log.append(0, { kind: 'barrier', body: '{"generation":1}' });
      const consumer = client().consumer({ groupId: topic });
      await consumer.connect();
      await consumer.subscribe({ topic, fromBeginning: true });
      const seen: KafkaMessage[] = [];
      await consumer.run({ eachMessage: async ({ message }) => void seen.push(message) });
      await eventually(async () => expect(seen).toHaveLength(2));
      await consumer.disconnect();
      const headers = seen.map((message) =>
        Object.fromEntries(Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)])),
      );
      expect(seen.map(({ key, value }) => [key?.toString(), value?.toString()])).toEqual([
        ['jürgen', encodeEvent(event('e-1', 'jürgen'))],
        [undefined, '{"generation":1}'],
      ]);
      expect(headers[0]).toEqual({
        tributary: 'e',
        ce_specversion: '1.0',
        ce_id: 'e-1',
        ce_type: 't',
        ce_source: 's',
        ce_time: '1970-01-01T00:00:00.005Z',
        'content-type': 'application/json',
      });
      expect(headers[1]).toMatchObject({ ce_specversion: '1.0', ce_type: 'tributary.barrier' });
    });

    it('another envelope gives an output topic its keys and headers; reading it yields the lines', async () => {
      const envelope = (line: string) => ({ key: line.slice(0, 1), headers: [['kind', 'output']] as const });
      const log = await open(freshTopic(), 1, { envelope });
      await log.append(0, { kind: 'events', body: 'a line\nb line' });
      expect(lines(await log.read(START, NOW))).toEqual(['a line', 'b line']);
    });

    it('law 7: aborted transactions are not read, and reading goes on behind their markers', async () => {
      const topic = freshTopic();
      const log = await open(topic, 1);
      const producer = client().producer({ transactionalId: topic, maxInFlightRequests: 1, idempotent: true });
      await producer.connect();
      for (const [i, fate] of ['commit', 'abort', 'commit', 'abort'].entries()) {
        const transaction = await producer.transaction();
        await transaction.send({ topic, messages: [{ key: 'u', value: JSON.stringify(event(`${fate} ${i}`)) }] });
        if (fate === 'commit') await transaction.commit();
        else await transaction.abort();
      }
      await producer.disconnect();
      await log.append(0, { kind: 'events', body: encodeEvent(event('ours')) });
      for (const maxEntries of [1, 2, 100]) {
        const ids = lines(await readAll(log, START, maxEntries)).map((line) => (JSON.parse(line) as { id: string }).id);
        expect(ids).toEqual(['commit 0', 'commit 2', 'ours']);
      }
    });

    /** The client's own wait fails where a broker does not know its new topic yet. */
    async function found(topic: string, configEntries: { name: string; value: string }[]): Promise<void> {
      await admin.createTopics({ waitForLeaders: false, topics: [{ topic, numPartitions: 1, configEntries }] });
      await eventually(() => admin.fetchTopicOffsets(topic));
    }

    it.each(['gzip', 'snappy', 'lz4', 'zstd'])('batches that Kafka packed with %s come back as they were', async (codec) => {
      const topic = freshTopic();
      const configEntries = [APPEND_TIME, { name: 'compression.type', value: codec }];
      await found(topic, configEntries);
      const log = await open(topic, 1);
      const random = createRandom(7);
      const noise = (length: number) => Array.from({ length }, () => random.below(36).toString(36)).join('');
      const bodies = ['x', 'ab'.repeat(400_000), noise(900), noise(90_000), `${noise(40_000)}${'é'.repeat(99)}${noise(300)}`];
      bodies.push(Array.from({ length: 2_000 }, (_, i) => `{"ts":${i},"page":"/p/${random.below(50)}"}`).join('\n'));
      for (const body of bodies) await log.append(0, { kind: 'events', body });
      const read = await readAll(log, START, 100);
      expect(read.map(({ body }, i) => body === bodies[i])).toEqual(bodies.map(() => true));
    });

    it('small appends are merged into entries, up to a barrier; each position of an append still is one', async () => {
      const topic = freshTopic();
      const log = await open(topic, 1, { entryLimits: { mergeEvents: 10, mergeBytes: 1024 * 1024 } });
      const positions: string[] = [];
      for (let i = 0; i < 25; i++) positions.push(await log.append(0, { kind: 'events', body: `single ${i}` }));
      await log.append(0, { kind: 'barrier', body: '{}' });
      const many = Array.from({ length: 15 }, (_, i) => `many ${i}`).join('\n');
      const last = await log.append(0, { kind: 'events', body: many });
      const entries = await log.read(START, NOW);
      expect(entries.map(({ kind, body }) => (kind === 'events' ? body.split('\n').length : kind))).toEqual([
        10,
        10,
        5,
        'barrier',
        15,
      ]);
      expect(entries[0]?.position).toBe(positions[9]);
      expect(entries.at(-1)).toMatchObject({ partition: 0, position: last, kind: 'events', body: many });
      expect(await log.ends()).toEqual([last]);
      expect(await log.read(START, { ...NOW, maxEntries: 2 })).toEqual(entries.slice(0, 2));
      const later = await log.read(new Map([[0, positions[12] as string]]), NOW);
      expect(lines(later).slice(0, 12)).toEqual(Array.from({ length: 12 }, (_, i) => `single ${i + 13}`));
    });

    it.each([
      ['cleanup.policy', 'compact'],
      ['unclean.leader.election.enable', 'true'],
      ['message.timestamp.type', 'CreateTime'],
    ])('law 6: refuses a topic with %s %s, unless its operator vouches for it', async (name, value) => {
      const topic = freshTopic();
      await found(topic, name === APPEND_TIME.name ? [{ name, value }] : [APPEND_TIME, { name, value }]);
      await expect(openLog(topic, 1)).rejects.toMatchObject({ code: 'not_durable', message: expect.stringContaining(name) });
      await open(topic, 1, { durability: 'managed' });
    });

    it('law 7: a reader that has room for few of its partitions comes round to all of them', async () => {
      const partitions = 8;
      const log = await open(freshTopic(), partitions);
      const all = Array.from({ length: partitions }, (_, partition) => partition);
      const body = Array.from({ length: 10 }, () => 'x'.repeat(20_000)).join('\n');
      for (let i = 0; i < 15; i++) await Promise.all(all.map((partition) => log.append(partition, { kind: 'events', body })));
      const positions = new Map<number, string | null>(all.map((partition) => [partition, null]));
      for (const rounds of [1, 2]) {
        const waiting = new Set(all);
        for (let reads = 0; reads < 2 * partitions; reads++)
          for (const { partition, position } of await log.read(positions, { ...NOW, maxBytes: 1024 * 1024 })) {
            positions.set(partition, position);
            waiting.delete(partition);
          }
        expect([rounds, ...waiting]).toEqual([rounds]);
      }
    });

    it('a position past the end is log_recreated: the partition lost its tail', async () => {
      const log = await open(freshTopic(), 1);
      await log.append(0, { kind: 'events', body: 'a' });
      const ahead = new Map([[0, '0000000000000005']]);
      await expect(log.read(ahead, NOW)).rejects.toMatchObject({ code: 'log_recreated' });
    });

    it('a process opens the topic that its settings name', async () => {
      const topicPrefix = freshTopic();
      const settings = { brokers: [kafka.bootstrap], clientId: 'tests', topicPrefix };
      const redis = () => expect.unreachable('Redis is not asked for');
      for (const name of ['events', 'outputs'] as const) {
        const log = await openEventLog({ kafka: settings, redis, name, partitions: 3, now: Date.now });
        opened.push(log);
        await log.append(2, { kind: 'events', body: name });
        expect(await admin.fetchTopicOffsets(`${topicPrefix}.${name}`)).toContainEqual(
          expect.objectContaining({ partition: 2, offset: '1' }),
        );
      }
    });

    it("Kafka's own tools show the progress of readers", async () => {
      const topic = freshTopic();
      const log = await open(topic, 2);
      const position = await log.append(1, { kind: 'events', body: 'a\nb\nc' });
      await eventually(async () => log.reportProgress?.('tributary-speed', new Map([[1, position]])));
      const [committed] = await admin.fetchOffsets({ groupId: 'tributary-speed', topics: [topic] });
      expect(committed?.partitions.map(({ partition, offset }) => [partition, offset]).sort()).toEqual([
        [0, '-1'],
        [1, '3'],
      ]);
    });

    it('invariant 5: partitions added behind a handle are partition_mismatch from its next look on', async () => {
      const topic = freshTopic();
      const log = await open(topic, 2);
      await admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] });
      await eventually(() => expect(log.ends()).rejects.toMatchObject({ code: 'partition_mismatch' }));
      for (const refused of [log.append(0, { kind: 'events', body: 'a' }), log.read(START, NOW)])
        await expect(refused).rejects.toMatchObject({ code: 'partition_mismatch' });
    });

    it('an entry larger than the topic takes is body_too_large, and those beside it are written', async () => {
      const topic = freshTopic();
      const configEntries = [APPEND_TIME, { name: 'max.message.bytes', value: '2000' }];
      await found(topic, configEntries);
      const log = await open(topic, 1);
      const bodies = ['a', 'x'.repeat(3_000), ...Array.from({ length: 9 }, (_, i) => `${i}`.repeat(500))];
      const outcomes = await Promise.allSettled(bodies.map((body) => log.append(0, { kind: 'events', body })));
      expect(outcomes.map(({ status }) => status)).toEqual(bodies.map((_, i) => (i === 1 ? 'rejected' : 'fulfilled')));
      expect(outcomes[1]).toMatchObject({ reason: { code: 'body_too_large' } });
      expect(lines(await log.read(START, NOW))).toEqual(bodies.filter((_, i) => i !== 1));
    });

    it('a broker that falls silent is log_unavailable within seconds; the handle goes on when it is back', async () => {
      const log = await open(freshTopic(), 1, { appendTimeoutMs: 500 });
      await log.append(0, { kind: 'events', body: 'before' });
      await log.read(START, NOW);
      await kafka.brokers[0]?.pause();
      try {
        const startedMs = performance.now();
        const append = log.append(0, { kind: 'events', body: 'unknown' });
        const read = log.read(START, NOW);
        await Promise.all([append, read].map((asked) => expect(asked).rejects.toMatchObject({ code: 'log_unavailable' })));
        expect(performance.now() - startedMs).toBeLessThan(15_000);
      } finally {
        kafka.brokers[0]?.resume();
      }
      await eventually(() => log.append(0, { kind: 'events', body: 'after' }));
      const read = await eventually(() => log.read(START, NOW));
      expect(lines(read).filter((line) => line !== 'unknown')).toEqual(['before', 'after']);
    });
  });
});

describe.skipIf(missing !== null)('the log on a broker that asks for a password', () => {
  it('opens with the right one, and names the refusal without it', async () => {
    const users = 'username="broker" password="b" user_broker="b" user_app="secret"';
    const login = 'org.apache.kafka.common.security.plain.PlainLoginModule required';
    const kafka = await startKafka({
      settings: {
        'listener.security.protocol.map': 'PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT',
        'inter.broker.listener.name': 'PLAINTEXT',
        'sasl.enabled.mechanisms': 'PLAIN',
        'sasl.mechanism.inter.broker.protocol': 'PLAIN',
        'listener.name.plaintext.plain.sasl.jaas.config': `${login} ${users};`,
      },
    });
    const open = (sasl: KafkaSettings['sasl']) => {
      const settings = { brokers: [kafka.bootstrap], clientId: 'tests', ...(sasl && { sasl }) };
      return openKafkaLog({ kafka: settings, topic: 'secret', partitions: 1, now: Date.now });
    };
    const app = Object.freeze({ mechanism: 'plain', username: 'app', password: 'secret' } as const);
    try {
      const log = await open(app);
      await log.append(0, { kind: 'events', body: 'a' });
      expect(await log.read(new Map([[0, null]]), { maxEntries: 1, waitMs: 1_000 })).toHaveLength(1);
      await log.close();
      await expect(open({ ...app, password: 'wrong' })).rejects.toMatchObject({
        code: 'log_unavailable',
        message: expect.stringContaining('SASL PLAIN'),
      });
      await expect(open(undefined)).rejects.toMatchObject({ code: 'log_unavailable' });
    } finally {
      await kafka.stop();
    }
  });
});

describe.skipIf(missing !== null)('the log on three brokers of Kafka', () => {
  it('law 6: acknowledged is kept, once and in order, while every leader is killed in turn', async () => {
    const session = { 'broker.heartbeat.interval.ms': '300', 'broker.session.timeout.ms': '2000' };
    const kafka = await startKafka({ brokers: 3, settings: session });
    const partitions = 6;
    const log = await openKafkaLog({
      kafka: { brokers: kafka.bootstrap.split(','), clientId: 'tests' },
      topic: 'moved',
      partitions,
      settings: { replication: 3, minInsync: 2, retentionMs: -1 },
      now: Date.now,
    });
    try {
      const acknowledged = Array.from({ length: partitions }, (): { body: string; position: string }[] => []);
      const followed: LogEntry[] = [];
      const stop = new AbortController();
      const writing = acknowledged.map(async (own, partition) => {
        for (let i = 0; !stop.signal.aborted; i++) {
          const body = `${partition}:${i}`;
          const position = await log.append(partition, { kind: 'events', body }).catch(() => null);
          if (position !== null) own.push({ body, position });
          // Mostly some are under way; as fast as it goes would only heat the brokers.
          await sleep(20);
        }
      });
      const reading = (async () => {
        const positions = new Map<number, string | null>(acknowledged.map((_, partition) => [partition, null]));
        while (!stop.signal.aborted) {
          const entries = await log.read(positions, { maxEntries: 50, waitMs: 200 }).catch((error: { code: string }) => {
            if (error.code !== 'log_unavailable') throw error;
            return sleep(20, []);
          });
          for (const { partition, position } of entries) positions.set(partition, position);
          followed.push(...entries);
        }
        return positions;
      })();
      for (const broker of kafka.brokers) {
        await sleep(1_000);
        await broker.kill();
        await sleep(3_000);
        await broker.start();
      }
      await sleep(2_000);
      stop.abort();
      await Promise.all(writing);
      followed.push(...(await eventually(async () => readAll(log, await reading, 50), 20_000)));
      for (const [partition, own] of acknowledged.entries()) {
        const seen = followed.filter((entry) => entry.partition === partition).flatMap(({ body }) => body.split('\n'));
        expect(own.length).toBeGreaterThan(50);
        expect(new Set(seen).size).toBe(seen.length);
        const wanted = new Set(own.map(({ body }) => body));
        expect(seen.filter((body) => wanted.has(body))).toEqual(own.map(({ body }) => body));
      }
    } finally {
      await log.close();
      await kafka.stop();
    }
  });
});
