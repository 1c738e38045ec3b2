import { setTimeout as sleep } from 'node:timers/promises';
import { missingKafka } from '@tributary/local/kafka/for-tests';
import { type KafkaCluster, startKafka } from '@tributary/local/kafka/kafka-cluster';
import { type KafkaLogOptions, openKafkaLog } from '@tributary/log/kafka/kafka-log';
import type { EventLog } from '@tributary/log/port';
import { describeLogContract } from '@tributary/testkit/log-contract';
import { type CrashableLogFixture, describeLogCrashContract } from '@tributary/testkit/log-crash-contract';
import kafkajs, { type Admin } from 'kafkajs';
import { afterAll, beforeAll, describe } from 'vitest';

const missing = await missingKafka('the log on Kafka', true);

describe.skipIf(missing !== null)('the log on Kafka', () => {
  let kafka: KafkaCluster;
  let admin: Admin;
  beforeAll(async () => {
    // A broker that was killed may return once its session has ended.
    kafka = await startKafka({ settings: { 'broker.heartbeat.interval.ms': '300', 'broker.session.timeout.ms': '2000' } });
    admin = new kafkajs.Kafka({ brokers: [kafka.bootstrap], logLevel: kafkajs.logLevel.NOTHING }).admin();
    await admin.connect();
  }, 120_000);
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
});
