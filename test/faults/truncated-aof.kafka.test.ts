import { type KafkaForTests, kafkaForTests, missingKafka } from '@tributary/testkit/kafka/for-tests';
import { afterAll, beforeAll, describe } from 'vitest';
import { testTruncatedAof } from './truncated-aof.ts';

const missing = await missingKafka('a Redis that lost writes, the log in Kafka (test/faults/truncated-aof.kafka.test.ts)');

describe.skipIf(missing !== null)('law 1: state and position go back together, and the log in Kafka is read again', () => {
  let kafka: KafkaForTests;
  beforeAll(async () => {
    kafka = await kafkaForTests();
  });
  afterAll(() => kafka?.stop());

  testTruncatedAof(() => ({
    TRIBUTARY_KAFKA_BROKERS: kafka.bootstrap,
    TRIBUTARY_KAFKA_TOPIC_PREFIX: `aof-${process.pid}-${Date.now()}`,
  }));
});
