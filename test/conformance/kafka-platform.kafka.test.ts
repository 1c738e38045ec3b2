/** Another Kafka client is all it takes: it writes events to the topic, the platform attributes, and it reads the outputs. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Platform, startPlatform } from '@tributary/local/launch';
import { HOUR_MS } from '@tributary/model/time';
import { type KafkaForTests, kafkaForTests, missingKafka } from '@tributary/testkit/kafka/for-tests';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, createClient, until } from '../e2e/client.ts';
import { consumeByKcat, produceByKcat, reportMissingKcat } from './kafka-kcat.ts';

const missing =
  (await missingKafka('a platform fed by another Kafka client (test/conformance/kafka-platform.kafka.test.ts)')) ??
  reportMissingKcat('a platform fed by another Kafka client');

describe.skipIf(missing !== null)('kcat (librdkafka) in front of and behind a platform', () => {
  const prefix = `kcat-${process.pid}-${Date.now()}`;
  const nowMs = Date.now();
  let kafka: KafkaForTests;
  let platform: Platform;
  let client: Client;
  let dataDir: string;

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'tributary-kcat-'));
    kafka = await kafkaForTests();
    platform = await startPlatform({
      dataDir,
      env: {
        TRIBUTARY_BATCH_EVERY_MS: '0',
        TRIBUTARY_LOG_LEVEL: 'warn',
        TRIBUTARY_OUTPUTS: 'all',
        TRIBUTARY_KAFKA_BROKERS: kafka.bootstrap,
        TRIBUTARY_KAFKA_TOPIC_PREFIX: prefix,
      },
    });
    client = createClient(platform);
  });
  afterAll(async () => {
    await platform?.stop();
    await kafka?.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  it('its plain JSON events are counted, archived and attributed as any other; the outputs are CloudEvents keyed by user', async () => {
    const users = ['anna', 'Björk', '用户-1'];
    const events = users.flatMap((userId, i) => [
      { type: 'ad_click', id: `click-${i}`, userId, ts: nowMs - 2 * HOUR_MS, source: 'kcat', channel: 'search', campaign: 'été' },
      { type: 'purchase', id: `buy-${i}`, userId, ts: nowMs - HOUR_MS, source: 'kcat', value: 1_000 + i, currency: 'EUR' },
    ]);
    await produceByKcat(
      kafka.bootstrap,
      `${prefix}.events`,
      events.map((event) => [event.userId, JSON.stringify(event)]),
      { partitioner: 'murmur2_random' },
    );
    await until('all are counted', 30_000, async () => (await client.read('/v1/activity')).totals.events === events.length);
    const report = (await client.read('/v1/attribution?model=last&by=channel,campaign')).rows;
    expect(report).toMatchObject([{ channel: 'search', campaign: 'été', creditMicros: 3_000_000, valueMinor: 3_003 }]);
    await client.generation('full');
    expect((await client.read('/v1/attribution?model=last&view=batch')).totals.valueMinor).toBe(3_003);

    const outputs = await until('all outputs are there', 30_000, async () => {
      const messages = await consumeByKcat(kafka.bootstrap, `${prefix}.outputs`);
      return messages.length >= events.length + users.length ? messages : undefined;
    });
    for (const [i, userId] of users.entries()) {
      const own = outputs.filter(({ key }) => key === userId);
      expect(own.map((message) => message.headers['ce_type'])).toEqual([
        'tributary.event.enriched',
        'tributary.conversion.attributed',
        'tributary.event.enriched',
      ]);
      const { value, headers } = own[1] as (typeof own)[number];
      const line = JSON.parse(value) as { id: string; credit: { last: object[] } };
      expect(headers).toMatchObject({ ce_specversion: '1.0', ce_id: line.id, ce_source: '/tributary/speed' });
      expect(line).toMatchObject({ userKey: userId, conversion: { id: `buy-${i}` }, value: 1_000 + i, touches: 1 });
      expect(line.credit.last).toEqual([{ channel: 'search', campaign: 'été', creditMicros: 1_000_000, valueMinor: 1_000 + i }]);
    }
  });
});
