/** Another producer's partitioner, or none: its events lie in any partition, and processes are killed while the speed worker appends them to their own. */
import { partitionOf } from '@tributary/model/user-key';
import { missingKafka } from '@tributary/testkit/kafka/for-tests';
import { type KafkaCluster, startKafka } from '@tributary/testkit/kafka/kafka-cluster';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../e2e/client.ts';
import { killTwice, type Rig, startRig } from './processes-rig.ts';

const PARTITIONS = 8;
const EVENTS = 4_000;

const missing = await missingKafka('events in partitions of other users (test/faults/kafka-misplaced.kafka.test.ts)', true);

describe.skipIf(missing !== null)('laws 1, 3 and 6: events that a producer wrote to any partition', () => {
  let kafka: KafkaCluster;
  let rig: Rig;
  beforeAll(async () => {
    kafka = await startKafka();
    rig = await startRig({ TRIBUTARY_KAFKA_BROKERS: kafka.bootstrap, TRIBUTARY_PARTITIONS: String(PARTITIONS) });
  });
  afterAll(async () => {
    await rig?.stop();
    await kafka?.stop();
  });

  /** Round and round, half of them without a key. */
  async function produce(): Promise<void> {
    const client = new Kafka({ clientId: 'stranger', brokers: kafka.bootstrap.split(','), logLevel: logLevel.NOTHING });
    const producer = client.producer();
    await producer.connect();
    const ts = Date.now();
    for (let first = 0; first < EVENTS; first += 200) {
      const messages = Array.from({ length: 200 }, (_, i) => {
        const userId = `stranger-${(first + i) % 300}`;
        const value = JSON.stringify({ type: 'stray', userId, ts, source: 'elsewhere' });
        return { key: i % 2 === 0 ? userId : null, value, partition: (first + i) % PARTITIONS };
      });
      await producer.send({ topic: 'tributary.events', messages, acks: -1 });
    }
    await producer.disconnect();
  }

  /** A line of ours from a collector whose clock is days ahead, as it lies in the log. */
  async function produceAhead(ids: readonly string[]): Promise<void> {
    const client = new Kafka({ clientId: 'ahead', brokers: kafka.bootstrap.split(','), logLevel: logLevel.NOTHING });
    const producer = client.producer();
    await producer.connect();
    const ts = Date.now();
    const messages = ids.map((id) => {
      const event = { ts, type: 'ahead', id, userId: `user-${id}`, receivedAt: ts + 3 * 86_400_000, source: 'elsewhere' };
      return { value: JSON.stringify(event), headers: { tributary: 'e' }, partition: partitionOf(event.userId, PARTITIONS) };
    });
    await producer.send({ topic: 'tributary.events', messages, acks: -1 });
    await producer.disconnect();
  }

  const counted = async (type = 'stray') => {
    const { rows, meta } = await rig.client.read('/v1/activity');
    const strays = (rows as { type: string; events: number }[]).filter((row) => row.type === type);
    return { events: strays.reduce((sum, { events }) => sum + events, 0), complete: meta.complete as boolean };
  };

  it('count once each, though speed worker and archiver are killed (kill -9) meanwhile', async () => {
    const produced = produce();
    await killTwice(rig, 'speed');
    await produced;
    await killTwice(rig, 'archiver');
    await killTwice(rig, 'speed');
    await until('the speed layer has counted them', 60_000, async () => (await counted()).events >= EVENTS);
    await until('answers are complete', 30_000, async () => (await counted()).complete);
    expect(await counted()).toEqual({ events: EVENTS, complete: true });
    await rig.client.generation();
    await until('answers are complete', 30_000, async () => (await counted()).complete);
    expect(await counted(), 'the batch layer counts them once as well').toEqual({ events: EVENTS, complete: true });
    const { body } = await rig.client.admin('GET', '/v1/dead-letters');
    expect(JSON.stringify(body)).not.toContain('stray');
  });

  it('dead letters are replayed through the log, and count once each in both layers', async () => {
    const ids = ['a', 'b', 'c', 'd'];
    await produceAhead(ids);
    const letters = async () =>
      ((await rig.client.admin('GET', '/v1/dead-letters')).body as { deadLetters: { id: string; code: string }[] }).deadLetters;
    await until('they are parked', 60_000, async () => (await letters()).length === ids.length);
    for (const { id, code } of await letters()) {
      expect(code).toBe('received_in_future');
      // Asked twice at once: one of them may find it gone.
      const [one, other] = await Promise.all([1, 2].map(() => rig.client.admin('POST', `/v1/dead-letters/${id}/replay`, {})));
      expect([one?.status, other?.status]).toContain(200);
    }
    expect(await letters()).toEqual([]);
    await until('they count', 60_000, async () => (await counted('ahead')).events >= ids.length);
    await rig.client.generation();
    await until('answers are complete', 30_000, async () => (await counted('ahead')).complete);
    expect(await counted('ahead')).toEqual({ events: ids.length, complete: true });
  });
});
